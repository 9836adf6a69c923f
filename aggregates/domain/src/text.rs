//! Texts from outside, parsed once into types that carry their limits.
//!
//! Every text is normalised to NFC (UAX 15), trimmed, and refused when it is empty, too long in
//! characters or in bytes, or holds a character that a reader cannot see: C0 and C1 controls,
//! bidirectional overrides and isolates (which make a text read differently from what it is), zero
//! width and other ignorable characters, and noncharacters. A line break is allowed in a [`Note`]
//! only, where every line break becomes a line feed.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::decider::ClaimKey;
use crate::invalid::InvalidValue;

/// Longest [`Name`], in characters.
pub const NAME_CHARACTERS_MAX: usize = 200;
/// Longest [`ShortText`], in characters.
pub const SHORT_TEXT_CHARACTERS_MAX: usize = 200;
/// Longest [`Note`], in characters.
pub const NOTE_CHARACTERS_MAX: usize = 5_000;
/// Longest [`Reason`], in characters.
pub const REASON_CHARACTERS_MAX: usize = 500;
/// Longest [`Reference`], in characters.
pub const REFERENCE_CHARACTERS_MAX: usize = 100;
/// Longest [`PostalCode`], in characters.
pub const POSTAL_CODE_CHARACTERS_MAX: usize = 20;
/// Longest [`Sku`], in characters.
pub const SKU_CHARACTERS_MAX: usize = 64;
/// Longest [`RoleCode`] and [`SeriesCode`], in bytes; both are keys of streams.
pub const CODE_BYTES_MAX: usize = 40;
/// Bytes of UTF-8 that a text may take per character of its limit: three hold every character of
/// the scripts in use, and bound what is normalised before it is counted.
pub const BYTES_PER_CHARACTER_MAX: usize = 3;

/// What a kind of text allows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextRule {
    /// Most characters after normalisation.
    pub(crate) characters_max: usize,
    /// Whether it may have more than one line.
    pub(crate) lines: Lines,
}

/// How many lines a text may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// No line break.
    One,
    /// Line feeds between lines.
    Many,
}

impl TextRule {
    pub(crate) const fn one_line(characters_max: usize) -> Self {
        Self {
            characters_max,
            lines: Lines::One,
        }
    }

    const fn many_lines(characters_max: usize) -> Self {
        Self {
            characters_max,
            lines: Lines::Many,
        }
    }

    /// The text in its stored form, or why it has none.
    pub(crate) fn clean(self, text: &str) -> Result<String, InvalidValue> {
        let bytes_max = self.characters_max.saturating_mul(BYTES_PER_CHARACTER_MAX);
        let too_long = || {
            InvalidValue::new(format!(
                "must have at most {} characters",
                self.characters_max
            ))
        };
        // Bytes first: the work below is then bounded by the limit, not by the sender.
        if text.len() > bytes_max {
            return Err(too_long());
        }
        let normalised = match is_nfc_quick(text.chars()) {
            IsNormalized::Yes => text.to_owned(),
            IsNormalized::No | IsNormalized::Maybe => text.nfc().collect(),
        };
        let broken = match self.lines {
            Lines::One => normalised,
            Lines::Many => normalised.replace("\r\n", "\n"),
        };
        let cleaned = broken.trim();
        if cleaned.is_empty() {
            return Err(InvalidValue::new("must not be empty"));
        }
        if cleaned.len() > bytes_max || cleaned.chars().count() > self.characters_max {
            return Err(too_long());
        }
        let allowed = |character: char| {
            !is_unseen(character) || (character == '\n' && self.lines == Lines::Many)
        };
        if cleaned.chars().all(allowed) {
            Ok(cleaned.to_owned())
        } else {
            Err(InvalidValue::new(
                "must not contain control or invisible characters",
            ))
        }
    }
}

/// Whether a character can be in a text without being seen in it, or changes how its neighbours
/// are read. Joiners (U+200C, U+200D) are among them: they tell two texts apart that look alike.
fn is_unseen(character: char) -> bool {
    let code = u32::from(character);
    let noncharacter = code & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code);
    let control = matches!(code, 0..=0x1f | 0x7f..=0x9f | 0x2028 | 0x2029);
    let bidirectional = matches!(code, 0x61c | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069);
    // The rest of Default_Ignorable_Code_Point (UAX 44), without the variation selectors that
    // follow a visible character, and with the interlinear marks.
    let ignorable = matches!(
        code,
        0xad | 0x34f | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x200b..=0x200d
            | 0x2060..=0x2065 | 0x206a..=0x206f | 0x3164 | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
            | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff
    );
    noncharacter || control || bidirectional || ignorable
}

