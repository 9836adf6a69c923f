//! Bank accounts.

use iban::IbanLike;

use super::country::CountryCode;
use crate::invalid::InvalidValue;
use crate::text::text_value;

/// Longest account number as it may be written, in bytes: 34 characters in groups of four.
const IBAN_BYTES_MAX: usize = 42;

text_value!(
    /// An account number (ISO 13616, BT-84): check digits and the country's format are right.
    /// Stored in electronic form, without spaces; accepted in groups of four too.
    Iban,
    |text| {
        let invalid = || InvalidValue::new("must be an IBAN whose check digits are right");
        let trimmed = text.trim();
        if trimmed.len() > IBAN_BYTES_MAX {
            return Err(invalid());
        }
        let parsed: iban::Iban =
            trimmed.to_ascii_uppercase().parse().map_err(|_| invalid())?;
        Ok(parsed.electronic_str().to_owned())
    }
);

impl Iban {
    /// The account number in groups of four, as it stands on paper.
    #[must_use]
    pub fn formatted(&self) -> String {
        let mut grouped = String::with_capacity(IBAN_BYTES_MAX);
        for (index, character) in self.0.chars().enumerate() {
            if index != 0 && index.is_multiple_of(4) {
                grouped.push(' ');
            }
            grouped.push(character);
        }
        grouped
    }
}

text_value!(
    /// A bank's code (ISO 9362, BT-86): four letters or digits, a country, two letters or digits,
    /// and a branch of three or none. Stored in upper case.
    Bic,
    |text| {
        let code = text.trim().to_ascii_uppercase();
        let formed = matches!(code.len(), 8 | 11)
            && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let in_country = code.get(4..6).is_some_and(|country| CountryCode::parse(country).is_ok());
        if formed && in_country {
            Ok(code)
        } else {
            Err(InvalidValue::new("must be a BIC of 8 or 11 letters and digits"))
        }
    }
);
