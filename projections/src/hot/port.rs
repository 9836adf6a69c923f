//! The port of a hot store. `conformance::hot` is what every adapter has to pass.

use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_domain::{StreamId, StreamKind, TenantId};

use crate::dashboard::Bucket;
use crate::document::Document;
use crate::error::ViewError;
use crate::store::Applied;

/// How long a document is kept that is of a kind of which there may be very many, after it was
/// written last.
pub const PASSING_DOCUMENT_LIFETIME: Duration = Duration::from_secs(3_600);

/// How long a document of a kind is kept; `None` is for ever.
#[must_use]
pub const fn lifetime(kind: StreamKind) -> Option<Duration> {
    match kind {
        // Every request asks for its caller and their roles.
        StreamKind::User | StreamKind::Role => None,
        StreamKind::Organization | StreamKind::NumberSeries => None,
        StreamKind::Invoice | StreamKind::Product | StreamKind::Media => {
            Some(PASSING_DOCUMENT_LIFETIME)
        }
    }
}

/// A document and all that it adds to its tenant's counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotDocument {
    /// As the view store has it.
    pub document: Document,
    /// In full, not as a difference.
    pub contributions: Vec<Bucket>,
}

/// What is written in one step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HotChanges {
    /// The position that the values are current at afterwards.
    pub to: u64,
    /// Documents, at most one per stream.
    pub documents: Vec<HotDocument>,
    /// The streams that are parked in the view store: once one is healed its document changes
    /// without an event.
    pub parked: Vec<StreamId>,
}

/// How far a hot store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotMark {
    /// The position that its values are current at.
    pub position: u64,
    /// The streams that were parked then.
    pub parked: Vec<StreamId>,
}

/// Values, and what is known of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotRead<T> {
    /// What is there; nothing missing is invented.
    pub value: T,
    /// The position that it is current at; `None` when nobody vouches for it at the moment.
    pub current_at: Option<u64>,
}

/// Holds hot values. A value and its version change in one step, together with the mark, and never
/// backwards. What it holds may be lost at any time, but only as a whole, apart from documents that
/// have a [`lifetime`].
#[async_trait]
pub trait HotStore: Send + Sync + std::fmt::Debug {
    /// How far it is; `None` when nothing was ever written, or all was lost.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn mark(&self) -> Result<Option<HotMark>, ViewError>;

    /// Writes documents and counters and moves the mark, in one step, if the mark is at `from`. A
    /// document that it has in that version or a later one stays, and so does what it adds to the
    /// counters.
    ///
    /// # Errors
    /// [`ViewError`]; whether it was written the mark tells, and writing it again is right.
    async fn apply(&self, from: Option<u64>, changes: HotChanges) -> Result<Applied, ViewError>;

    /// Vouches for a time that the values at `position` are current, if the mark is there or beyond.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn vouch(&self, position: u64, lasting: Duration) -> Result<(), ViewError>;

    /// Those of the named documents that are there, in any order.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn documents(&self, streams: &[StreamId]) -> Result<HotRead<Vec<Document>>, ViewError>;

    /// A tenant's counters, without those that have come to nothing.
    ///
    /// # Errors
    /// [`ViewError`].
    async fn buckets(&self, tenant: &TenantId) -> Result<HotRead<Vec<Bucket>>, ViewError>;
}
