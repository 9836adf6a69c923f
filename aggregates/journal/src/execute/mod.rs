//! Executes commands: load, decide, append, and once more when somebody else was faster.
//!
//! A client that hangs up in the middle changes nothing: its command is carried on without it. The
//! state that a command is decided on may come from memory without a read: the append's expected
//! version proves afterwards that it was the present one. A refusal has no such proof, so it is given
//! only on a state that was read for it, and only when the command has no receipt: a retry gets the
//! first answer and never a refusal by its own effect.

mod attempt;
mod carried;
mod error;
mod expected;
mod hot;
mod load;
mod snapshots;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use invoiceapp_domain::{Context, Decider, StreamId};
use invoiceapp_schemas::{CommandStamp, Metadata};
use tracing::Instrument;
use uuid::Uuid;

pub use attempt::CONFLICT_ATTEMPTS_MAX;
pub use error::{ExecuteError, LoadError};
pub use expected::ExpectedVersion;
pub use hot::HOT_BYTES_MAX;
pub use snapshots::{SNAPSHOT_EVERY_EVENTS, SNAPSHOT_STATE_BYTES, SNAPSHOTS_WAITING_MAX};

use crate::loaded::Loaded;
use crate::port::{Committed, Guard, Journal, JournalError};
use carried::Carried;
use hot::HotAggregates;
use snapshots::SnapshotSaver;

/// A command's envelope: where it goes, who sent it, and what it insists on.
#[derive(Debug, Clone)]
pub struct Execution {
    /// The stream that it is for.
    pub stream: StreamId,
    /// Its identity and fingerprint.
    pub command: CommandStamp,
    /// What the decision may know.
    pub context: Context,
    /// Ties together what one outside request set in motion.
    pub correlation_id: Uuid,
    /// The event that caused it, when a reactor sent it.
    pub causation_id: Option<Uuid>,
    /// W3C trace context of the request.
    pub traceparent: Option<String>,
    /// What the client insists on about the stream's version (`If-Match`).
    pub expected_version: ExpectedVersion,
    /// The stream's key was made for this command: it is decided without reading, and the append
    /// proves that there was nothing.
    pub is_new_stream: bool,
}

impl Execution {
    /// A command without cause, trace or `If-Match`.
    #[must_use]
    pub const fn new(
        stream: StreamId,
        command: CommandStamp,
        context: Context,
        correlation_id: Uuid,
    ) -> Self {
        Self {
            stream,
            command,
            context,
            correlation_id,
            causation_id: None,
            traceparent: None,
            expected_version: ExpectedVersion::Whichever,
            is_new_stream: false,
        }
    }

    /// The stream's key was made for this command, so that there is nothing to read. A mistake costs
    /// time only: the append proves it, and the command is decided again.
    #[must_use]
    pub const fn of_a_new_stream(mut self) -> Self {
        self.is_new_stream = true;
        self
    }

    /// Insists on a version of the stream (`If-Match`).
    #[must_use]
    pub fn with_expected_version(mut self, expected: ExpectedVersion) -> Self {
        self.expected_version = expected;
        self
    }

    /// Names the event that a reactor acts upon.
    #[must_use]
    pub const fn with_causation(mut self, event_id: Option<Uuid>) -> Self {
        self.causation_id = event_id;
        self
    }

    /// Carries the request's trace context along.
    #[must_use]
    pub fn with_traceparent(mut self, traceparent: Option<String>) -> Self {
        self.traceparent = traceparent;
        self
    }

    fn metadata(&self) -> Metadata {
        Metadata {
            actor: self.context.actor.clone(),
            command_id: self.command.id,
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            traceparent: self.traceparent.clone(),
            claims: Vec::new(),
            number: None,
        }
    }
}

/// What is to be decided, with the other streams' versions that it stands on.
#[derive(Debug, Clone)]
pub struct Prepared<A: Decider> {
    /// The command.
    pub command: A::Command,
    /// Streams that must not have moved when it commits.
    pub guards: Vec<Guard>,
}

