//! Cursors: where a page of a list ends, as a text that goes with this one list.
//!
//! A place means something only in the order of the list that it was taken from: at another list,
//! or among other entries of the same one, it would give a page that looks right and is not. So a
//! cursor carries what it was made for, and is refused anywhere else. A check over all of it tells
//! a cursor from any other text; it is no secret, because a cursor opens nothing.

use invoiceapp_domain::{InvalidValue, TenantId};
use sha2::{Digest, Sha256};

/// Longest cursor, in characters: none that is written here comes near.
pub const CURSOR_CHARACTERS_MAX: usize = 600;

const SCOPE_BYTES: usize = 8;
const CHECK_BYTES: usize = 8;
const SCOPE_DOMAIN: &[u8] = b"invoiceapp list scope 1";
const CHECK_DOMAIN: &[u8] = b"invoiceapp list cursor 2";

/// A place in the order of a list.
pub trait Place: Sized {
    /// The place as bytes.
    fn write(&self) -> Vec<u8>;

    /// The place that bytes stand for; `None` when they stand for none.
    fn read(bytes: &[u8]) -> Option<Self>;
}

/// The place of a list that is ordered by journal positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(u64);

impl Cursor {
    /// After the entry at that position.
    #[must_use]
    pub const fn after(position: u64) -> Self {
        Self(position)
    }

    /// The position of the last entry that was seen.
    #[must_use]
    pub const fn position(self) -> u64 {
        self.0
    }
}

impl Place for Cursor {
    fn write(&self) -> Vec<u8> {
        self.0.to_be_bytes().to_vec()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(u64::from_be_bytes).map(Self)
    }
}

/// One list: whose it is, where, and which entries it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListScope([u8; SCOPE_BYTES]);

impl ListScope {
    /// The list at a path with these filters, in whichever order they come. How long a page is, and
    /// whether the whole is counted, is no part of it.
    #[must_use]
    pub fn of(tenant: &TenantId, path: &str, filters: &[(String, String)]) -> Self {
        let mut filters: Vec<[&str; 2]> = filters
            .iter()
            .map(|(name, value)| [name.as_str(), value.as_str()])
            .collect();
        filters.sort_unstable();
        let names = [tenant.as_str(), path];
        let texts = names.iter().chain(filters.iter().flatten());
        Self(digest(SCOPE_DOMAIN, texts.map(|text| text.as_bytes())))
    }

    /// The cursor of a place in this list.
    #[must_use]
    pub fn write(&self, place: &impl Place) -> String {
        let place = place.write();
        hex::encode([&self.0[..], &self.check(&place), &place].concat())
    }

    /// The place that a cursor of this list names.
    ///
    /// # Errors
    /// [`InvalidValue`], which tells a cursor of another list from what is none.
    pub fn read<P: Place>(&self, text: &str) -> Result<P, InvalidValue> {
        let unknown = || InvalidValue::new("must come from next_cursor");
        let (scope, place) = parts(text).ok_or_else(unknown)?;
        if scope != *self {
            let reason = "was made for another list or for other filters";
            return Err(InvalidValue::new(reason));
        }
        P::read(&place).ok_or_else(unknown)
    }

    fn check(&self, place: &[u8]) -> [u8; CHECK_BYTES] {
        digest(CHECK_DOMAIN, [&self.0[..], place].into_iter())
    }
}

/// What a cursor was made for, and its place; `None` for a text that no list has written.
fn parts(text: &str) -> Option<(ListScope, Vec<u8>)> {
    if text.len() > CURSOR_CHARACTERS_MAX {
        return None;
    }
    let bytes = hex::decode(text).ok()?;
    let (scope, rest) = bytes.split_first_chunk::<SCOPE_BYTES>()?;
    let (check, place) = rest.split_first_chunk::<CHECK_BYTES>()?;
    let scope = ListScope(*scope);
    // One spelling only.
    let is_ours = *check == scope.check(place) && hex::encode(&bytes) == text;
    is_ours.then(|| (scope, place.to_vec()))
}

/// The beginning of SHA-256 over texts that each carry their length, so that no two lists of texts
/// give the same bytes.
fn digest<'a, const N: usize>(domain: &[u8], texts: impl Iterator<Item = &'a [u8]>) -> [u8; N] {
    let mut hasher = Sha256::new_with_prefix(domain);
    for text in texts {
        hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(text);
    }
    let mut beginning = [0; N];
    for (to, from) in beginning.iter_mut().zip(hasher.finalize()) {
        *to = from;
    }
    beginning
}

#[cfg(test)]
mod tests {
    use invoiceapp_domain::TenantId;
    use proptest::prelude::*;

    use super::{CURSOR_CHARACTERS_MAX, Cursor, ListScope};

    fn scope(tenant: &str, path: &str, filters: &[(&str, &str)]) -> ListScope {
        let filters: Vec<(String, String)> = filters
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        ListScope::of(&TenantId::parse(tenant).unwrap(), path, &filters)
    }

    fn invoices() -> ListScope {
        scope("acme", "/invoices", &[("q", "a"), ("status", "open")])
    }

    #[test]
    fn a_cursor_goes_with_one_list_only() {
        let cursor = invoices().write(&Cursor::after(7));
        let reordered = scope("acme", "/invoices", &[("status", "open"), ("q", "a")]);
        assert_eq!(reordered.read(&cursor), Ok(Cursor::after(7)));
        for other in [
            scope("rival", "/invoices", &[("q", "a"), ("status", "open")]),
            scope("acme", "/products", &[("q", "a"), ("status", "open")]),
            scope("acme", "/invoices", &[("q", "a")]),
            scope("acme", "/invoices", &[("q", "a"), ("status", "paid")]),
            scope("acme", "/invoices", &[("q", "aopen"), ("status", "")]),
            scope("acme", "/invoices", &[]),
        ] {
            let refused = other.read::<Cursor>(&cursor).unwrap_err();
            assert!(refused.reason.contains("another list"), "{refused:?}");
        }
    }

    #[test]
    fn what_no_list_has_written_is_no_cursor() {
        let cursor = invoices().write(&Cursor::after(7));
        for text in [
            String::new(),
            "tampered".to_owned(),
            "00".to_owned(),
            cursor.to_uppercase(),
            format!("{cursor}00"),
            cursor[2..].to_owned(),
            cursor[..cursor.len() - 2].to_owned(),
            "61".repeat(CURSOR_CHARACTERS_MAX),
        ] {
            let refused = invoices().read::<Cursor>(&text).unwrap_err();
            assert!(refused.reason.contains("next_cursor"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_cursor_survives_the_round_trip(position in any::<u64>()) {
            let cursor = Cursor::after(position);
            prop_assert_eq!(invoices().read(&invoices().write(&cursor)), Ok(cursor));
        }

        #[test]
        fn a_cursor_with_one_character_changed_is_refused(
            position in any::<u64>(),
            place in 0_usize..48,
            letter in "[0-9a-fA-F]",
        ) {
            let text = invoices().write(&Cursor::after(position));
            let mut changed = text.clone();
            changed.replace_range(place..=place, &letter);
            if changed != text {
                prop_assert!(invoices().read::<Cursor>(&changed).is_err());
            }
        }
    }
}
