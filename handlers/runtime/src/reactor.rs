//! What a reactor is: a pure plan, an act that may be repeated, and a report that is absorbed when
//! it is repeated.

use std::fmt;

use async_trait::async_trait;
use invoiceapp_domain::{EventPayload, StreamKind};
use invoiceapp_schemas::{CommandId, DecodeError, RecordedEvent, decode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;
use uuid::Uuid;

use crate::job::{Job, JobId};
use crate::lease::Lease;

/// A job that an event asks for.
#[derive(Clone, PartialEq)]
pub struct NewJob {
    /// Unique per reactor for ever: planning the same event again adds nothing.
    pub dedupe_key: String,
    /// The unit of order and of parking: the stream's aggregate id.
    pub key: String,
    /// What the act needs to know: ids, versions and hashes. No personal data and no secret,
    /// because it is stored beside the journal and shown to operators.
    pub payload: Value,
}

impl NewJob {
    /// A job that keeps its place among the jobs of the event's stream.
    ///
    /// # Errors
    /// [`PlanError`] when the payload cannot be written as JSON.
    pub fn of_event(
        event: &RecordedEvent,
        dedupe_key: String,
        payload: &impl Serialize,
    ) -> Result<Self, PlanError> {
        let payload = serde_json::to_value(payload).map_err(|error| PlanError {
            reason: error.to_string(),
        })?;
        Ok(Self {
            dedupe_key,
            key: event.stream.aggregate_id(),
            payload,
        })
    }
}

impl fmt::Debug for NewJob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewJob")
            .field("dedupe_key", &self.dedupe_key)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// What one event means to a reactor. The default is: nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Jobs to add, in the order in which they have to run.
    pub jobs: Vec<NewJob>,
    /// Facts that hold now: jobs of this reactor that wait for one of them run again.
    pub wake: Vec<String>,
    /// Dedupe keys of jobs of this reactor that nobody wants any more.
    pub cancel: Vec<String>,
}

impl Plan {
    /// The event means nothing to the reactor.
    #[must_use]
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The event asks for one job.
    #[must_use]
    pub fn job(job: NewJob) -> Self {
        Self {
            jobs: vec![job],
            ..Self::default()
        }
    }

    /// The event establishes a fact that jobs may wait for.
    #[must_use]
    pub fn wake(fact: impl Into<String>) -> Self {
        Self {
            wake: vec![fact.into()],
            ..Self::default()
        }
    }

    /// The event takes back the wish for a job.
    #[must_use]
    pub fn cancel(dedupe_key: impl Into<String>) -> Self {
        Self {
            cancel: vec![dedupe_key.into()],
            ..Self::default()
        }
    }
}

/// An event that cannot be planned. It parks the key of its stream; it is never skipped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the event cannot be planned: {reason}")]
pub struct PlanError {
    /// Why, without personal data.
    pub reason: String,
}

impl From<DecodeError> for PlanError {
    fn from(error: DecodeError) -> Self {
        // The source quotes the payload; the event's name, version and place do not.
        Self {
            reason: error.to_string(),
        }
    }
}

/// The event, when its stream is of the kind and its type is one that the reactor reads. Any other
/// event is not even decoded, so that one which cannot be read parks only the work it concerns.
///
/// # Errors
/// [`PlanError`] when the event is wanted and cannot be read.
pub fn event_of<E: EventPayload>(
    event: &RecordedEvent,
    kind: StreamKind,
    types: &[&str],
) -> Result<Option<E>, PlanError> {
    let is_wanted = event.stream.kind == kind && types.contains(&event.event_type.as_str());
    Ok(is_wanted.then(|| decode(event)).transpose()?)
}

/// How an act ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The effect is there and reported.
    Done,
    /// It failed in a way that may pass: tried again with back-off, a limited number of times,
    /// and then parked.
    Retry {
        /// Why, without personal data.
        reason: String,
    },
    /// A part that the act needs is down: tried again with back-off until it returns, which is not
    /// counted as an attempt, so that an outage heals with nobody's help.
    Unavailable {
        /// Which part, without personal data.
        reason: String,
    },
    /// A fact that the act stands on is not there yet; not counted as an attempt.
    NotYet {
        /// The fact's name, as [`Plan::wake`] will say it.
        wake_on: String,
        /// When to look again, should the wake be missed.
        check_again_at: Timestamp,
    },
    /// Trying again cannot help: parks the job, and the later ones of its key behind it.
    Park {
        /// Why, without personal data.
        reason: String,
    },
    /// Nobody wants the effect any more.
    Cancelled {
        /// Why, without personal data.
        reason: String,
    },
}

impl Outcome {
    /// What a part that failed means for the job that needs it: waited out when that may pass, and
    /// otherwise left to a person.
    #[must_use]
    pub fn of_part(failure: &dyn std::error::Error, may_pass: bool) -> Self {
        let reason = failure.to_string();
        if may_pass {
            Self::Unavailable { reason }
        } else {
            Self::Park { reason }
        }
    }
}

/// A reactor: turns events into effects outside the journal, and reports them as commands.
#[async_trait]
pub trait Reactor: Send + Sync + fmt::Debug + 'static {
    /// Its name, for ever: checkpoints and job ids are derived from it.
    fn name(&self) -> &'static str;

    /// What an event asks for. Pure: no clock, no I/O, the same answer every time.
    ///
    /// # Errors
    /// [`PlanError`] when the event concerns the reactor and cannot be read.
    fn plan(&self, event: &RecordedEvent) -> Result<Plan, PlanError>;

    /// Works on a job. May run more than once for one job, and never at the same time as another
    /// job of the same key, unless its lease was lost. An effect that cannot be repeated blindly
    /// is announced with [`Lease::mark_started`] first; see [`Job::interrupted`].
    async fn act(&self, job: &Job, lease: &Lease) -> Outcome;
}

/// The id of the command by which a job reports a step. Always the same for a job and step, so that
/// a report which is sent again after a crash is absorbed by the journal's receipt.
#[must_use]
pub fn derived_command_id(job: JobId, step: &str) -> CommandId {
    CommandId(Uuid::new_v5(&job.0, step.as_bytes()))
}
