//! The journal as a `cqrs_es::EventStore`, for code and tools that speak its traits. Commands of the
//! system go through [`crate::execute`]: `CqrsFramework` can neither take a number nor hold a claim.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use cqrs_es::{AggregateContext, AggregateError, EventEnvelope, EventStore};
use invoiceapp_domain::{Actor, Ambient, Decider, Fact, Root, StreamId};
use invoiceapp_schemas::{
    CommandId, CommandStamp, Metadata, NewEvent, RecordedEvent, decode, encode,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::loaded::Loaded;
use crate::port::{
    Append, AppendError, AppendEvents, Journal, JournalError, READ_EVENTS_MAX, is_last_page,
};

/// A metadata entry that `commit` understands: the command's id, which makes the commit idempotent.
pub const COMMAND_ID: &str = "command_id";
/// The id of the outside request that caused the commit.
pub const CORRELATION_ID: &str = "correlation_id";
/// The id of the event that caused the commit.
pub const CAUSATION_ID: &str = "causation_id";
/// The W3C trace context of the request.
pub const TRACEPARENT: &str = "traceparent";

type StoreError<A> = AggregateError<<A as Decider>::Refusal>;

/// Streams of one aggregate type. Aggregate ids are those of the journal's column: `tenant:key`.
#[derive(Debug, Clone)]
pub struct JournalEventStore<A: Decider> {
    journal: Arc<dyn Journal>,
    ambient: Arc<dyn Ambient>,
    actor: Actor,
    aggregate: PhantomData<fn() -> A>,
}

impl<A: Decider> JournalEventStore<A> {
    /// A store whose commits are the actor's.
    #[must_use]
    pub fn new(journal: Arc<dyn Journal>, ambient: Arc<dyn Ambient>, actor: Actor) -> Self {
        Self {
            journal,
            ambient,
            actor,
            aggregate: PhantomData,
        }
    }

    async fn read(&self, stream: &StreamId) -> Result<Vec<RecordedEvent>, StoreError<A>> {
        let mut events: Vec<RecordedEvent> = Vec::new();
        loop {
            let after = events.last().map_or(0, |event| event.version);
            let page = self
                .journal
                .read_stream(stream, after, READ_EVENTS_MAX)
                .await;
            let page = page.map_err(|error| connection_error::<A>(error))?;
            let is_last = is_last_page(&page, READ_EVENTS_MAX);
            events.extend(page);
            if is_last {
                return Ok(events);
            }
        }
    }

    fn metadata(&self, entries: &HashMap<String, String>) -> Result<Metadata, StoreError<A>> {
        let known = [COMMAND_ID, CORRELATION_ID, CAUSATION_ID, TRACEPARENT];
        if let Some(name) = entries.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(unexpected::<A>(format!(
                "metadata has no place for {name:?}"
            )));
        }
        let id = |name: &str| {
            let parsed = entries
                .get(name)
                .map(|text| Uuid::try_parse(text))
                .transpose();
            parsed.map_err(|_| unexpected::<A>(format!("{name} is no UUID")))
        };
        Ok(Metadata {
            actor: self.actor.clone(),
            command_id: CommandId(id(COMMAND_ID)?.unwrap_or_else(|| self.ambient.new_id())),
            correlation_id: id(CORRELATION_ID)?.unwrap_or_else(|| self.ambient.new_id()),
            causation_id: id(CAUSATION_ID)?,
            traceparent: entries.get(TRACEPARENT).cloned(),
            claims: Vec::new(),
            number: None,
        })
    }
}

/// A loaded aggregate with what a commit on it needs.
#[derive(Debug)]
pub struct JournalContext<A: Decider> {
    stream: StreamId,
    version: u64,
    root: Root<A>,
}

impl<A: Decider> AggregateContext<Root<A>> for JournalContext<A> {
    fn aggregate(&mut self) -> &mut Root<A> {
        &mut self.root
    }
}

impl<A: Decider> EventStore<Root<A>> for JournalEventStore<A> {
    type AC = JournalContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<Root<A>>>, StoreError<A>> {
        let stream = stream_of::<A>(aggregate_id)?;
        self.read(&stream)
            .await?
            .iter()
            .map(|event| envelope::<A>(event))
            .collect()
    }

    async fn load_aggregate(&self, aggregate_id: &str) -> Result<Self::AC, StoreError<A>> {
        let stream = stream_of::<A>(aggregate_id)?;
        let mut loaded: Option<Loaded<A>> = None;
        for event in self.read(&stream).await? {
            let folded = Loaded::fold(loaded, &event);
            loaded = Some(folded.map_err(|e| AggregateError::DeserializationError(Box::new(e)))?);
        }
        let version = loaded.as_ref().map_or(0, |loaded| loaded.version);
        let root = Root(loaded.map(|loaded| loaded.state).unwrap_or_default());
        Ok(JournalContext {
            stream,
            version,
            root,
        })
    }

