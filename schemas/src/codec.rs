//! Payloads to text and back. The text is the externally tagged JSON of the event's enum, which is
//! what postgres-es writes too, so its repository can read our streams.

use invoiceapp_domain::EventPayload;
use thiserror::Error;

use crate::envelope::RecordedEvent;

/// An event that has a name and a text, and no place in the journal yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its name, past tense.
    pub event_type: String,
    /// Version of the payload's shape.
    pub schema_version: u16,
    /// The payload as JSON.
    pub payload_json: String,
}

/// A stored payload that the compiled types cannot read.
#[derive(Debug, Error)]
#[error("event {event_type} v{schema_version} at position {position} cannot be read")]
pub struct DecodeError {
    /// The event's name.
    pub event_type: String,
    /// Its stored version.
    pub schema_version: u16,
    /// Where it stands.
    pub position: u64,
    #[source]
    source: serde_json::Error,
}

/// Writes an event down.
///
/// # Errors
/// When the payload cannot be represented as JSON, which no event of ours can cause.
pub fn encode<E: EventPayload>(event: &E) -> Result<NewEvent, serde_json::Error> {
    Ok(NewEvent {
        event_type: event.event_type().to_owned(),
        schema_version: event.schema_version(),
        payload_json: serde_json::to_string(event)?,
    })
}

/// Reads an event back.
///
/// # Errors
/// [`DecodeError`] when the stored text is of an unknown type or shape.
pub fn decode<E: EventPayload>(event: &RecordedEvent) -> Result<E, DecodeError> {
    serde_json::from_str(&event.payload_json).map_err(|source| DecodeError {
        event_type: event.event_type.clone(),
        schema_version: event.schema_version,
        position: event.position,
        source,
    })
}
