//! What a list may ask: conditions on index fields, newest first, a page at a time.

use invoiceapp_domain::{StreamKind, TenantId};

use crate::document::{Document, FieldValue};

/// Most documents on a page.
pub const PAGE_DOCUMENTS_MAX: u32 = 200;

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
    /// At most so many, 1 to [`PAGE_DOCUMENTS_MAX`].
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
