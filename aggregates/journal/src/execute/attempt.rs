//! The tries of one command.

use std::future::Future;
use std::sync::Arc;

use invoiceapp_domain::{Decider, Decision, EventPayload};
use invoiceapp_schemas::{NewEvent, RecordedEvent, encode};
use uuid::Uuid;

use super::hot::{Hot, heavier};
use super::{CommandExecutor, ExecuteError, Executed, Execution, LoadError, Prepared};
use crate::loaded::Loaded;
use crate::port::{
    Append, AppendError, AppendEvents, Committed, CompleteNumbered, Guard, JournalError,
};

/// How often a command is decided when others keep being faster.
pub const CONFLICT_ATTEMPTS_MAX: usize = 5;

/// One command and the executor that tries it.
pub(super) struct Attempts<'a> {
    pub(super) executor: &'a CommandExecutor,
    pub(super) execution: &'a Execution,
}

/// What a decision comes to, ready to be appended.
struct Proposal<A: Decider> {
    decision: Decision<A::Event>,
    guards: Vec<Guard>,
}

impl Attempts<'_> {
    pub(super) async fn run<A, E, F, Fut>(&self, prepare: F) -> Result<Executed<A>, ExecuteError<E>>
    where
        A: Decider,
        E: std::error::Error + From<A::Refusal> + Send + Sync + 'static,
        F: Fn(Option<Arc<Loaded<A>>>) -> Fut + Send + Sync,
        Fut: Future<Output = Result<Prepared<A>, E>> + Send,
    {
        let mut current = match self.execution.is_new_stream {
            true => None,
            false => self.executor.hot.get::<A>(&self.execution.stream),
        };
        let mut is_present = current.is_none() && !self.execution.is_new_stream;
        if is_present {
            current = self.load().await?;
        }
        let mut conflicts = 0;
        loop {
            let proposal = match self.propose(current.as_ref(), &prepare).await {
                Ok(proposal) => proposal,
                Err(refusal) => {
                    if let Some(executed) = self.executed_before().await? {
                        return Ok(executed);
                    }
                    if is_present {
                        return Err(refusal);
                    }
                    current = self.load().await?;
                    is_present = true;
                    continue;
                }
            };
            match self.append(current.as_ref(), proposal).await? {
                Ok(executed) => return Ok(executed),
                Err(Conflict) => conflicts += 1,
            }
            if conflicts >= CONFLICT_ATTEMPTS_MAX {
                return Err(ExecuteError::Conflict);
            }
            self.executor.retries_again();
            current = self.load().await?;
            is_present = true;
        }
    }

    async fn load<A: Decider, E: std::error::Error + 'static>(
        &self,
    ) -> Result<Option<Hot<A>>, ExecuteError<E>> {
        Ok(self.executor.load_present(&self.execution.stream).await?)
    }

    async fn propose<A, E, F, Fut>(
        &self,
        current: Option<&Hot<A>>,
        prepare: &F,
    ) -> Result<Proposal<A>, ExecuteError<E>>
    where
        A: Decider,
        E: std::error::Error + From<A::Refusal> + 'static,
        F: Fn(Option<Arc<Loaded<A>>>) -> Fut,
        Fut: Future<Output = Result<Prepared<A>, E>>,
    {
        let loaded = current.map(|hot| Arc::clone(&hot.loaded));
        let actual = loaded.as_ref().map_or(0, |loaded| loaded.version);
        let is_expected = self.execution.expected_version.allows(actual);
        if !is_expected && loaded.is_some() {
            return Err(ExecuteError::VersionMismatch { actual });
        }
        let prepared = prepare(loaded.clone())
            .await
            .map_err(ExecuteError::Refused)?;
        let context = &self.execution.context;
        let decision = match &loaded {
            Some(loaded) => loaded.state.decide(&prepared.command, context),
            None => A::default().decide(&prepared.command, context),
        };
        let decision = decision.map_err(|refusal| ExecuteError::Refused(refusal.into()))?;
        if decision.events.is_empty() && loaded.is_none() {
            return Err(ExecuteError::NotFound);
        }
        // Of a stream that is not there a precondition says nothing unless the command would have
        // begun it: any other command is refused for what it is (RFC 9110 section 13.2.1).
        if !is_expected {
            return Err(ExecuteError::VersionMismatch { actual });
        }
        Ok(Proposal {
            decision,
            guards: prepared.guards,
        })
    }

    /// The outcome of an earlier execution of the same command.
    async fn executed_before<A: Decider, E: std::error::Error + 'static>(
        &self,
    ) -> Result<Option<Executed<A>>, ExecuteError<E>> {
        let receipt = self.executor.journal.receipt(self.execution.command).await;
        match receipt.map_err(|error| self.explain(error))? {
            Some(committed) => Ok(Some(self.as_of(committed).await?)),
            None => Ok(None),
        }
    }

    async fn as_of<A: Decider>(&self, committed: Committed) -> Result<Executed<A>, LoadError> {
        let (stream, version) = (&committed.stream, committed.version);
        let loaded = self.executor.load_at_version(stream, version).await?;
        Ok(Executed { loaded, committed })
    }

    async fn append<A: Decider, E: std::error::Error + 'static>(
        &self,
        current: Option<&Hot<A>>,
        proposal: Proposal<A>,
    ) -> Result<Result<Executed<A>, Conflict>, ExecuteError<E>> {
        let decision = proposal.decision;
        let events = append_events(&decision).map_err(|error| self.explain(error))?;
        let ready = match &events {
            AppendEvents::Ready(events) => Some(events.clone()),
            AppendEvents::Numbered { .. } => None,
        };
        let append = Append {
            stream: self.execution.stream.clone(),
            expected_version: current.map_or(0, |hot| hot.loaded.version),
            events,
            command: self.execution.command,
            metadata: self.execution.metadata(),
            claims: decision.claims,
            guards: proposal.guards,
        };
        match self.executor.journal.append(append).await {
            Ok(committed) if committed.replayed => Ok(Ok(self.as_of(committed).await?)),
            Ok(committed) => {
                let written = match ready {
                    Some(events) => Ok(events),
                    None => numbered::<A>(decision.events, committed.number.as_ref()),
                };
                let written = written.map_err(|error| self.explain(error))?;
                Ok(Ok(self.committed(current, written, committed)?))
            }
            Err(AppendError::VersionConflict { .. }) => Ok(Err(Conflict)),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// Folds what was committed onto what it was decided on, from the very texts that were written.
    fn committed<A: Decider, E: std::error::Error + 'static>(
        &self,
        current: Option<&Hot<A>>,
        events: Vec<NewEvent>,
        committed: Committed,
    ) -> Result<Executed<A>, ExecuteError<E>> {
        let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
        let before = current.map_or(0, |hot| hot.loaded.version);
        let mut bytes = current.map_or(0, |hot| hot.bytes);
        let mut folded = current.map(|hot| Loaded::clone(&hot.loaded));
        let mut position = committed.position.saturating_sub(count);
        for (version, new) in (before.saturating_add(1)..).zip(events) {
            bytes = heavier(bytes, new.payload_json.len());
            position = position.saturating_add(1);
            let event = recorded(&committed, position, version, new);
            let actor = || Ok(self.execution.context.actor.clone());
            folded = Some(Loaded::fold_caused(folded, &event, actor).map_err(LoadError::Fold)?);
        }
        let loaded = Arc::new(folded.ok_or(ExecuteError::NotFound)?);
        self.executor.hot.keep(&Hot {
            loaded: Arc::clone(&loaded),
            bytes,
        });
        self.executor.snapshots.offer(&loaded, before);
        Ok(Executed { loaded, committed })
    }

    fn explain<E: std::error::Error + 'static>(&self, error: AppendError) -> ExecuteError<E> {
        match error {
            AppendError::VersionConflict { .. } => ExecuteError::Conflict,
            AppendError::ClaimTaken { key } => ExecuteError::ClaimTaken { key },
            AppendError::CommandReused => ExecuteError::CommandReused,
            AppendError::SeriesDateBeforeLast { series, last } => {
                ExecuteError::SeriesDateBeforeLast { series, last }
            }
            AppendError::TooLarge { limit } => ExecuteError::TooLarge { limit },
            AppendError::Malformed { reason } => ExecuteError::Unwritable {
                reason: reason.to_owned(),
            },
            AppendError::Journal(error) => {
                tracing::warn!(%error, stream = %self.execution.stream, "a command got no outcome");
                ExecuteError::Journal(error)
            }
        }
    }
}

