//! A folded stream together with its facts of record: what a command decides on, what a snapshot
//! keeps, and what a view's document is made of.

use invoiceapp_domain::{Actor, Decider, StreamId};
use invoiceapp_schemas::{DecodeError, RecordedEvent, decode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An event that cannot be folded.
#[derive(Debug, Error)]
pub enum FoldError {
    /// The payload cannot be read.
    #[error(transparent)]
    Payload(#[from] DecodeError),
    /// The metadata cannot be read.
    #[error("the metadata at position {position} cannot be read")]
    Metadata {
        /// Where it stands.
        position: u64,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The event is not the next one of the stream.
    #[error("stream {stream} is at version {have}, and the next event has version {got}")]
    Gap {
        /// Which stream.
        stream: StreamId,
        /// The version folded so far.
        have: u64,
        /// The version that came.
        got: u64,
    },
}

/// State, version and facts of record of one stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Decider")]
pub struct Loaded<A: Decider> {
    /// Which stream.
    pub stream: StreamId,
    /// How many events were folded.
    pub version: u64,
    /// The position of the last of them.
    pub position: u64,
    /// When the first was committed.
    pub created_at: Timestamp,
    /// Who caused the first.
    pub created_by: Actor,
    /// When the last was committed.
    pub updated_at: Timestamp,
    /// The position of the first: lists are ordered by it.
    pub created_position: u64,
    /// The folded state.
    pub state: A,
}

impl<A: Decider> Loaded<A> {
    /// Folds the next event of the stream in; `None` is the stream before its first event. An
    /// event that was folded before changes nothing.
    ///
    /// # Errors
    /// [`FoldError`] when the event cannot be read or leaves a gap.
    pub fn fold(current: Option<Self>, event: &RecordedEvent) -> Result<Self, FoldError> {
        Self::fold_caused(current, event, || {
            let position = event.position;
            let metadata = event
                .metadata()
                .map_err(|source| FoldError::Metadata { position, source })?;
            Ok(metadata.actor)
        })
    }

    /// The same for an event whose actor is known, or can be had.
    pub(crate) fn fold_caused(
        current: Option<Self>,
        event: &RecordedEvent,
        actor: impl FnOnce() -> Result<Actor, FoldError>,
    ) -> Result<Self, FoldError> {
        let have = current.as_ref().map_or(0, |loaded| loaded.version);
        if let Some(loaded) = current.as_ref().filter(|_| event.version <= have) {
            return Ok(loaded.clone());
        }
        if event.version != have + 1 {
            let (stream, got) = (event.stream.clone(), event.version);
            return Err(FoldError::Gap { stream, have, got });
        }
        let payload: A::Event = decode(event)?;
        let mut loaded = match current {
            Some(loaded) => loaded,
            None => Self::first(event, actor()?),
        };
        loaded.state.evolve(&payload);
        loaded.version = event.version;
        loaded.position = event.position;
        loaded.updated_at = event.recorded_at;
        Ok(loaded)
    }

    fn first(event: &RecordedEvent, created_by: Actor) -> Self {
        let position = event.position;
        Self {
            stream: event.stream.clone(),
            version: 0,
            position,
            created_at: event.recorded_at,
            created_by,
            updated_at: event.recorded_at,
            created_position: position,
            state: A::default(),
        }
    }
}
