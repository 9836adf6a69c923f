//! The envelope: what the journal knows about an event beside its payload.

use std::fmt;

use invoiceapp_domain::{Actor, AllocatedNumber, ClaimChange, StreamId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::hash::ChainHash;

/// Identifies a command for ever: derived from tenant, user, method, path and `Idempotency-Key`, or
/// fresh where the client sent none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

impl fmt::Display for CommandId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A command's identity, and the SHA-256 of what it asked: the same id with another fingerprint is
/// refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandStamp {
    /// The command.
    pub id: CommandId,
    /// SHA-256 of its canonical content.
    pub fingerprint: [u8; 32],
}

/// Who, why, and what else was committed with the events of one command. Stored as JSON beside
/// the payload and covered by the hash. It carries no personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Who caused it.
    pub actor: Actor,
    /// The command that this event came of.
    pub command_id: CommandId,
    /// Ties together everything that one outside request set in motion.
    pub correlation_id: Uuid,
    /// The event that caused the command, when a reactor sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<Uuid>,
    /// W3C trace context of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Claims that were taken or released in the same commit (on its first event).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimChange>,
    /// The number that was allotted in the same commit (on its first event).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<AllocatedNumber>,
}

/// An event as the journal holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Dense, 1-based place in the journal.
    pub position: u64,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Dense, 1-based place in the stream.
    pub version: u64,
    /// UUIDv7 of the event; `ce_id` on Kafka.
    pub event_id: Uuid,
    /// Its name, past tense.
    pub event_type: String,
    /// Version of the payload's shape.
    pub schema_version: u16,
    /// When it was committed, microseconds; never goes back along the journal.
    pub recorded_at: Timestamp,
    /// The exact metadata text that was written.
    pub metadata_json: String,
    /// The exact payload text that was written.
    pub payload_json: String,
    /// Hash of this event, over the one before.
    pub hash: ChainHash,
}

impl RecordedEvent {
    /// The metadata, parsed.
    ///
    /// # Errors
    /// When the stored text is not the metadata of this version of the system.
    pub fn metadata(&self) -> Result<Metadata, serde_json::Error> {
        serde_json::from_str(&self.metadata_json)
    }
}
