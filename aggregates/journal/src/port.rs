//! The journal's port: what a caller may ask of it, whichever engine is underneath.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::{AllocatedNumber, ClaimChange, ClaimKey, NumberRequest, StreamId};
use invoiceapp_schemas::{ChainHash, CommandId, CommandStamp, Metadata, NewEvent, RecordedEvent};
use jiff::{Timestamp, civil::Date};
use thiserror::Error;
use tokio::sync::watch;

/// Most events that one append may carry.
pub const APPEND_EVENTS_MAX: usize = 1_000;
/// Most bytes of payload that one append may carry.
pub const APPEND_BYTES_MAX: usize = 4 << 20;
/// Most events that one read returns.
pub const READ_EVENTS_MAX: usize = 2_000;
/// A read stops after the event with which its texts reach this many bytes.
pub const READ_BYTES_MAX: usize = 16 << 20;

/// Whether a read that asked for `limit` events has reached the end: a page is short only there, or
/// where its texts reached [`READ_BYTES_MAX`].
#[must_use]
pub fn is_last_page(page: &[RecordedEvent], limit: usize) -> bool {
    let bytes: usize = page
        .iter()
        .map(|e| e.payload_json.len() + e.metadata_json.len())
        .sum();
    page.is_empty() || (page.len() < limit.min(READ_EVENTS_MAX) && bytes < READ_BYTES_MAX)
}

/// Builds the events of an append once the number is known. Called again when the batch is decided
/// again, so it must be pure.
pub type CompleteNumbered =
    Arc<dyn Fn(&AllocatedNumber) -> Result<Vec<NewEvent>, JournalError> + Send + Sync>;

/// What an append writes. No event at all is allowed, for a command that changes nothing: it leaves
/// a receipt, so that its retry gets the same answer.
#[derive(Clone)]
pub enum AppendEvents {
    /// Events that are complete.
    Ready(Vec<NewEvent>),
    /// Events that carry the next number of a series.
    Numbered {
        /// Which number.
        request: NumberRequest,
        /// Completes the events with it.
        complete: CompleteNumbered,
    },
}

/// A stream that must still be at a version when the append commits, though nothing is written to
/// it: the fact that a decision stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// The stream that was read.
    pub stream: StreamId,
    /// The version it had.
    pub version: u64,
}

/// One command's wish to append.
#[derive(Clone)]
pub struct Append {
    /// Where to.
    pub stream: StreamId,
    /// The version that the decision was made on; 0 for a new stream.
    pub expected_version: u64,
    /// What.
    pub events: AppendEvents,
    /// The command and its fingerprint.
    pub command: CommandStamp,
    /// Who and why; the journal fills in claims and number.
    pub metadata: Metadata,
    /// Keys taken and released with it.
    pub claims: Vec<ClaimChange>,
    /// Other streams that must not have moved.
    pub guards: Vec<Guard>,
}

/// What a command came to, for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The stream that was written.
    pub stream: StreamId,
    /// Its version after the command.
    pub version: u64,
    /// The position of the command's last event.
    pub position: u64,
    /// When it was committed.
    pub recorded_at: Timestamp,
    /// The number it took, when it took one.
    pub number: Option<AllocatedNumber>,
    /// True when the command had been committed before, and this is the stored outcome.
    pub replayed: bool,
}

/// Why an append was not committed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AppendError {
    /// The stream, or a guarded one, has another version.
    #[error("stream {stream} is at version {actual}, not {expected}")]
    VersionConflict {
        /// Which stream.
        stream: StreamId,
        /// What the append stood on.
        expected: u64,
        /// What it is.
        actual: u64,
    },
    /// Another stream holds the key.
    #[error("{} is taken", .key.kind)]
    ClaimTaken {
        /// Which key.
        key: ClaimKey,
    },
    /// The command id was used for something else.
    #[error("the command id was used for another request")]
    CommandReused,
    /// The document is dated before the last one of its series.
    #[error("series {series} has reached {last}")]
    SeriesDateBeforeLast {
        /// The series' code.
        series: String,
        /// The date of its last document.
        last: Date,
    },
    /// The append breaks a limit of the port.
    #[error("the append exceeds {limit}")]
    TooLarge {
        /// The limit's name.
        limit: &'static str,
    },
    /// The append has a form that no journal may keep.
    #[error("the append is malformed: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nothing is known to have been written; the same command may be sent again.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The journal itself failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum JournalError {
    /// The engine cannot be reached, is full, or refuses to write.
    #[error("the journal is unavailable: {reason}")]
    Unavailable {
        /// The engine's word, for the log only.
        reason: String,
    },
    /// More is waiting than the queue may hold.
    #[error("the journal's queue is full")]
    Overloaded,
    /// What was read does not fit the chain, or cannot be decoded.
    #[error("the journal is damaged at position {position}: {reason}")]
    Damaged {
        /// The first bad position.
        position: u64,
        /// What is wrong there.
        reason: String,
    },
}

