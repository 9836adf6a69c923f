//! From a record to an event.

use invoiceapp_avro::Codec;
use invoiceapp_schemas::{ChainHash, Metadata, RecordedEvent};
use rdkafka::message::{Message as _, OwnedMessage};
use serde_json::json;

use super::KafkaFeedError;
use super::buffer::{Place, Read};
use crate::headers::{EventHeaders, parse, place_of, source_of};

/// A record as it was received.
#[derive(Debug)]
pub(super) struct Received(pub(super) OwnedMessage);

impl Received {
    /// Where it came from.
    pub(super) fn place(&self) -> Place {
        (self.0.topic().to_owned(), self.0.partition())
    }
}

/// The headers of one of this journal's events. A record without usable headers is nobody's: it is
/// reported, and the position that it may have had has to come with another one.
pub(super) fn headers_of(received: &Received, journal: &str) -> Option<EventHeaders> {
    let record = &received.0;
    let source = source_of(journal);
    let parsed = match record.headers() {
        Some(headers) => match place_of(headers) {
            Some((_, other)) if other != source => return None,
            _ => parse(headers, record.key().unwrap_or_default()),
        },
        None => Err("all of them"),
    };
    match parsed {
        Ok(headers) => Some(headers),
        Err(wrong) => {
            tracing::error!(
                topic = record.topic(),
                partition = record.partition(),
                offset = record.offset(),
                wrong,
                "a record without usable headers is left out"
            );
            None
        }
    }
}

/// The event that a record holds. A value that cannot be read becomes an event that no fold
/// accepts, so that its consumer parks the stream as it parks any other poison.
pub(super) async fn decode(
    codec: &Codec,
    headers: &EventHeaders,
    received: &Received,
) -> Result<Read, KafkaFeedError> {
    let value = received.0.payload().unwrap_or_default();
    let decoded = match codec.decode(value).await {
        Ok(decoded) => decoded,
        Err(source) if source.is_unavailable() => {
            let position = headers.position;
            return Err(KafkaFeedError::Registry { position, source });
        }
        Err(error) => return Ok(undecodable(headers, &crate::relay::reason_of(&error))),
    };
    let schema = &decoded.schema;
    let named = (
        &headers.stream.kind,
        &headers.event_type,
        headers.schema_version,
    );
    if named != (&schema.kind, &schema.event_type, schema.schema_version) {
        return Ok(undecodable(
            headers,
            "the value is not the event that the headers name",
        ));
    }
    let metadata = Metadata {
        actor: decoded.metadata.actor,
        command_id: decoded.metadata.command_id,
        correlation_id: headers.correlation_id,
        causation_id: headers.causation_id,
        traceparent: headers.traceparent.clone(),
        claims: Vec::new(),
        number: decoded.metadata.number,
    };
    match serde_json::to_string(&metadata) {
        Ok(metadata_json) => Ok(Read {
            event: event(
                headers,
                decoded.payload_json,
                metadata_json,
                decoded.chain_hash,
            ),
            is_decoded: true,
        }),
        Err(error) => Ok(undecodable(headers, &error.to_string())),
    }
}

fn undecodable(headers: &EventHeaders, reason: &str) -> Read {
    tracing::error!(
        position = headers.position,
        stream = %headers.stream,
        event_type = %headers.event_type,
        reason,
        "the value of a record cannot be read"
    );
    let payload_json = json!({ "Undecodable": { "reason": reason } }).to_string();
    Read {
        event: event(headers, payload_json, "{}".to_owned(), ChainHash::GENESIS),
        is_decoded: false,
    }
}

fn event(
    headers: &EventHeaders,
    payload_json: String,
    metadata_json: String,
    hash: ChainHash,
) -> RecordedEvent {
    RecordedEvent {
        position: headers.position,
        stream: headers.stream.clone(),
        version: headers.version,
        event_id: headers.event_id,
        event_type: headers.event_type.clone(),
        schema_version: headers.schema_version,
        recorded_at: headers.recorded_at,
        metadata_json,
        payload_json,
        hash,
    }
}
