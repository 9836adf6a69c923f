//! The job store's port: what was planned, who works on it, what became of it.

use std::fmt;

use async_trait::async_trait;
use invoiceapp_domain::StreamId;
use invoiceapp_schemas::RecordedEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use crate::reactor::NewJob;

/// Most jobs that one listing returns.
pub const LIST_JOBS_MAX: usize = 1_000;
/// Longest reason that is kept, in bytes.
pub const REASON_BYTES_MAX: usize = 500;

/// Namespace of job ids.
const JOB_ID_NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_9d0c_7e55_5c1b_9a3e_2f40_8a51_77c4);

/// Identifies a job for ever, also after the store was lost: it is derived from the reactor's name
/// and the dedupe key, and so are the ids of the commands that report it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub Uuid);

impl JobId {
    /// The id of a reactor's job.
    #[must_use]
    pub fn derive(reactor: &str, dedupe_key: &str) -> Self {
        let reactor = Uuid::new_v5(&JOB_ID_NAMESPACE, reactor.as_bytes());
        Self(Uuid::new_v5(&reactor, dedupe_key.as_bytes()))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// To be worked on once it is due and the earlier jobs of its key are finished.
    Planned,
    /// A worker holds the lease.
    Running,
    /// Waits for a fact.
    Waiting,
    /// The effect is there.
    Done,
    /// Nobody wanted it any more.
    Cancelled,
    /// A person has to look at it; later jobs of its key wait behind it.
    Parked,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Planned,
        Self::Running,
        Self::Waiting,
        Self::Done,
        Self::Cancelled,
        Self::Parked,
    ];

    /// The state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Parked => "parked",
        }
    }

    /// The state of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// What a job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// The reactor acts.
    Act,
    /// The event could not be planned: planning is tried again.
    Plan,
}

/// The event that a job came of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSource {
    /// Its stream; the tenant is in it.
    pub stream: StreamId,
    /// Its version in the stream.
    pub version: u64,
    /// Its place in the journal.
    pub position: u64,
    /// Its id: the causation of whatever the job reports.
    pub event_id: Uuid,
    /// Ties the job to the outside request that began it; the event's own id when unreadable.
    pub correlation_id: Uuid,
}

impl JobSource {
    /// The source that an event is.
    #[must_use]
    pub fn of(event: &RecordedEvent) -> Self {
        let correlation_id = event
            .metadata()
            .map_or(event.event_id, |metadata| metadata.correlation_id);
        Self {
            stream: event.stream.clone(),
            version: event.version,
            position: event.position,
            event_id: event.event_id,
            correlation_id,
        }
    }
}

/// A job in a worker's hands.
#[derive(Clone, PartialEq)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// Whose.
    pub reactor: String,
    /// What it is unique by.
    pub dedupe_key: String,
    /// The unit of order and of parking.
    pub key: String,
    /// What for.
    pub kind: JobKind,
    /// The plan's payload.
    pub payload: Value,
    /// The event that asked for it.
    pub source: JobSource,
    /// Which attempt this is, from 1; a wait for a fact or a part is not counted.
    pub attempt: u32,
    /// An earlier attempt marked its effect as started and never said how it ended: the effect may
    /// or may not have happened.
    pub interrupted: bool,
}

impl fmt::Debug for Job {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Job")
            .field("id", &self.id)
            .field("reactor", &self.reactor)
            .field("dedupe_key", &self.dedupe_key)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// The proof of a claim. Whatever is done in its name counts only while the job's fence is still
/// this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Which job.
    pub id: JobId,
    /// Raised by one with every claim.
    pub fence: u64,
}

/// A claimed job and the proof of the claim.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The job.
    pub job: Job,
    /// The proof.
    pub ticket: Ticket,
    /// How often in a row a part was down for it.
    pub unavailable: u32,
}

/// A job on its way into the store.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedJob {
    /// What the reactor planned; for [`Self::parked`], a stand-in for the plan itself.
    pub job: NewJob,
    /// The event.
    pub source: JobSource,
    /// Its place among the jobs of one event.
    pub ordinal: u32,
    /// Why the event could not be planned, when it could not.
    pub parked: Option<String>,
}

/// What the events between two positions came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanBatch {
    /// Jobs to add, unless their id is known already.
    pub jobs: Vec<PlannedJob>,
    /// Facts that hold now.
    pub wake: Vec<String>,
    /// Dedupe keys that nobody wants any more.
    pub cancel: Vec<String>,
}

/// What becomes of a claimed job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Finished.
    Done,
    /// To be tried again.
    Retry {
        /// Why.
        reason: String,
        /// Not before.
        due_at: Timestamp,
        /// Whether it was an attempt; otherwise a part was down.
        counted: bool,
    },
    /// Waits for a fact; not an attempt.
    Wait {
        /// Which fact.
        wake_on: String,
        /// When to look again without it.
        due_at: Timestamp,
    },
    /// A person has to look.
    Park {
        /// Why.
        reason: String,
    },
    /// Not wanted.
    Cancel {
        /// Why.
        reason: String,
    },
}

/// Where a reactor that the store has never seen begins to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the journal's present head: what happened before the reactor existed is not its business.
    Head,
    /// At the first event, which is right on a new data directory.
    Beginning,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only of this reactor.
    pub reactor: Option<String>,
    /// Only in this state.
    pub state: Option<JobState>,
    /// Only with this id.
    pub id: Option<JobId>,
    /// At most so many, and never more than [`LIST_JOBS_MAX`]; 0 is the same as the maximum.
    pub limit: usize,
}

