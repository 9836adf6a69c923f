//! The port of a view store: documents, what is derived from them, and the checkpoint, changed
//! together. `conformance` is what every adapter has to pass.

use async_trait::async_trait;
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{StreamId, StreamKind, TenantId};

use crate::dashboard::{Bucket, BucketChange};
use crate::document::{Document, FieldValue};
use crate::error::ViewError;
use crate::query::{ListQuery, Page};
use crate::register::{RegisterPage, RegisterQuery, RegisteredNumber};

/// One document to write, folded over all events of a batch, with all that is derived from it: it
/// is written as a whole or not at all.
///
/// It is written when the stored document has the version that it replaces. When the stored one has
/// seen as much already, this is a repeat or comes late, and nothing of it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The document as it is to be.
    pub document: Document,
    /// The version of the document that it was folded on; 0 when there was none.
    pub replaces: u64,
    /// What it adds to the dashboard beyond the document that it replaces.
    pub buckets: Vec<BucketChange>,
    /// Its number and what became of it, once it has one.
    pub number: Option<RegisteredNumber>,
}

/// A stream that could not be folded: its document stands still until someone heals it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedKey {
    /// Which stream.
    pub stream: StreamId,
    /// The position of the event that could not be folded.
    pub position: u64,
    /// Why.
    pub reason: String,
}

/// All that a batch of events changes; committed in one step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Documents, at most one per stream.
    pub documents: Vec<Change>,
    /// Streams parked by this batch. One that is parked already keeps its position and reason.
    pub parked: Vec<ParkedKey>,
    /// Streams whose events of this batch were left out because they are parked. They must still be:
    /// otherwise somebody has healed one meanwhile, and its events would be lost.
    pub held_back: Vec<StreamId>,
}

/// What committing a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Committed; the checkpoint has moved.
    Committed,
    /// Somebody else has moved the checkpoint, written a document that this batch stands on, or
    /// healed a stream that it holds back: nothing was written. Read again and fold again.
    Fenced,
}

/// What healing a parked stream came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unparked {
    /// Committed: the document is written, the stream is not parked any more.
    Committed,
    /// The checkpoint is another one, or the stored document is: nothing was written.
    Fenced,
    /// The stream is not parked: nothing was written.
    NotParked,
}

/// Holds documents; a write is guarded by the version it stands on.
#[async_trait]
pub trait ViewStore: Send + Sync + std::fmt::Debug {
    /// The position that the views have reached.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn checkpoint(&self) -> Result<u64, ViewError>;

    /// Writes all changes and moves the checkpoint from `from` to `to`, or writes nothing.
    ///
    /// # Errors
    /// [`ViewError`]; nothing was written, except that after `Unavailable` it may have been, which
    /// the checkpoint tells.
    async fn apply(&self, from: u64, to: u64, changes: Changes) -> Result<Applied, ViewError>;

    /// One document.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn document(&self, stream: &StreamId) -> Result<Option<Document>, ViewError>;

    /// Those of the named documents that exist, in any order.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn documents(&self, streams: &[StreamId]) -> Result<Vec<Document>, ViewError>;

    /// A page of documents.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn list(&self, query: &ListQuery) -> Result<Page, ViewError>;

    /// Documents of every tenant whose field has a value, at most `limit`: the login's look-up of
    /// an e-mail address, which comes before there is a tenant.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn across_tenants(
        &self,
        kind: StreamKind,
        field: &'static str,
        value: &FieldValue,
        limit: u32,
    ) -> Result<Vec<Document>, ViewError>;

    /// A tenant's dashboard counters.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn buckets(&self, tenant: &TenantId) -> Result<Vec<Bucket>, ViewError>;

    /// A page of the number register of a series, oldest number first.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn register(&self, query: &RegisterQuery) -> Result<RegisterPage, ViewError>;

    /// The last number of each of the named series of a tenant that has given one, in any order.
    /// It is the highest as well: the dates of a series never go back, and so do neither its
    /// periods nor the sequence within one.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn last_numbers(
        &self,
        tenant: &TenantId,
        series: &[SeriesCode],
    ) -> Result<Vec<RegisteredNumber>, ViewError>;

    /// Streams that are parked, in the order of the positions at which they were, at most `limit`.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn parked(&self, limit: u32) -> Result<Vec<ParkedKey>, ViewError>;

    /// Writes the document of a parked stream, folded up to and including `checkpoint`, and lets the
    /// stream go on; all or nothing, and only while the checkpoint is that one.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn unpark(&self, checkpoint: u64, change: Change) -> Result<Unparked, ViewError>;
}