/// Defines a value that is a checked text: parsed by a function from outside, written as a JSON
/// string, and checked again whenever it is read.
macro_rules! text_value {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize,
            serde::Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses the text and brings it to its stored form.
            ///
            /// # Errors
            /// [`InvalidValue`](crate::invalid::InvalidValue) when the text breaks a rule of the
            /// type; the reason never repeats it.
            pub fn parse(text: &str) -> Result<Self, $crate::invalid::InvalidValue> {
                let parse: fn(&str) -> Result<String, $crate::invalid::InvalidValue> = $parse;
                parse(text).map(Self)
            }

            /// The stored form.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::invalid::InvalidValue;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::invalid::InvalidValue;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(crate) use text_value;

text_value!(
    /// What a party, a person, a product or an item is called: one line, at most 200 characters.
    Name,
    |text| TextRule::one_line(NAME_CHARACTERS_MAX).clean(text)
);
text_value!(
    /// One line of free text, such as a street or a city: at most 200 characters.
    ShortText,
    |text| TextRule::one_line(SHORT_TEXT_CHARACTERS_MAX).clean(text)
);
text_value!(
    /// Free text of several lines: a description, a note on an invoice. At most 5,000 characters.
    Note,
    |text| TextRule::many_lines(NOTE_CHARACTERS_MAX).clean(text)
);
text_value!(
    /// Why something was done or granted (BT-97, BT-104): one line, at most 500 characters.
    Reason,
    |text| TextRule::one_line(REASON_CHARACTERS_MAX).clean(text)
);
text_value!(
    /// An identifier that somebody else gave: a purchase order, a payment reference. One line, at
    /// most 100 characters.
    Reference,
    |text| TextRule::one_line(REFERENCE_CHARACTERS_MAX).clean(text)
);
text_value!(
    /// A postal code in any country's form: one line, at most 20 characters.
    PostalCode,
    |text| TextRule::one_line(POSTAL_CODE_CHARACTERS_MAX).clean(text)
);
text_value!(
    /// A product's code as the seller writes it: one line, at most 64 characters, unique within the
    /// tenant by [`Sku::claim_key`].
    Sku,
    |text| TextRule::one_line(SKU_CHARACTERS_MAX).clean(text)
);
text_value!(
    /// A role's code, and the key of its stream: `a-z 0-9 _ -`, 1 to 40, beginning with a letter
    /// or digit.
    RoleCode,
    |text| code(text, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit(), "a to z")
);
text_value!(
    /// A number series' code, and the key of its stream: `A-Z 0-9 _ -`, 1 to 40, beginning with a
    /// letter or digit.
    SeriesCode,
    |text| code(text, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit(), "A to Z")
);

impl Sku {
    /// The key that at most one product of a tenant holds. Two codes that differ only in case,
    /// width or composition are one code (NFKC, case folded). Letters of different scripts that
    /// look alike stay different: no UTS 39 skeleton is taken.
    #[must_use]
    pub fn claim_key(&self) -> ClaimKey {
        ClaimKey {
            kind: "sku".to_owned(),
            value: fold_case(&self.0),
        }
    }
}

/// NFKC with the case folded. Upper case first, so that `ß` meets `SS`; without a context-dependent
/// letter, because the final sigma is lowered to the plain one.
pub(crate) fn fold_case(text: &str) -> String {
    let compatible: String = text.nfkc().collect();
    let folded: String = compatible
        .to_uppercase()
        .chars()
        .flat_map(char::to_lowercase)
        .collect();
    folded.nfkc().collect()
}

fn code(text: &str, is_inner: fn(u8) -> bool, letters: &str) -> Result<String, InvalidValue> {
    let valid = text.len() <= CODE_BYTES_MAX
        && text.bytes().next().is_some_and(is_inner)
        && text
            .bytes()
            .all(|byte| is_inner(byte) || byte == b'_' || byte == b'-');
    if valid {
        Ok(text.to_owned())
    } else {
        Err(InvalidValue::new(format!(
            "must be 1 to {CODE_BYTES_MAX} of {letters}, 0 to 9, _ and -, beginning with a letter \
             or digit"
        )))
    }
}
