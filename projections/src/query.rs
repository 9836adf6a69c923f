//! What a list may ask: conditions on index fields, newest first, a page at a time.

use invoiceapp_domain::{StreamKind, TenantId};

use crate::document::{Document, FieldValue};

/// Most documents on a page.
pub const PAGE_DOCUMENTS_MAX: u32 = 200;
/// Most bytes that the documents of a page have together, as the JSON that is stored. A page ends
/// before the document that would be too much; one that is too much by itself has a page to itself.
pub const PAGE_BYTES_MAX: usize = 4 << 20;

/// A condition on one index field. Field names come from the code, never from a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The field has this value.
    Equals(&'static str, FieldValue),
    /// The field is there and below.
    Below(&'static str, FieldValue),
    /// The field is there and at or above.
    AtLeast(&'static str, FieldValue),
    /// The field is there and at or below.
    AtMost(&'static str, FieldValue),
    /// The text field contains this text.
    Contains(&'static str, String),
    /// The field is not there.
    Absent(&'static str),
    /// At least one of these holds.
    Any(Vec<Condition>),
    /// All of these hold.
    All(Vec<Condition>),
}

/// One page of a tenant's documents of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// Whose.
    pub tenant: TenantId,
    /// Of what kind.
    pub kind: StreamKind,
    /// All of these hold.
    pub conditions: Vec<Condition>,
    /// Only documents created before this position: the cursor of the next page.
    pub before: Option<u64>,
    /// At most so many, 1 to [`PAGE_DOCUMENTS_MAX`]; fewer when they reach [`PAGE_BYTES_MAX`].
    pub limit: u32,
    /// Whether to count all that match.
    pub count: bool,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The documents, newest first.
    pub documents: Vec<Document>,
    /// Where the next page begins; `None` on the last.
    pub next_before: Option<u64>,
    /// How many match in all, when asked.
    pub total: Option<u64>,
}

/// What a page still takes: up to a number of entries, and up to [`PAGE_BYTES_MAX`] of them together,
/// but always one.
#[derive(Debug, Clone)]
pub struct PageRoom {
    entries: usize,
    bytes: usize,
    is_empty: bool,
}

impl PageRoom {
    /// An empty page of at most `limit` entries, or of one.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            entries: limit.max(1),
            bytes: PAGE_BYTES_MAX,
            is_empty: true,
        }
    }

    /// Whether the page takes the next entry, of so many bytes. Once it has not, it is at its end.
    pub const fn takes(&mut self, bytes: usize) -> bool {
        let fits = self.entries > 0 && bytes <= self.bytes;
        let is_taken = fits || self.is_empty;
        self.entries = if fits { self.entries - 1 } else { 0 };
        self.bytes = self.bytes.saturating_sub(bytes);
        self.is_empty = false;
        is_taken
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGE_BYTES_MAX, PageRoom};

    fn taken(limit: usize, lengths: &[usize]) -> usize {
        let mut room = PageRoom::new(limit);
        lengths
            .iter()
            .take_while(|bytes| room.takes(**bytes))
            .count()
    }

    #[test]
    fn a_page_ends_at_either_limit_and_has_one_entry_at_least() {
        let half = PAGE_BYTES_MAX / 2;
        for (limit, lengths, expected) in [
            (2, vec![1, 1, 1], 2),
            (3, vec![1, 1, 1], 3),
            (0, vec![1, 1], 1),
            (9, vec![half, half, 1], 2),
            (9, vec![half, half, 0], 3),
            (9, vec![half, half + 1], 1),
            (9, vec![PAGE_BYTES_MAX + 1, 0], 1),
            (9, vec![PAGE_BYTES_MAX + 1, 1], 1),
            (9, vec![usize::MAX, usize::MAX], 1),
            (9, vec![], 0),
        ] {
            assert_eq!(taken(limit, &lengths), expected, "{limit} {lengths:?}");
        }
    }

    #[test]
    fn what_comes_after_the_end_is_on_the_next_page_however_short() {
        let mut room = PageRoom::new(9);
        assert!(room.takes(PAGE_BYTES_MAX));
        assert!(!room.takes(1));
        assert!(!room.takes(0));
    }
}
