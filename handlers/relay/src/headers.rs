//! The headers of a record: CloudEvents in binary mode, so that a consumer can route, order and
//! drop repeats without reading the value. No personal data is among them.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use invoiceapp_domain::{StreamId, StreamKind};
use invoiceapp_schemas::RecordedEvent;
use jiff::Timestamp;
use rdkafka::message::{Header, Headers, OwnedHeaders};
use serde::Deserialize;
use uuid::Uuid;

/// The version of CloudEvents.
const SPECIFICATION: &str = "1.0";
/// What the types of all events begin with.
const TYPE_PREFIX: &str = "invoiceapp";
/// Most headers of a record of ours.
const HEADERS_MAX: usize = 13;
/// Longest header value that is read.
const HEADER_BYTES_MAX: usize = 1_024;

/// The source of a journal's events.
#[must_use]
pub fn source_of(journal: &str) -> String {
    format!("/journals/{journal}")
}

/// What of an event's metadata stands in its headers.
#[derive(Debug, Deserialize)]
pub(crate) struct Published<'a> {
    correlation_id: Uuid,
    #[serde(default)]
    causation_id: Option<Uuid>,
    #[serde(default, borrow)]
    pub(crate) traceparent: Option<Cow<'a, str>>,
}

/// Reads that much of an event's metadata.
pub(crate) fn published(event: &RecordedEvent) -> Result<Published<'_>, serde_json::Error> {
    serde_json::from_str(&event.metadata_json)
}

/// Writes the headers of a journal's events.
#[derive(Debug)]
pub(crate) struct HeaderWriter {
    source: String,
    /// What a value is written into before it is copied.
    text: String,
}

impl HeaderWriter {
    pub(crate) fn new(journal: &str) -> Self {
        let (source, text) = (source_of(journal), String::new());
        Self { source, text }
    }

    /// The headers of an event whose value was written with a schema.
    pub(crate) fn write(
        &mut self,
        event: &RecordedEvent,
        published: &Published<'_>,
        key: &str,
        schema_id: u32,
    ) -> OwnedHeaders {
        let (kind, version) = (event.stream.kind.as_str(), event.schema_version);
        let headers = OwnedHeaders::new_with_capacity(HEADERS_MAX)
            .insert(header("ce_specversion", SPECIFICATION))
            .insert(header("ce_source", &self.source))
            .insert(header("ce_tenant", event.stream.tenant.as_str()));
        let headers = insert_id(headers, "ce_id", event.event_id);
        let mut insert = |headers: OwnedHeaders, name, parts: &[&str], end: fmt::Arguments<'_>| {
            let text = &mut self.text;
            text.clear();
            // Not by `end`: pieces of text are faster copied than formatted.
            parts.iter().for_each(|part| text.push_str(part));
            // A text takes whatever is written.
            let _always = text.write_fmt(end);
            headers.insert(header(name, text.as_str()))
        };
        // `invoiceapp.invoice.InvoiceIssued.v1`
        let ce_type = [TYPE_PREFIX, ".", kind, ".", &event.event_type];
        let headers = insert(headers, "ce_type", &ce_type, format_args!(".v{version}"));
        let headers = insert(headers, "ce_subject", &[kind, "/", key], format_args!(""));
        let time = format_args!("{}", event.recorded_at);
        let headers = insert(headers, "ce_time", &[], time);
        let schema = format_args!("/schemas/ids/{schema_id}");
        let headers = insert(headers, "ce_dataschema", &[], schema);
        let position = format_args!("{}", event.position);
        let headers = insert(headers, "ce_position", &[], position);
        let stream_version = format_args!("{}", event.version);
        let headers = insert(headers, "ce_streamversion", &[], stream_version);
        let mut headers = insert_id(headers, "ce_correlationid", published.correlation_id);
        if let Some(causation_id) = published.causation_id {
            headers = insert_id(headers, "ce_causationid", causation_id);
        }
        if let Some(traceparent) = &published.traceparent {
            headers = headers.insert(header("traceparent", traceparent));
        }
        headers
    }
}

fn insert_id(headers: OwnedHeaders, name: &str, id: Uuid) -> OwnedHeaders {
    let mut text = Uuid::encode_buffer();
    let text = id.hyphenated().encode_lower(&mut text);
    headers.insert(header(name, text))
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
