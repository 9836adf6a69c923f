//! What the writer needs of a database: facts at one instant, and one compare-and-set of the head
//! that takes a whole batch. Everything else is decided in memory.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::{ClaimChange, ClaimKey, StreamId, TenantId};
use invoiceapp_schemas::{ChainHash, CommandId, RecordedEvent};
use jiff::{Timestamp, civil::Date};
use thiserror::Error;

use crate::port::{Append, AppendError, AppendEvents, Committed, Snapshot};

/// The journal's end: the next batch is written behind it, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadState {
    /// The last position; 0 when nothing was ever written.
    pub position: u64,
    /// Hash of that event.
    pub hash: ChainHash,
    /// When it was committed: the next event is not older.
    pub recorded_at: Timestamp,
}

impl HeadState {
    /// The end of a journal that nothing was ever written to.
    pub const GENESIS: Self = Self {
        position: 0,
        hash: ChainHash::GENESIS,
        recorded_at: Timestamp::UNIX_EPOCH,
    };
}

/// A claim's key, with the tenant that it is unique in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantClaim {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub key: ClaimKey,
}

/// A number series, with the period that its sequence counts in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// Whose.
    pub tenant: TenantId,
    /// The series' code.
    pub code: String,
    /// The period counted in.
    pub period: String,
}

/// A number series, whatever the period.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesCode {
    /// Whose.
    pub tenant: TenantId,
    /// The series' code.
    pub code: String,
}

impl SeriesKey {
    /// The series, whatever the period.
    #[must_use]
    pub fn series(&self) -> SeriesCode {
        SeriesCode {
            tenant: self.tenant.clone(),
            code: self.code.clone(),
        }
    }
}

/// How far a series has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesState {
    /// The last sequence number of the period; nothing before its first.
    pub last_sequence: Option<u64>,
    /// The date of the series' last document, in whichever period it was.
    pub last_date: Option<Date>,
}

/// What a command came to, with what is needed to know it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// SHA-256 of what was asked.
    pub fingerprint: [u8; 32],
    /// The outcome; `replayed` is false here.
    pub committed: Committed,
}

impl Receipt {
    /// The outcome, for whoever asks again.
    #[must_use]
    pub fn replayed(self) -> Committed {
        Committed {
            replayed: true,
            ..self.committed
        }
    }

    /// The same, if the same was asked.
    ///
    /// # Errors
    /// [`AppendError::CommandReused`].
    pub fn replayed_for(self, fingerprint: &[u8; 32]) -> Result<Committed, AppendError> {
        if self.fingerprint == *fingerprint {
            Ok(self.replayed())
        } else {
            Err(AppendError::CommandReused)
        }
    }
}

/// What the writer asks an engine about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Versions of streams.
    pub streams: HashSet<StreamId>,
    /// Outcomes of commands.
    pub receipts: HashSet<CommandId>,
    /// Holders of claims.
    pub claims: HashSet<TenantClaim>,
    /// States of number series.
    pub series: HashSet<SeriesKey>,
}

impl Wanted {
    /// Everything that an append could depend on.
    #[must_use]
    pub fn everything_of(append: &Append) -> Self {
        let mut wanted = Self::default();
        let tenant = &append.stream.tenant;
        wanted.streams.insert(append.stream.clone());
        wanted
            .streams
            .extend(append.guards.iter().map(|guard| guard.stream.clone()));
        wanted.receipts.insert(append.command.id);
        for change in &append.claims {
            let (ClaimChange::Take(key) | ClaimChange::Release(key)) = change;
            wanted.claims.insert(TenantClaim {
                tenant: tenant.clone(),
                key: key.clone(),
            });
        }
        if let AppendEvents::Numbered { request, .. } = &append.events {
            let (code, period) = (request.series.clone(), request.period.clone());
            wanted.series.insert(SeriesKey {
                tenant: tenant.clone(),
                code,
                period,
            });
        }
        wanted
    }

    /// Takes other wants in.
    pub fn extend(&mut self, other: Self) {
        self.streams.extend(other.streams);
        self.receipts.extend(other.receipts);
        self.claims.extend(other.claims);
        self.series.extend(other.series);
    }

    /// Whether there is nothing to ask.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
            && self.receipts.is_empty()
            && self.claims.is_empty()
            && self.series.is_empty()
    }
}

/// What is true at one instant. What was wanted and is not in here does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The journal's end at that instant.
    pub head: HeadState,
    /// Version per stream that has an event.
    pub streams: HashMap<StreamId, u64>,
    /// Receipt per command that was ever committed.
    pub receipts: HashMap<CommandId, Receipt>,
    /// Holder per claim that is held.
    pub claims: HashMap<TenantClaim, StreamId>,
    /// State per series that was ever used.
    pub series: HashMap<SeriesKey, SeriesState>,
}

impl Facts {
    /// The head alone.
    #[must_use]
    pub fn of_head(head: HeadState) -> Self {
        Self {
            head,
            streams: HashMap::new(),
            receipts: HashMap::new(),
            claims: HashMap::new(),
            series: HashMap::new(),
        }
    }
}

/// One event of a batch, with the command that caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchEvent {
    /// The event, complete.
    pub event: RecordedEvent,
    /// Its command.
    pub command: CommandId,
}

