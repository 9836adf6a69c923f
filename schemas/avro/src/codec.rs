//! Events to records and back, in the wire format of the schema registry: a zero byte, the schema's
//! id in four big-endian bytes, the datum.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use invoiceapp_schemas::{ChainHash, RecordedEvent};
use serde::de::DeserializeSeed as _;
use thiserror::Error;

use crate::catalog::{Catalog, EventSchema};
use crate::decode::{DATUM_BYTES_MAX, DatumError, Reader};
use crate::encode::{Payload, RecordValue, Unknown};
use crate::metadata::EventMetadata;
use crate::registry::{Registry, RegistryError};
use crate::topics::Topics;

/// The first byte of a value.
const MAGIC: u8 = 0;
/// Bytes before the datum.
const FRAME_BYTES: usize = 5;

/// Why an event could not be encoded, or a value not decoded.
#[derive(Debug, Error)]
pub enum CodecError {
    /// There is no schema for the event: it is newer than this program.
    #[error("no schema is known for event {event_type} v{schema_version}")]
    UnknownEvent {
        /// The event's name.
        event_type: String,
        /// Its stored version.
        schema_version: u16,
    },
    /// The event's text does not fit its schema.
    #[error("event {event_type} v{schema_version} does not fit its schema")]
    Unencodable {
        /// The event's name.
        event_type: String,
        /// Its stored version.
        schema_version: u16,
        /// What does not fit.
        #[source]
        source: serde_json::Error,
    },
    /// The encoded event breaks [`DATUM_BYTES_MAX`].
    #[error("the event takes {0} bytes")]
    TooLarge(usize),
    /// The value does not begin as the wire format does.
    #[error("the value is not in the wire format")]
    Frame,
    /// The datum is not one that we write.
    #[error("the datum cannot be read")]
    Datum(#[from] DatumError),
    /// The metadata cannot be read.
    #[error("the metadata cannot be read")]
    Metadata(#[source] serde_json::Error),
    /// The registry does not know, or cannot be asked.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl CodecError {
    /// Whether this says something about the registry, or our access to it, and nothing about the
    /// event or value: the same may succeed later.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Registry(RegistryError::Unavailable { .. } | RegistryError::Refused { .. })
        )
    }
}

/// An event as Avro.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// What it is written with.
    pub schema: Arc<EventSchema>,
    /// The bytes.
    pub datum: Vec<u8>,
}

/// What a value holds.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// What it was written with: the event's kind, name and version.
    pub schema: Arc<EventSchema>,
    /// The payload, as the journal has it.
    pub payload_json: String,
    /// What is published of the metadata.
    pub metadata: EventMetadata,
    /// The event's link of the journal's hash chain.
    pub chain_hash: ChainHash,
}

/// Encodes an event with the newest schema of its version.
///
/// # Errors
/// [`CodecError`] when there is none, or the event does not fit it.
pub fn encode_datum(catalog: &Catalog, event: &RecordedEvent) -> Result<Encoded, CodecError> {
    let mut datum = Vec::with_capacity(event.payload_json.len());
    let schema = put_datum(catalog, event, &mut datum)?;
    Ok(Encoded { schema, datum })
}

fn put_datum(
    catalog: &Catalog,
    event: &RecordedEvent,
    out: &mut Vec<u8>,
) -> Result<Arc<EventSchema>, CodecError> {
    let schema = catalog
        .of(event.stream.kind, &event.event_type, event.schema_version)
        .ok_or_else(|| CodecError::UnknownEvent {
            event_type: event.event_type.clone(),
            schema_version: event.schema_version,
        })?;
    let unencodable = |source| CodecError::Unencodable {
        event_type: event.event_type.clone(),
        schema_version: event.schema_version,
        source,
    };
    let start = out.len();
    let mut json = serde_json::Deserializer::from_str(&event.payload_json);
    let payload = Payload {
        event_type: &event.event_type,
        record: &schema.layout.payload,
        out,
    };
    payload.deserialize(&mut json).map_err(unencodable)?;
    json.end().map_err(unencodable)?;
    let mut json = serde_json::Deserializer::from_str(&event.metadata_json);
    let metadata = RecordValue {
        record: &schema.layout.metadata,
        unknown: Unknown::Ignore,
        out,
    };
    metadata.deserialize(&mut json).map_err(unencodable)?;
    json.end().map_err(unencodable)?;
    out.extend_from_slice(&event.hash.0);
    let length = out.len().saturating_sub(start);
    match length <= DATUM_BYTES_MAX {
        true => Ok(Arc::clone(schema)),
        false => Err(CodecError::TooLarge(length)),
    }
}

