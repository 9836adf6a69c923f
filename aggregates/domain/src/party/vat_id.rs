//! VAT identifiers.

use super::country::CountryCode;
use crate::invalid::InvalidValue;
use crate::text::{TextRule, text_value};

/// Longest identifier as it may be written, in characters: with spaces and dots.
const VAT_ID_CHARACTERS_MAX: usize = 30;
/// Most characters after the country prefix.
const VAT_ID_BODY_MAX: usize = 18;
/// Fewest characters after the country prefix.
const VAT_ID_BODY_MIN: usize = 2;
/// Prefixes that are no country of ISO 3166-1: Greece, and Northern Ireland.
const OTHER_PREFIXES: [&str; 2] = ["EL", "XI"];

text_value!(
    /// A VAT identifier (BT-31, BT-48) that begins with its country (BR-CO-09), `EL` for Greece or
    /// `XI` for Northern Ireland. Stored in upper case without spaces, dots and hyphens. Whether
    /// an authority has given it out is not known here.
    VatId,
    |text| {
        let cleaned = TextRule::one_line(VAT_ID_CHARACTERS_MAX).clean(text)?;
        let compact: String = cleaned
            .chars()
            .filter(|character| !matches!(character, ' ' | '.' | '-'))
            .map(|character| character.to_ascii_uppercase())
            .collect();
        let Some((prefix, body)) = compact.split_at_checked(2) else {
            return Err(invalid());
        };
        let known = OTHER_PREFIXES.contains(&prefix) || CountryCode::parse(prefix).is_ok();
        let formed = (VAT_ID_BODY_MIN..=VAT_ID_BODY_MAX).contains(&body.len())
            && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'*')
            && body.bytes().any(|byte| byte.is_ascii_digit());
        if known && formed { Ok(compact) } else { Err(invalid()) }
    }
);

impl VatId {
    /// The two letters it begins with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.get(..2).unwrap_or_default()
    }
}

fn invalid() -> InvalidValue {
    InvalidValue::new("must be a VAT id that begins with its country's code, such as DE123456789")
}