/// What an event of another writer means to those who remember: no more of it than that, because where
/// several write, each reads what all the others have written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it stands.
    pub position: u64,
    /// The stream that it has lengthened.
    pub stream: StreamId,
    /// The version that the stream has come to.
    pub version: u64,
    /// Its hash.
    pub hash: ChainHash,
    /// Its metadata, if claims or a number were taken with it.
    pub metadata_json: Option<String>,
}

/// The last number that a batch gives out in a period of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesMove {
    /// Which series and period.
    pub key: SeriesKey,
    /// The sequence number.
    pub last_sequence: u64,
    /// The date of the document that takes it.
    pub last_date: Date,
}

/// Everything that one commit writes, all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Where the journal must end for the batch to be written.
    pub from: HeadState,
    /// Where it ends afterwards.
    pub to: HeadState,
    /// The events, dense from `from` to `to`.
    pub events: Vec<BatchEvent>,
    /// What each command came to.
    pub receipts: Vec<(CommandId, Receipt)>,
    /// Claims given back; removed before `taken` is written.
    pub released: Vec<TenantClaim>,
    /// Claims and their new holders.
    pub taken: Vec<(TenantClaim, StreamId)>,
    /// How far each series comes.
    pub series: Vec<SeriesMove>,
    /// Cached folds that ride along.
    pub snapshots: Vec<(StreamId, Snapshot)>,
}

impl Batch {
    /// A batch that leaves the journal as it is.
    #[must_use]
    pub const fn of_nothing(head: HeadState) -> Self {
        Self {
            from: head,
            to: head,
            events: Vec::new(),
            receipts: Vec::new(),
            released: Vec::new(),
            taken: Vec::new(),
            series: Vec::new(),
            snapshots: Vec::new(),
        }
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.receipts.is_empty() && self.snapshots.is_empty()
    }

    /// Whether there is more to write than events and receipts.
    #[must_use]
    pub const fn has_companions(&self) -> bool {
        !(self.released.is_empty()
            && self.taken.is_empty()
            && self.series.is_empty()
            && self.snapshots.is_empty())
    }
}

/// What became of a batch that the engine answered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is durable.
    Committed,
    /// Nothing was written: another writer has moved the head.
    HeadMoved,
    /// Nothing was written: a primary key is in use, by something that the writer did not know.
    Occupied,
}

/// The engine could not answer. Whether a batch was written is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EngineError {
    /// It cannot be reached, is full, or refuses to write.
    #[error("{reason}")]
    Unavailable {
        /// The engine's word, for the log only.
        reason: String,
    },
    /// What it holds cannot be what was written.
    #[error("damaged at position {position}: {reason}")]
    Damaged {
        /// The first bad position, 0 where it is not an event.
        position: u64,
        /// What is wrong.
        reason: String,
    },
}

/// The writing side of a database. One task calls it, one call at a time. A batch is shared, because an
/// engine may have to hand it to another thread.
#[async_trait]
pub trait Engine: Send + 'static {
    /// What the database is called in traces (`db.system.name`).
    const SYSTEM: &'static str;

    /// Facts at one instant.
    ///
    /// # Errors
    /// [`EngineError`] when they cannot be read.
    async fn lookup(&mut self, wanted: &Wanted) -> Result<Facts, EngineError>;

    /// The same, and from here on nobody else can move the head until `write_locked` or `unlock`.
    ///
    /// # Errors
    /// [`EngineError`] when they cannot be read; nothing is locked then.
    async fn lock(&mut self, wanted: &Wanted) -> Result<Facts, EngineError>;

    /// Gives the lock back without writing.
    ///
    /// # Errors
    /// [`EngineError`] when the connection is lost, which gives the lock back as well.
    async fn unlock(&mut self) -> Result<(), EngineError>;

    /// Writes a batch if the journal still ends at `batch.from`. One without content is written as
    /// well, the head over itself: the writer asks so whether a commit would be kept.
    ///
    /// # Errors
    /// [`EngineError`]: the outcome is unknown.
    async fn write(&mut self, batch: &Arc<Batch>) -> Result<Written, EngineError>;

    /// Writes a batch under the lock, and gives the lock back.
    ///
    /// # Errors
    /// [`EngineError`]: the outcome is unknown, and the lock is given back.
    async fn write_locked(&mut self, batch: &Arc<Batch>) -> Result<Written, EngineError>;

    /// Waits until it is this writer's turn among those that ask, and keeps it until `give_turn` or
    /// the end of the connection. A turn guards nothing, it spares lost rounds; so an engine with one
    /// writer has nothing to do. False when somebody keeps it for too long.
    ///
    /// # Errors
    /// [`EngineError`] when the connection is lost, and whatever turn it had.
    async fn take_turn(&mut self) -> Result<bool, EngineError> {
        Ok(true)
    }

    /// Lets the next one have its turn.
    ///
    /// # Errors
    /// [`EngineError`] when the connection is lost, which lets the next one as well.
    async fn give_turn(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    /// What the events from a position on mean to those who remember, in order.
    ///
    /// # Errors
    /// [`EngineError`] when they cannot be read.
    async fn changes(&mut self, from: u64, limit: usize) -> Result<Vec<Change>, EngineError>;

    /// Gives up the connection; called once, last.
    async fn close(self);
}