/// Decodes a datum that was written with a schema. Nothing is allocated that the datum does not
/// hold, and what it becomes is bounded.
///
/// # Errors
/// [`CodecError`] for every datum that [`encode_datum`] would not have written.
pub fn decode_datum(schema: &Arc<EventSchema>, datum: &[u8]) -> Result<Decoded, CodecError> {
    let mut reader = Reader::new(datum)?;
    let mut payload_json = String::with_capacity(datum.len().saturating_mul(2));
    payload_json.push_str("{\"");
    payload_json.push_str(&schema.event_type);
    payload_json.push_str("\":");
    reader.record(&schema.layout.payload, &mut payload_json)?;
    payload_json.push('}');
    let mut text = String::new();
    reader.record(&schema.layout.metadata, &mut text)?;
    let metadata: EventMetadata = serde_json::from_str(&text).map_err(CodecError::Metadata)?;
    if serde_json::to_string(&metadata).map_err(CodecError::Metadata)? != text {
        return Err(DatumError::Malformed("the metadata has another spelling").into());
    }
    let mut chain_hash = ChainHash::GENESIS;
    let bytes = reader.bytes(chain_hash.0.len())?;
    chain_hash.0.copy_from_slice(bytes);
    reader.finish()?;
    Ok(Decoded {
        schema: Arc::clone(schema),
        payload_json,
        metadata,
        chain_hash,
    })
}

/// Encodes and decodes values with the ids of a registry.
#[derive(Debug, Clone)]
pub struct Codec {
    catalog: Arc<Catalog>,
    registry: Arc<Registry>,
    topics: Topics,
    /// The ids that were asked for, by the full names of their schemas.
    ids: Arc<RwLock<HashMap<String, u32>>>,
}

impl Codec {
    /// A codec for the topics under a prefix.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, registry: Arc<Registry>, topics: Topics) -> Self {
        Self {
            catalog,
            registry,
            topics,
            ids: Arc::default(),
        }
    }

    fn known_id(&self, schema: &EventSchema) -> Option<u32> {
        let known = self.ids.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&schema.full_name).copied()
    }

    /// The id of a schema on its topic.
    async fn id_of(&self, schema: &EventSchema) -> Result<u32, RegistryError> {
        if let Some(id) = self.known_id(schema) {
            return Ok(id);
        }
        let subject = self.topics.subject(schema.topic(), &schema.full_name);
        let id = self.registry.id_of(&subject, schema.text).await?;
        let mut known = self.ids.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(schema.full_name.clone(), id);
        Ok(id)
    }

    /// The value of an event, and the id of its schema. The id is asked for once per subject;
    /// nothing is registered here.
    ///
    /// # Errors
    /// [`CodecError`]; one that [`is_unavailable`](CodecError::is_unavailable) only while the subject's
    /// id was never learned.
    pub async fn encode(&self, event: &RecordedEvent) -> Result<(Vec<u8>, u32), CodecError> {
        let mut value = Vec::with_capacity(event.payload_json.len());
        value.extend_from_slice(&[MAGIC; FRAME_BYTES]);
        let schema = put_datum(&self.catalog, event, &mut value)?;
        let id = self.id_of(&schema).await?;
        if let Some(frame) = value.get_mut(1..FRAME_BYTES) {
            frame.copy_from_slice(&id.to_be_bytes());
        }
        Ok((value, id))
    }

    /// What a value holds. A schema that was not compiled in is refused, whatever the registry says
    /// of it.
    ///
    /// # Errors
    /// [`CodecError`]; unless it [`is_unavailable`](CodecError::is_unavailable), the value will
    /// never be readable to this program.
    pub async fn decode(&self, value: &[u8]) -> Result<Decoded, CodecError> {
        let (frame, datum) = value
            .split_first_chunk::<FRAME_BYTES>()
            .ok_or(CodecError::Frame)?;
        let [MAGIC, id @ ..] = *frame else {
            return Err(CodecError::Frame);
        };
        let id = u32::from_be_bytes(id);
        let schema = self.registry.schema_of(id, &self.catalog).await?;
        decode_datum(&schema, datum)
    }
}
