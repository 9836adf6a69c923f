//! A document, and the fields that lists filter by.

use invoiceapp_domain::{Decider, StreamId, StreamKind};
use invoiceapp_journal::loaded::Loaded;
use serde::Serialize;

use crate::dashboard::Bucket;
use crate::error::ViewError;
use crate::register::RegisteredNumber;

/// The value of an index field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// Text, compared byte by byte.
    Text(String),
    /// A number: minor units, days, flags.
    Integer(i64),
    /// Not there; no comparison but absence is true of it.
    Absent,
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for FieldValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for FieldValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<T: Into<Self>> From<Option<T>> for FieldValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

/// An aggregate that has a view: which fields of it lists filter by, and what else is derived from
/// its document. Everything is pure, and a function of the document alone.
pub trait Indexed: Decider {
    /// The names of the fields, in the order of [`Self::fields`].
    const FIELDS: &'static [&'static str];

    /// The values of [`Self::FIELDS`] for a document.
    fn fields(loaded: &Loaded<Self>) -> Vec<FieldValue>;

    /// What a document adds to its tenant's dashboard.
    #[must_use]
    fn buckets(_loaded: &Loaded<Self>) -> Vec<Bucket> {
        Vec::new()
    }

    /// The number that a document has taken, once it has, for the number register.
    #[must_use]
    fn number(_loaded: &Loaded<Self>) -> Option<RegisteredNumber> {
        None
    }
}

/// A document as a store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The stream it is the fold of.
    pub stream: StreamId,
    /// The version of the stream that it has seen.
    pub version: u64,
    /// The position of the last event it has seen.
    pub position: u64,
    /// The position of the stream's first event: the order of lists.
    pub created_position: u64,
    /// `Loaded<A>` as JSON.
    pub json: String,
    /// The values of the kind's index fields. Written with the document and searched by, but not
    /// read back: a document that comes from a store has none.
    pub fields: Vec<FieldValue>,
}

impl Document {
    /// Writes a folded stream down as its document.
    ///
    /// # Errors
    /// [`ViewError::Undecodable`] when it cannot be represented as JSON.
    pub fn of<A: Indexed>(loaded: &Loaded<A>) -> Result<Self, ViewError> {
        let json =
            serde_json::to_string(loaded).map_err(|source| undecodable(&loaded.stream, source))?;
        Ok(Self {
            stream: loaded.stream.clone(),
            version: loaded.version,
            position: loaded.position,
            created_position: loaded.created_position,
            json,
            fields: A::fields(loaded),
        })
    }

    /// Reads the folded stream back.
    ///
    /// # Errors
    /// [`ViewError::Undecodable`].
    pub fn loaded<A: Decider>(&self) -> Result<Loaded<A>, ViewError> {
        serde_json::from_str(&self.json).map_err(|source| undecodable(&self.stream, source))
    }

    /// What kind of stream it is the fold of.
    #[must_use]
    pub const fn kind(&self) -> StreamKind {
        self.stream.kind
    }
}

fn undecodable(stream: &StreamId, source: serde_json::Error) -> ViewError {
    ViewError::Undecodable {
        stream: stream.to_string(),
        source,
    }
}