    async fn commit(
        &self,
        events: Vec<Fact<A::Event>>,
        context: Self::AC,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<Root<A>>>, StoreError<A>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let written: Result<Vec<NewEvent>, _> = events.iter().map(|fact| encode(&fact.0)).collect();
        let written = written.map_err(|e| AggregateError::UnexpectedError(Box::new(e)))?;
        let metadata = self.metadata(&metadata)?;
        let fingerprint = fingerprint(&context.stream, &written);
        let append = Append {
            stream: context.stream.clone(),
            expected_version: context.version,
            events: AppendEvents::Ready(written),
            command: CommandStamp {
                id: metadata.command_id,
                fingerprint,
            },
            metadata,
            claims: Vec::new(),
            guards: Vec::new(),
        };
        let count = events.len();
        let committed = self
            .journal
            .append(append)
            .await
            .map_err(store_error::<A>)?;
        let first = committed
            .version
            .saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
        let page = self
            .journal
            .read_stream(&committed.stream, first, count)
            .await;
        let page = page.map_err(|error| connection_error::<A>(error))?;
        page.iter().map(|event| envelope::<A>(event)).collect()
    }
}

fn fingerprint(stream: &StreamId, events: &[NewEvent]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(stream.to_string());
    for event in events {
        hasher.update([0]);
        hasher.update(&event.payload_json);
    }
    hasher.finalize().into()
}

fn stream_of<A: Decider>(aggregate_id: &str) -> Result<StreamId, StoreError<A>> {
    StreamId::from_columns(A::KIND.as_str(), aggregate_id)
        .map_err(|error| AggregateError::UnexpectedError(Box::new(error)))
}

fn envelope<A: Decider>(event: &RecordedEvent) -> Result<EventEnvelope<Root<A>>, StoreError<A>> {
    let payload = decode(event).map_err(|e| AggregateError::DeserializationError(Box::new(e)))?;
    let metadata: serde_json::Value = serde_json::from_str(&event.metadata_json)
        .map_err(|e| AggregateError::DeserializationError(Box::new(e)))?;
    let sequence =
        usize::try_from(event.version).map_err(|e| AggregateError::UnexpectedError(Box::new(e)))?;
    Ok(EventEnvelope {
        aggregate_id: event.stream.aggregate_id(),
        sequence,
        payload: Fact(payload),
        metadata: as_texts(&metadata),
    })
}

fn unexpected<A: Decider>(reason: String) -> StoreError<A> {
    AggregateError::UnexpectedError(reason.into())
}

fn connection_error<A: Decider>(error: JournalError) -> StoreError<A> {
    AggregateError::DatabaseConnectionError(Box::new(error))
}

fn store_error<A: Decider>(error: AppendError) -> StoreError<A> {
    match error {
        AppendError::VersionConflict { .. } => AggregateError::AggregateConflict,
        AppendError::Journal(error) => connection_error::<A>(error),
        AppendError::ClaimTaken { .. }
        | AppendError::CommandReused
        | AppendError::SeriesDateBeforeLast { .. }
        | AppendError::TooLarge { .. }
        | AppendError::Malformed { .. } => AggregateError::UnexpectedError(Box::new(error)),
    }
}

/// `cqrs_es` keeps metadata as a flat map of texts: anything else becomes its JSON.
fn as_texts(metadata: &serde_json::Value) -> HashMap<String, String> {
    let entries = metadata.as_object().into_iter().flatten();
    let text = |value: &serde_json::Value| match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    };
    entries
        .map(|(name, value)| (name.clone(), text(value)))
        .collect()
}

/// Lets `cqrs_es`'s own `PersistedEventStore`, over the repository of sqlite-es or postgres-es, read
/// our streams: it flattens the metadata, which it wants as texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct MetadataAsTexts;

impl EventUpcaster for MetadataAsTexts {
    fn can_upcast(&self, _event_type: &str, _event_version: &str) -> bool {
        true
    }

    fn upcast(&self, event: SerializedEvent) -> SerializedEvent {
        let texts = as_texts(&event.metadata).into_iter();
        let metadata = texts.map(|(name, text)| (name, serde_json::Value::String(text)));
        SerializedEvent {
            metadata: metadata.collect(),
            ..event
        }
    }
}
