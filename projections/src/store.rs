//! The port of a view store: documents, what is derived from them, the parked streams, and the
//! checkpoint. `conformance` is what every adapter has to pass.
//!
//! What an adapter owes, whether or not it has transactions:
//!
//! - A document and all that is derived from it is written in one step, and only over the version
//!   that it was folded on. A repeat, or a writer that comes late, changes nothing.
//! - The checkpoint and the parked streams move together in one step, after the documents.
//! - A store is built once somebody has said so; what it holds before is a part of the whole.
//! - So an interrupted batch leaves documents that are *ahead of the checkpoint* at worst: each is
//!   the fold of its stream up to some later event. Folding the same events again writes nothing
//!   twice, neither a document nor a counter nor a number, and then moves the checkpoint.
//! - A batch that is seen to be fenced before it has written anything writes nothing. An adapter
//!   with transactions (SQLite) writes nothing in the other cases either.

use async_trait::async_trait;
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{StreamId, StreamKind, TenantId};

use crate::dashboard::{Bucket, BucketChange};
use crate::document::{Document, FieldValue};
use crate::error::ViewError;
use crate::query::{ListQuery, Page};
use crate::register::{RegisterPage, RegisterQuery, RegisteredNumber};

/// Most parked streams that a projector keeps in mind, and that a store has to be able to keep.
pub const PARKED_KEYS_MAX: u32 = 10_000;

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

/// All that a batch of events changes.
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

/// How far a store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The position that the views have reached.
    pub checkpoint: u64,
    /// Whether they have ever held all that the journal had: before that, what is not in them may
    /// exist all the same.
    pub is_built: bool,
}

/// What committing a batch came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// Committed; the checkpoint has moved.
    Committed,
    /// Somebody else has moved the checkpoint, written a document that this batch stands on, or
    /// healed a stream that it holds back: the checkpoint was not moved and nothing was parked. Read
    /// again and fold again.
    Fenced,
}

/// What healing a parked stream came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unparked {
    /// Committed: the document is written, the stream is not parked any more.
    Committed,
    /// The checkpoint is another one, or the stored document is: the stream stays parked.
    Fenced,
    /// The stream is not parked: nothing was written.
    NotParked,
}

/// Holds documents; a write is guarded by the version it stands on.
#[async_trait]
pub trait ViewStore: Send + Sync + std::fmt::Debug {
    /// How far the views are, in one read. A store that nothing was written to has reached 0 and is
    /// not built.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn progress(&self) -> Result<Progress, ViewError>;

    /// The position that the views have reached.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn checkpoint(&self) -> Result<u64, ViewError> {
        Ok(self.progress().await?.checkpoint)
    }

    /// Says that the views are built, but only while the checkpoint is that one: a store that was
    /// emptied meanwhile is not. They stay built for as long as they are there.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn finish(&self, checkpoint: u64) -> Result<Applied, ViewError>;

    /// Writes all changes, and last moves the checkpoint from `from` to `to` and parks what is to be
    /// parked, in one step.
    ///
    /// # Errors
    /// [`ViewError`]; whether the batch was committed the checkpoint tells. If it was not, documents
    /// may be ahead of it, and applying the batch again is right.
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

    /// A page of documents: it ends as [`PageRoom`](crate::PageRoom) says, and not much more than a
    /// page is in memory while it is read.
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

    /// Writes the document of a parked stream, folded up to and including `checkpoint`, and then lets
    /// the stream go on, but only while the checkpoint is that one. A stream is never let go on
    /// without its document; a document that was written while its stream stayed parked is the fold
    /// of the stream as of `checkpoint`, and stands.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn unpark(&self, checkpoint: u64, change: Change) -> Result<Unparked, ViewError>;

    /// Whether this process is the one to write now, of all that share the store; asked before each
    /// batch. It saves the others the work; that two writers at once do no harm is what the guards
    /// see to. A store that one process has to itself says yes.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn lead(&self) -> Result<bool, ViewError> {
        Ok(true)
    }

    /// Lets another process write from now on, without having to wait for a lease to run out.
    ///
    /// # Errors
    /// [`ViewError`]; the lease runs out by itself then.
    async fn resign(&self) -> Result<(), ViewError> {
        Ok(())
    }

    /// Tells that somebody in this process has seen a position: from now on nothing older may be
    /// answered. Of interest to a store that reads through a cache.
    fn seen(&self, _position: u64) {}
}