/// The journal's last position and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// 0 when nothing was ever written.
    pub position: u64,
    /// Hash of that event.
    pub hash: ChainHash,
}

/// What an operator may want to know of a journal at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalStatus {
    /// The last position and its hash.
    pub head: Head,
    /// When the last event was committed; nothing for an empty journal.
    pub recorded_at: Option<Timestamp>,
    /// How many streams have an event.
    pub streams: u64,
    /// How many commands have a receipt.
    pub receipts: u64,
    /// Bytes that the journal takes on its storage.
    pub bytes: u64,
}

/// Whether the journal takes what is written, as its last write showed it. While it does not, a write
/// that changes nothing is tried now and then, so that this does not wait for the next command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writability {
    /// The last write was kept, or there was none yet.
    Writable,
    /// Writes fail.
    Failing {
        /// When the first of them did.
        since: Timestamp,
    },
}

/// A cached fold of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The stream's version that was folded.
    pub version: u64,
    /// Which fold wrote it; another hash than the compiled one is ignored.
    pub state_hash: String,
    /// The folded state as JSON.
    pub state_json: String,
}

/// What a stream is folded from when nothing of it is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tail {
    /// The newest snapshot, if the fold that was asked for has written it.
    pub snapshot: Option<Snapshot>,
    /// The first page of events behind it, or from the beginning.
    pub events: Vec<RecordedEvent>,
}

/// The append-only, dense, totally ordered, hash-chained sequence of events.
#[async_trait]
pub trait Journal: Send + Sync + std::fmt::Debug {
    /// Commits a command's events, or says why not. Once called, a caller that goes away changes
    /// nothing: the command is on the queue.
    ///
    /// # Errors
    /// [`AppendError`]; nothing was written, except that after `Unavailable` it may have been, which
    /// the same command id resolves.
    async fn append(&self, append: Append) -> Result<Committed, AppendError>;

    /// The outcome of a command, if it was ever committed.
    ///
    /// # Errors
    /// `AppendError::CommandReused` for another fingerprint, `AppendError::Journal` when unreadable.
    async fn receipt(&self, command: CommandStamp) -> Result<Option<Committed>, AppendError>;

    /// The outcome of a command id, whatever its fingerprint.
    ///
    /// # Errors
    /// [`JournalError`] when unreadable.
    async fn receipt_of(&self, command: CommandId) -> Result<Option<Committed>, JournalError>;

    /// Events of a stream after a version, in order, at most `limit`; [`is_last_page`] tells the end.
    ///
    /// # Errors
    /// [`JournalError`]; never a silently short answer.
    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError>;

    /// Events after a position, in order, at most `limit`; [`is_last_page`] tells the end.
    ///
    /// # Errors
    /// [`JournalError`]; never a silently short answer.
    async fn read_all(
        &self,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError>;

    /// The last position and its hash.
    ///
    /// # Errors
    /// [`JournalError`] when unreadable.
    async fn head(&self) -> Result<Head, JournalError>;

    /// Changes whenever the head moves; the value is the newest known position.
    fn subscribe(&self) -> watch::Receiver<u64>;

    /// Changes whenever a write fails or is kept again.
    fn writability(&self) -> watch::Receiver<Writability>;

    /// The newest snapshot of a stream.
    ///
    /// # Errors
    /// [`JournalError`] when unreadable.
    async fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, JournalError>;

    /// The newest snapshot of a stream, if it is of this fold, and the events behind it as
    /// `read_stream` gives [`READ_EVENTS_MAX`] of them: one round trip where the two are two.
    ///
    /// # Errors
    /// [`JournalError`]; never a silently short answer.
    async fn read_tail(&self, stream: &StreamId, state_hash: &str) -> Result<Tail, JournalError>;

    /// Keeps a snapshot, unless a newer one of the same fold is there. A cache: losing it is allowed.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be written.
    async fn save_snapshot(
        &self,
        stream: &StreamId,
        snapshot: Snapshot,
    ) -> Result<(), JournalError>;
}