/// Somebody else was faster.
struct Conflict;

/// An event as the journal holds it, but for identity, metadata and hash, which this fold does not
/// look at.
fn recorded(committed: &Committed, position: u64, version: u64, new: NewEvent) -> RecordedEvent {
    RecordedEvent {
        position,
        stream: committed.stream.clone(),
        version,
        event_id: Uuid::nil(),
        event_type: new.event_type,
        schema_version: new.schema_version,
        recorded_at: committed.recorded_at,
        metadata_json: String::new(),
        payload_json: new.payload_json,
        hash: invoiceapp_schemas::ChainHash::GENESIS,
    }
}

fn append_events<E: EventPayload>(decision: &Decision<E>) -> Result<AppendEvents, AppendError> {
    let Some(request) = &decision.number else {
        return Ok(AppendEvents::Ready(encoded(&decision.events)?));
    };
    let events = decision.events.clone();
    let complete: CompleteNumbered = Arc::new(move |number| {
        let mut events = events.clone();
        for event in &mut events {
            event.assign_number(number);
        }
        encoded(&events)
    });
    Ok(AppendEvents::Numbered {
        request: request.clone(),
        complete,
    })
}

fn numbered<A: Decider>(
    mut events: Vec<A::Event>,
    number: Option<&invoiceapp_domain::AllocatedNumber>,
) -> Result<Vec<NewEvent>, AppendError> {
    if let Some(number) = number {
        for event in &mut events {
            event.assign_number(number);
        }
    }
    Ok(encoded(&events)?)
}

fn encoded<E: EventPayload>(events: &[E]) -> Result<Vec<NewEvent>, JournalError> {
    let written: Result<Vec<_>, _> = events.iter().map(encode).collect();
    written.map_err(|error| JournalError::Unavailable {
        reason: format!("an event cannot be written as JSON: {error}"),
    })
}
