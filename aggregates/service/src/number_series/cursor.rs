//! The cursor of the number register, which is ordered by places in a series and not by positions.

use std::fmt;
use std::str::FromStr;

use invoiceapp_domain::InvalidValue;
use invoiceapp_projections::RegisterPlace;
use sha2::{Digest, Sha256};

/// Longest cursor, in characters: none that this module writes comes near.
const CURSOR_CHARACTERS_MAX: usize = 600;
const CURSOR_CHECK_BYTES: usize = 8;
const CURSOR_DOMAIN: &[u8] = b"invoiceapp register cursor 1";
/// Stands between the parts; in none of them.
const SEPARATOR: char = '/';

/// The place in the register where a page ends. A client cannot make one up: the text carries a
/// check, and another text is `invalid_value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegisterCursor(pub(crate) RegisterPlace);

impl RegisterCursor {
    fn plain(&self) -> String {
        let place = &self.0;
        let (period, sequence, invoice) = (&place.period, place.sequence, &place.invoice_id);
        format!("{period}{SEPARATOR}{sequence}{SEPARATOR}{invoice}")
    }

    fn of_plain(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, SEPARATOR);
        Some(Self(RegisterPlace {
            period: parts.next()?.to_owned(),
            sequence: parts.next()?.parse().ok()?,
            invoice_id: parts.next()?.to_owned(),
        }))
    }
}

impl fmt::Display for RegisterCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.plain();
        let digest = Sha256::new()
            .chain_update(CURSOR_DOMAIN)
            .chain_update(plain.as_bytes())
            .finalize();
        let check = digest.get(..CURSOR_CHECK_BYTES).unwrap_or_default();
        write!(formatter, "{}{}", hex::encode(plain), hex::encode(check))
    }
}

impl FromStr for RegisterCursor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let read = || {
            if text.len() > CURSOR_CHARACTERS_MAX {
                return None;
            }
            let mut plain = hex::decode(text).ok()?;
            plain.truncate(plain.len().checked_sub(CURSOR_CHECK_BYTES)?);
            Self::of_plain(std::str::from_utf8(&plain).ok()?)
        };
        // Written out again it must be the same text, which covers the check and the spelling.
        read()
            .filter(|cursor| cursor.to_string() == text)
            .ok_or_else(|| InvalidValue::new("must come from next_cursor"))
    }
}

#[cfg(test)]
mod tests {
    use super::{RegisterCursor, RegisterPlace};

    #[test]
    fn a_cursor_is_read_back_and_no_other_text_is_one() {
        for period in ["", "2026", "2026-11"] {
            let cursor = RegisterCursor(RegisterPlace {
                period: period.to_owned(),
                sequence: 17,
                invoice_id: "0196f0a4-6d7e-7000-8000-000000000001".to_owned(),
            });
            let text = cursor.to_string();
            assert_eq!(text.parse(), Ok(cursor));
            for other in [
                text.to_uppercase(),
                text.replacen("3137", "3138", 1),
                format!("{text}00"),
                text[2..].to_owned(),
            ] {
                assert!(other.parse::<RegisterCursor>().is_err(), "{other}");
            }
        }
        for text in ["", "tampered", "00", "2f2f", &"61".repeat(10_000)] {
            assert!(text.parse::<RegisterCursor>().is_err(), "{text}");
        }
    }
}
