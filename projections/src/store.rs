//! The port of a view store: documents, dashboard counters and the checkpoint, changed together.

use async_trait::async_trait;
use invoiceapp_domain::{StreamId, StreamKind, TenantId};

use crate::dashboard::{Bucket, BucketChange};
use crate::document::{Document, FieldValue};
use crate::error::ViewError;
use crate::query::{ListQuery, Page};

/// One document to write, folded over all events of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The document as it is to be.
    pub document: Document,
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
    /// Documents.
    pub documents: Vec<Change>,
    /// Dashboard counters.
    pub buckets: Vec<BucketChange>,
    /// Streams parked by this batch.
    pub parked: Vec<ParkedKey>,
}

/// What committing a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Committed; the checkpoint has moved.
    Committed,
    /// Somebody else has moved the checkpoint: nothing was written.
    Fenced,
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
    /// [`ViewError`].
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

    /// Streams that are parked, at most `limit`.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn parked(&self, limit: u32) -> Result<Vec<ParkedKey>, ViewError>;
}