impl<A: Decider> Prepared<A> {
    /// A command that stands on its own stream alone.
    #[must_use]
    pub const fn new(command: A::Command) -> Self {
        Self {
            command,
            guards: Vec::new(),
        }
    }

    /// Stands on another stream as well.
    #[must_use]
    pub fn with_guard(mut self, stream: StreamId, version: u64) -> Self {
        self.guards.push(Guard { stream, version });
        self
    }
}

/// A command that was committed, now or before.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed<A: Decider> {
    /// The stream as of the command: for one that was committed before, as it was then.
    pub loaded: Arc<Loaded<A>>,
    /// What it came to.
    pub committed: Committed,
}

/// Loads aggregates and executes commands on them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CommandExecutor {
    journal: Arc<dyn Journal>,
    hot: HotAggregates,
    snapshots: SnapshotSaver,
    conflict_retries: Arc<AtomicU64>,
}

impl CommandExecutor {
    /// An executor over a journal. Must be called within a Tokio runtime: it starts the task that
    /// saves snapshots, which ends with the last clone.
    #[must_use]
    pub fn new(journal: Arc<dyn Journal>) -> Self {
        let snapshots = SnapshotSaver::start(Arc::clone(&journal));
        Self {
            journal,
            hot: HotAggregates::new(),
            snapshots,
            conflict_retries: Arc::default(),
        }
    }

    /// How often a command was decided again because somebody else was faster; grows only.
    #[must_use]
    pub fn conflict_retries(&self) -> u64 {
        self.conflict_retries.load(Ordering::Relaxed)
    }

    /// The journal underneath.
    #[must_use]
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.journal
    }

    fn retries_again(&self) {
        self.conflict_retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Executes a command.
    ///
    /// # Errors
    /// [`ExecuteError`]; nothing was committed, except that after `Journal` it may have been, which
    /// the same command id resolves.
    pub async fn execute<A: Decider>(
        &self,
        execution: Execution,
        command: A::Command,
    ) -> Result<Executed<A>, ExecuteError<A::Refusal>> {
        let prepared = Prepared::<A>::new(command);
        self.execute_prepared(execution, prepared).await
    }

    /// Executes a command that stands on the given versions of other streams. They are not read
    /// again: when one has moved, every try fails and the answer is `Conflict`.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn execute_prepared<A: Decider>(
        &self,
        execution: Execution,
        prepared: Prepared<A>,
    ) -> Result<Executed<A>, ExecuteError<A::Refusal>> {
        let prepare = move |_| std::future::ready(Ok(prepared.clone()));
        self.execute_with(execution, prepare).await
    }

    /// Executes a command that is worked out anew for each try from the stream's present state and
    /// whatever else `prepare` reads: the guards that it returns make sure that those facts still
    /// hold when the command commits. `prepare` may refuse by itself; it must not write.
    ///
    /// # Errors
    /// As [`Self::execute`].
    pub async fn execute_with<A, E, F, Fut>(
        &self,
        execution: Execution,
        prepare: F,
    ) -> Result<Executed<A>, ExecuteError<E>>
    where
        A: Decider,
        E: std::error::Error + From<A::Refusal> + Send + Sync + 'static,
        F: Fn(Option<Arc<Loaded<A>>>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Prepared<A>, E>> + Send,
    {
        let executor = self.clone();
        let attempts = async move {
            attempt::Attempts {
                executor: &executor,
                execution: &execution,
            }
            .run(prepare)
            .await
        };
        let attempts = AssertUnwindSafe(attempts.in_current_span()).catch_unwind();
        match Carried::new(attempts).await {
            Ok(outcome) => outcome,
            Err(_) => {
                tracing::error!("a command ended by a panic");
                let reason = "the command ended by a panic".to_owned();
                Err(ExecuteError::Journal(JournalError::Unavailable { reason }))
            }
        }
    }
}
