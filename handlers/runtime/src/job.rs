//! Jobs: what was planned, in whose hands it is, what becomes of it.

use std::fmt;

use invoiceapp_domain::StreamId;
use invoiceapp_schemas::RecordedEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::reactor::NewJob;

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
    /// W3C trace context of the request that began it.
    pub traceparent: Option<String>,
}

impl JobSource {
    /// The source that an event is.
    #[must_use]
    pub fn of(event: &RecordedEvent) -> Self {
        let (correlation_id, traceparent) = match event.metadata() {
            Ok(metadata) => (metadata.correlation_id, metadata.traceparent),
            Err(_) => (event.event_id, None),
        };
        Self {
            stream: event.stream.clone(),
            version: event.version,
            position: event.position,
            event_id: event.event_id,
            correlation_id,
            traceparent,
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
    /// Which attempt this is, from 1; a wait for a fact or a part is not counted, and neither is an
    /// attempt whose process was killed.
    pub attempt: u32,
    /// An earlier attempt marked its effect as started and never said how that ended, because its
    /// process was killed or it was cut off: the effect may or may not have happened. It stays so until
    /// an attempt that marks its own effect ends, or the job does.
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
    /// How often in a row whoever worked on it never said how that ended.
    pub abandoned: u32,
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
        /// Whether the act was cut off: a mark that the effect has begun stays, whoever set it.
        /// Otherwise the act's own mark is taken away, and that of an earlier attempt stays.
        cut: bool,
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
        /// Whether the act was cut off: a mark that the effect has begun stays. Otherwise the act has
        /// said what there is to say, and no mark is left.
        cut: bool,
    },
    /// Not wanted.
    Cancel {
        /// Why.
        reason: String,
    },
}
