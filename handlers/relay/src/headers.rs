//! The headers of a record: CloudEvents in binary mode, so that a consumer can route, order and
//! drop repeats without reading the value. No personal data is among them.

use invoiceapp_domain::{StreamId, StreamKind};
use invoiceapp_schemas::{Metadata, RecordedEvent};
use jiff::Timestamp;
use rdkafka::message::{Header, Headers, OwnedHeaders};
use uuid::Uuid;

/// The version of CloudEvents.
const SPECIFICATION: &str = "1.0";
/// What the types of all events begin with.
const TYPE_PREFIX: &str = "invoiceapp";
/// Longest header value that is read.
const HEADER_BYTES_MAX: usize = 1_024;

/// The source of a journal's events.
#[must_use]
pub fn source_of(journal: &str) -> String {
    format!("/journals/{journal}")
}

/// The type of an event: `invoiceapp.invoice.InvoiceIssued.v1`.
fn type_of(event: &RecordedEvent) -> String {
    format!(
        "{TYPE_PREFIX}.{}.{}.v{}",
        event.stream.kind, event.event_type, event.schema_version
    )
}

/// The headers of an event whose value was written with a schema.
pub(crate) fn headers_of(
    event: &RecordedEvent,
    metadata: &Metadata,
    journal: &str,
    schema_id: u32,
) -> OwnedHeaders {
    let mut headers = OwnedHeaders::new_with_capacity(13)
        .insert(header("ce_specversion", SPECIFICATION))
        .insert(header("ce_id", &event.event_id.to_string()))
        .insert(header("ce_type", &type_of(event)))
        .insert(header("ce_source", &source_of(journal)))
        .insert(header("ce_subject", &event.stream.to_string()))
        .insert(header("ce_time", &event.recorded_at.to_string()))
        .insert(header(
            "ce_dataschema",
            &format!("/schemas/ids/{schema_id}"),
        ))
        .insert(header("ce_tenant", event.stream.tenant.as_str()))
        .insert(header("ce_position", &event.position.to_string()))
        .insert(header("ce_streamversion", &event.version.to_string()))
        .insert(header(
            "ce_correlationid",
            &metadata.correlation_id.to_string(),
        ));
    if let Some(causation_id) = metadata.causation_id {
        headers = headers.insert(header("ce_causationid", &causation_id.to_string()));
    }
    if let Some(traceparent) = &metadata.traceparent {
        headers = headers.insert(header("traceparent", traceparent));
    }
    headers
}

fn header<'a>(key: &'a str, value: &'a str) -> Header<'a, &'a str> {
    let value = Some(value);
    Header { key, value }
}

/// What the headers of a record say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventHeaders {
    pub(crate) position: u64,
    pub(crate) stream: StreamId,
    pub(crate) version: u64,
    pub(crate) event_id: Uuid,
    pub(crate) event_type: String,
    pub(crate) schema_version: u16,
    pub(crate) recorded_at: Timestamp,
    pub(crate) correlation_id: Uuid,
    pub(crate) causation_id: Option<Uuid>,
    pub(crate) traceparent: Option<String>,
    /// Which journal the event is from.
    pub(crate) source: String,
}

/// Reads the headers of a record; the name of one that is missing or wrong otherwise.
pub(crate) fn parse<H: Headers>(headers: &H, key: &[u8]) -> Result<EventHeaders, &'static str> {
    let text = |name: &'static str| find(headers, name).ok_or(name);
    let stream = stream_of(text("ce_subject")?).ok_or("ce_subject")?;
    if stream.aggregate_id().as_bytes() != key {
        return Err("the key");
    }
    let (event_type, schema_version) = event_of(text("ce_type")?, stream.kind).ok_or("ce_type")?;
    let id = |name: &'static str| text(name)?.parse::<Uuid>().map_err(|_| name);
    let number = |name: &'static str| match text(name)?.parse::<u64>() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(name),
    };
    Ok(EventHeaders {
        position: number("ce_position")?,
        version: number("ce_streamversion")?,
        event_id: id("ce_id")?,
        event_type: event_type.to_owned(),
        schema_version,
        recorded_at: text("ce_time")?.parse().map_err(|_| "ce_time")?,
        correlation_id: id("ce_correlationid")?,
        causation_id: find(headers, "ce_causationid")
            .map(|id| id.parse().map_err(|_| "ce_causationid"))
            .transpose()?,
        traceparent: find(headers, "traceparent").map(str::to_owned),
        source: text("ce_source")?.to_owned(),
        stream,
    })
}

/// The position alone, and the journal that it is one of.
pub(crate) fn place_of<H: Headers>(headers: &H) -> Option<(u64, &str)> {
    let position = find(headers, "ce_position")?.parse().ok()?;
    Some((position, find(headers, "ce_source")?))
}

fn find<'h, H: Headers>(headers: &'h H, name: &str) -> Option<&'h str> {
    headers
        .iter()
        .find(|header| header.key == name)
        .and_then(|header| header.value)
        .filter(|value| value.len() <= HEADER_BYTES_MAX)
        .and_then(|value| std::str::from_utf8(value).ok())
}

/// `invoice/default:0199…`
fn stream_of(subject: &str) -> Option<StreamId> {
    let (kind, id) = subject.split_once('/')?;
    StreamId::from_columns(kind, id).ok()
}

fn event_of(ce_type: &str, kind: StreamKind) -> Option<(&str, u16)> {
    let rest = ce_type.strip_prefix(TYPE_PREFIX)?.strip_prefix('.')?;
    let rest = rest.strip_prefix(kind.as_str())?.strip_prefix('.')?;
    let (event_type, version) = rest.rsplit_once(".v")?;
    Some((event_type, version.parse().ok()?))
}
