//! Telephone numbers as people write them.

use crate::invalid::InvalidValue;
use crate::text::{TextRule, text_value};

/// Longest number, in characters.
const PHONE_CHARACTERS_MAX: usize = 40;
/// Fewest digits of a number that can be called (BR-DE-27 asks for three).
const PHONE_DIGITS_MIN: usize = 3;

text_value!(
    /// A telephone number (BT-42): digits, `+`, and the signs that people group digits with.
    Phone,
    |text| {
        let cleaned = TextRule::one_line(PHONE_CHARACTERS_MAX).clean(text)?;
        let allowed =
            |character: char| character.is_ascii_digit() || "+ ()-./".contains(character);
        let digits = cleaned.bytes().filter(u8::is_ascii_digit).count();
        if cleaned.chars().all(allowed) && digits >= PHONE_DIGITS_MIN {
            Ok(cleaned)
        } else {
            Err(InvalidValue::new("must be a telephone number, such as +49 30 123456"))
        }
    }
);
