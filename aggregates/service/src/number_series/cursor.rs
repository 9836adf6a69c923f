//! The place where a page of the number register ends: it is ordered by places in a series and not by
//! positions.

use invoiceapp_http::cursor::Place;
use invoiceapp_projections::RegisterPlace;

/// Stands between the parts; in none of them.
const SEPARATOR: char = '/';

/// A place in the register of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegisterCursor(pub(crate) RegisterPlace);

impl Place for RegisterCursor {
    fn write(&self) -> Vec<u8> {
        let place = &self.0;
        let (period, sequence, invoice) = (&place.period, place.sequence, &place.invoice_id);
        format!("{period}{SEPARATOR}{sequence}{SEPARATOR}{invoice}").into_bytes()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let mut parts = std::str::from_utf8(bytes).ok()?.splitn(3, SEPARATOR);
        Some(Self(RegisterPlace {
            period: parts.next()?.to_owned(),
            sequence: parts.next()?.parse().ok()?,
            invoice_id: parts.next()?.to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, RegisterCursor, RegisterPlace};

    #[test]
    fn a_place_is_read_back_and_nothing_else_is_one() {
        for period in ["", "2026", "2026-11"] {
            let cursor = RegisterCursor(RegisterPlace {
                period: period.to_owned(),
                sequence: 17,
                invoice_id: "0196f0a4-6d7e-7000-8000-000000000001".to_owned(),
            });
            assert_eq!(RegisterCursor::read(&cursor.write()), Some(cursor));
        }
        for bytes in [&b""[..], b"2026", b"2026/x/y", b"2026/1", b"\xff/1/2"] {
            assert_eq!(RegisterCursor::read(bytes), None);
        }
    }
}