/// A job as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobRecord {
    /// Which.
    pub id: JobId,
    /// Whose.
    pub reactor: String,
    /// What it is unique by.
    pub dedupe_key: String,
    /// The unit of order and of parking.
    pub key: String,
    /// Where it is in its life.
    pub state: JobState,
    /// Attempts so far.
    pub attempt: u32,
    /// The journal position of its event.
    pub position: u64,
    /// The last reason that was given.
    pub reason: Option<String>,
    /// The fact it waits for.
    pub wake_on: Option<String>,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it is looked at next, unless it is finished or parked.
    pub due_at: Option<Timestamp>,
}

/// How many jobs of a reactor are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateCount {
    /// The state.
    pub state: JobState,
    /// How many.
    pub count: u64,
    /// When the oldest of them was planned.
    pub oldest: Option<Timestamp>,
}

/// How a reactor is doing, for health and metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReactorStatus {
    /// Which.
    pub reactor: String,
    /// Its checkpoint in the feed; the distance to the head is its lag.
    pub position: u64,
    /// Jobs per state, states without a job left out.
    pub counts: Vec<StateCount>,
}

impl ReactorStatus {
    /// How many jobs are in a state.
    #[must_use]
    pub fn count(&self, state: JobState) -> u64 {
        self.counts
            .iter()
            .find(|entry| entry.state == state)
            .map_or(0, |entry| entry.count)
    }
}

/// The store failed.
#[derive(Debug, Error)]
pub enum JobStoreError {
    /// Reading or writing is not possible now; trying again later is right.
    #[error("the job store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored row is not what this program writes.
    #[error("the job store is damaged: {what}")]
    Damaged {
        /// Which column or row.
        what: String,
    },
    /// The reactor was never registered.
    #[error("the reactor {reactor} is not registered")]
    Unregistered {
        /// Which.
        reactor: String,
    },
}

/// The port. Times come in from the caller; every change is one transaction and durable when the
/// call returns.
#[async_trait]
pub trait JobStore: Send + Sync + fmt::Debug {
    /// Makes a reactor known, beginning after a position; one that is known already keeps its
    /// checkpoint. Returns the checkpoint that holds now.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn register(
        &self,
        reactor: &str,
        start_after: u64,
        now: Timestamp,
    ) -> Result<u64, JobStoreError>;

    /// A reactor's checkpoint, `None` when it was never registered.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn checkpoint(&self, reactor: &str) -> Result<Option<u64>, JobStoreError>;

    /// Writes what the events in `(from, to]` came to and moves the checkpoint, in one transaction.
    /// `false`, and nothing written, when the checkpoint is not `from` any more.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn commit_plan(
        &self,
        reactor: &str,
        (from, to): (u64, u64),
        batch: &PlanBatch,
        now: Timestamp,
    ) -> Result<bool, JobStoreError>;

    /// Finishes a job of kind [`JobKind::Plan`] with what its event came to, in one transaction.
    /// `false`, and nothing written, when the ticket's fence is an old one.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn finish_plan(
        &self,
        ticket: Ticket,
        batch: &PlanBatch,
        now: Timestamp,
    ) -> Result<bool, JobStoreError>;

    /// Takes the next job that is due, or whose lease has run out, and that has no unfinished
    /// earlier job of its key.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn claim(
        &self,
        reactor: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Claim>, JobStoreError>;

    /// Extends a lease; `false` when it was lost.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn renew(&self, ticket: Ticket, lease_until: Timestamp) -> Result<bool, JobStoreError>;

    /// Marks the effect as started; `false` when the lease was lost.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn mark_started(&self, ticket: Ticket) -> Result<bool, JobStoreError>;

    /// Writes what became of a claimed job; `false`, and nothing written, when the lease was lost.
    /// A job whose cancellation was asked for meanwhile is cancelled instead, unless it is done.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn finish(
        &self,
        ticket: Ticket,
        verdict: &Verdict,
        now: Timestamp,
    ) -> Result<bool, JobStoreError>;

    /// When the next job can be claimed; in the past when one can be claimed now.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn next_due(&self, reactor: &str) -> Result<Option<Timestamp>, JobStoreError>;

    /// Ends every lease of a reactor. Only for a caller that knows that no other process works on
    /// the store, because it holds the data directory's lock: a restart then waits for no lease of
    /// the dead.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn release_leases(&self, reactor: &str, now: Timestamp) -> Result<u64, JobStoreError>;

    /// How every registered reactor is doing.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn status(&self) -> Result<Vec<ReactorStatus>, JobStoreError>;

    /// Jobs, oldest event first.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, JobStoreError>;

    /// Makes a parked, waiting or backed-off job due now, with its attempts counted anew. `false`
    /// when there is no such job in such a state.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn retry(&self, id: JobId, now: Timestamp) -> Result<bool, JobStoreError>;

    /// Cancels a job that is not finished; one that runs now is cancelled when its act ends without
    /// success. `false` when there is no such job.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn cancel(&self, id: JobId, reason: &str, now: Timestamp) -> Result<bool, JobStoreError>;

    /// Forgets what was in jobs that were finished before an instant, at most `limit` of them, and
    /// keeps their ids, so that none is ever planned again. Returns how many.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn prune(&self, finished_before: Timestamp, limit: u32) -> Result<u64, JobStoreError>;
}
