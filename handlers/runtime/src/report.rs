//! How a reactor reports: as a command to the stream that the job's event came from, under an id
//! that is derived from the job. A report that is sent again after a crash is absorbed by the
//! receipt of the first.

use std::sync::Arc;

use invoiceapp_domain::locale::{TimeZoneName, today};
use invoiceapp_domain::{Actor, Ambient, Context, Decider};
use invoiceapp_journal::execute::{CommandExecutor, ExecuteError, Execution, LoadError};
use invoiceapp_observe::TraceContext;
use invoiceapp_schemas::CommandStamp;
use sha2::{Digest, Sha256};

use crate::job::Job;
use crate::reactor::{Outcome, derived_command_id};

/// A step of a job that is reported once, by its name.
#[derive(Debug, Clone)]
pub struct Step {
    name: &'static str,
    fingerprint: Sha256,
}

impl Step {
    /// A step whose first report counts, whatever a later one says.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        let fingerprint = Sha256::new_with_prefix(name);
        Self { name, fingerprint }
    }

    /// Makes a part of the report's content count: a later report of the step that says something
    /// else is answered with [`ExecuteError::CommandReused`].
    #[must_use]
    pub fn with_content(mut self, content: &str) -> Self {
        self.fingerprint.update(content);
        self
    }
}

/// Sends a reactor's reports.
#[derive(Debug, Clone)]
pub struct Reporter {
    reactor: &'static str,
    executor: CommandExecutor,
    ambient: Arc<dyn Ambient>,
}

impl Reporter {
    /// Reports in the name of a reactor, through the executor that loads its streams.
    #[must_use]
    pub const fn new(
        reactor: &'static str,
        executor: CommandExecutor,
        ambient: Arc<dyn Ambient>,
    ) -> Self {
        Self {
            reactor,
            executor,
            ambient,
        }
    }

    /// Sends a step's report. Once this returns `Ok`, the report is in the journal.
    ///
    /// # Errors
    /// What the executor says; an [`Outcome`] can be made of it where the reactor has no answer of
    /// its own.
    pub async fn report<A: Decider>(
        &self,
        job: &Job,
        step: Step,
        command: A::Command,
    ) -> Result<(), ExecuteError<A::Refusal>> {
        let now = self.ambient.now();
        let stream = job.source.stream.clone();
        let context = Context {
            tenant: stream.tenant.clone(),
            actor: Actor::System(self.reactor.to_owned()),
            now,
            // No rule about a report looks at the day.
            today: today(now, &TimeZoneName::utc()),
        };
        let stamp = CommandStamp {
            id: derived_command_id(job.id, step.name),
            fingerprint: step.fingerprint.finalize().into(),
        };
        let execution = Execution::new(stream, stamp, context, job.source.correlation_id)
            .with_causation(Some(job.source.event_id))
            .with_traceparent(traceparent(job));
        let executed = self.executor.execute::<A>(execution, command).await;
        executed.map(|_| ())
    }
}

/// The trace that the report belongs to: that of the job's event, as far as it has got.
fn traceparent(job: &Job) -> Option<String> {
    let here = TraceContext::current().map(|context| context.traceparent());
    here.or_else(|| job.source.traceparent.clone())
}

/// What a report that was not taken means for its job.
impl<E: std::error::Error + 'static> From<ExecuteError<E>> for Outcome {
    fn from(error: ExecuteError<E>) -> Self {
        let reason = error.to_string();
        match error {
            ExecuteError::Journal(_) | ExecuteError::Load(_) => Self::Unavailable { reason },
            ExecuteError::Conflict => Self::Retry { reason },
            ExecuteError::Refused(_)
            | ExecuteError::VersionMismatch { .. }
            | ExecuteError::CommandReused
            | ExecuteError::ClaimTaken { .. }
            | ExecuteError::SeriesDateBeforeLast { .. }
            | ExecuteError::NotFound
            | ExecuteError::TooLarge { .. }
            | ExecuteError::Unwritable { .. } => Self::Park { reason },
        }
    }
}

/// What a stream that cannot be loaded means for the job that needs it.
impl From<LoadError> for Outcome {
    fn from(error: LoadError) -> Self {
        let reason = error.to_string();
        match error {
            LoadError::Journal(_) => Self::Unavailable { reason },
            LoadError::Fold(_) | LoadError::NoSuchVersion { .. } => Self::Park { reason },
        }
    }
}
