//! Whether what is committed is what the code does: fresh, compatible, and readable for ever.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use apache_avro::Schema;
use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_schemas::{ChainHash, RecordedEvent};
use jiff::Timestamp;
use uuid::Uuid;

use crate::aggregates;
use crate::catalog::{Catalog, EventSchema};
use crate::codec::{decode_datum, encode_datum};
use crate::committed::{CorpusEvent, CorpusSample, SCHEMAS, corpus};
use crate::generate::generate;
use crate::metadata::EventMetadata;

/// What was checked, and what is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// How many schemas were looked at.
    pub schemas: usize,
    /// How many golden events were decoded.
    pub golden_events: usize,
    /// One line for each thing that is wrong; empty when all is well.
    pub problems: Vec<String>,
}

/// A sample of the golden corpus as an event of a journal.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// The event; position and version are the sample's place in the corpus.
    pub event: RecordedEvent,
    /// Its golden bytes, and the revision of the schema that wrote them.
    pub golden: Option<(u32, Vec<u8>)>,
}

/// Checks schemas and corpus as they were compiled in. Needs no server.
#[must_use]
pub fn check() -> CheckReport {
    let mut report = CheckReport::default();
    match Catalog::compiled() {
        Ok(catalog) => {
            check_freshness(&mut report);
            check_compatibility(&catalog, &mut report);
            check_corpus(&catalog, &mut report);
        }
        Err(error) => report.problems.push(error.to_string()),
    }
    report
}

fn check_freshness(report: &mut CheckReport) {
    let generated = match generate() {
        Ok(generated) => generated,
        Err(error) => return report.problems.push(error),
    };
    report.schemas = SCHEMAS.len();
    let is_current = |name: &str| !name.contains('.');
    let committed: BTreeMap<(&str, &str), &str> = SCHEMAS
        .iter()
        .filter(|file| is_current(file.name))
        .map(|file| ((file.folder, file.name), file.text))
        .collect();
    for schema in &generated {
        let name = format!("{}/{}.avsc", schema.folder, schema.name);
        match committed.get(&(schema.folder.as_str(), schema.name.as_str())) {
            None => report.problems.push(format!("{name} is missing")),
            Some(text) if *text != schema.text => {
                report
                    .problems
                    .push(format!("{name} is not what the types generate"));
            }
            Some(_) => {}
        }
    }
}

/// Whether each schema of a record can read, and be read by, each other.
fn check_compatibility(catalog: &Catalog, report: &mut CheckReport) {
    for revisions in catalog.records() {
        let texts: Vec<&str> = revisions.iter().map(|schema| schema.text).collect();
        if let Some(record) = revisions.first()
            && let Err(problem) = compatible(&texts)
        {
            report
                .problems
                .push(format!("{}: {problem}", record.full_name));
        }
    }
}

/// Whether schemas are compatible in both directions, each with each.
pub(crate) fn compatible(texts: &[&str]) -> Result<(), String> {
    let schemas: Vec<Schema> = texts
        .iter()
        .map(|text| Schema::parse_str(text).map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    for (newer, later) in schemas.iter().zip(1_usize..) {
        for other in schemas.get(later..).unwrap_or_default() {
            match SchemaCompatibility::mutual_read(newer, other) {
                Ok(Compatibility::Full) => {}
                Ok(Compatibility::Partial) => return Err("compatible only in part".to_owned()),
                Err(error) => return Err(format!("not compatible: {error}")),
            }
        }
    }
    Ok(())
}

fn check_corpus(catalog: &Catalog, report: &mut CheckReport) {
    let samples = match golden_corpus() {
        Ok(samples) => samples,
        Err(error) => return report.problems.push(error),
    };
    for sample in &samples {
        report.golden_events += 1;
        if let Err(problem) = check_sample(catalog, sample) {
            let event = &sample.event;
            let (name, version) = (&event.event_type, event.schema_version);
            report
                .problems
                .push(format!("{name} v{version}: {problem}"));
        }
    }
}

fn check_sample(catalog: &Catalog, sample: &Corpus) -> Result<(), String> {
    let event = &sample.event;
    let (revision, golden) = sample.golden.as_ref().ok_or("it has no golden bytes")?;
    let newest = catalog
        .of(event.stream.kind, &event.event_type, event.schema_version)
        .ok_or("it has no schema")?;
    let writer = revision_of(catalog, &newest.full_name, *revision)
        .ok_or_else(|| format!("revision {revision} is missing"))?;
    let decoded = decode_datum(writer, golden).map_err(|error| chain(&error))?;
    let rewrite = aggregates::of(event.stream.kind)
        .ok_or("it is not published")?
        .rewrite;
    let expected = rewrite(&event.payload_json).map_err(|error| chain(&error))?;
    let read = rewrite(&decoded.payload_json).map_err(|error| chain(&error))?;
    if read.payload_json != expected.payload_json {
        return Err("the golden bytes are another event now".to_owned());
    }
    if *revision == newest.revision {
        let encoded = encode_datum(catalog, event).map_err(|error| chain(&error))?;
        if encoded.datum != *golden || decoded.payload_json != event.payload_json {
            return Err("the golden bytes are not what is written now".to_owned());
        }
    }
    Ok(())
}

fn revision_of<'c>(
    catalog: &'c Catalog,
    full_name: &str,
    revision: u32,
) -> Option<&'c Arc<EventSchema>> {
    catalog
        .records()
        .flatten()
        .find(|schema| schema.full_name == full_name && schema.revision == revision)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _infallible = write!(text, ": {error}");
        source = error.source();
    }
    text
}

/// Every sample of the golden corpus, in the order of its files.
///
/// # Errors
/// The name of a file that is not one of the corpus, with the reason.
pub fn golden_corpus() -> Result<Vec<Corpus>, String> {
    let mut samples = Vec::new();
    let mut position = 0;
    for event in corpus()? {
        for (sample, version) in event.samples.iter().zip(1..) {
            position += 1;
            let sample = as_recorded(&event, sample, position, version)
                .map_err(|error| format!("{}.v{}: {error}", event.event, event.version))?;
            samples.push(sample);
        }
    }
    Ok(samples)
}

fn as_recorded(
    event: &CorpusEvent,
    sample: &CorpusSample,
    position: u64,
    version: u64,
) -> Result<Corpus, String> {
    let golden = match (&sample.avro, sample.revision) {
        (Some(avro), Some(revision)) => Some((revision, bytes_of(avro)?)),
        _ => None,
    };
    let metadata: EventMetadata = serde_json::from_str(sample.metadata.get())
        .map_err(|error| format!("the metadata is none: {error}"))?;
    let metadata = invoiceapp_schemas::Metadata {
        actor: metadata.actor,
        command_id: metadata.command_id,
        correlation_id: metadata.command_id.0,
        causation_id: None,
        traceparent: None,
        claims: Vec::new(),
        number: metadata.number,
    };
    let recorded_at = i64::try_from(position)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds.saturating_add(1_800_000_000)).ok())
        .unwrap_or_default();
    Ok(Corpus {
        event: RecordedEvent {
            position,
            stream: StreamId::new(
                TenantId::parse("default").map_err(|error| error.to_string())?,
                event.kind,
                stream_key(event.kind, &event.event),
            ),
            version,
            event_id: Uuid::from_u128(u128::from(position)),
            event_type: event.event.clone(),
            schema_version: event.version,
            recorded_at,
            metadata_json: serde_json::to_string(&metadata).map_err(|error| error.to_string())?,
            payload_json: sample.payload.get().to_owned(),
            hash: hash_of(&event.event, version),
        },
        golden,
    })
}

/// A stream of its own for each file of the corpus.
fn stream_key(kind: StreamKind, event: &str) -> String {
    format!("{kind}-{}", event.to_lowercase())
}

/// A stand-in, because a corpus is no chain: the same for ever, whatever is added to the corpus.
fn hash_of(event: &str, version: u64) -> ChainHash {
    let mut hash = ChainHash::GENESIS;
    let [number, ..] = version.to_le_bytes();
    let bytes = std::iter::once(number).chain(event.bytes());
    for (byte, value) in hash.0.iter_mut().zip(bytes) {
        *byte = value;
    }
    hash
}

/// The files of the corpus in which a sample has no golden bytes yet, with the bytes that are
/// written now. Bytes that are there are never changed.
///
/// # Errors
/// What is wrong with a file of the corpus.
pub fn with_golden_bytes() -> Result<Vec<(String, String)>, String> {
    let catalog = Catalog::compiled().map_err(|error| error.to_string())?;
    let mut recorded = golden_corpus()?.into_iter();
    let mut files = Vec::new();
    for event in corpus()? {
        let mut samples = Vec::new();
        for (sample, recorded) in event.samples.iter().zip(recorded.by_ref()) {
            let (revision, datum) = match recorded.golden {
                Some(golden) => golden,
                None => {
                    let encoded = encode_datum(&catalog, &recorded.event)
                        .map_err(|error| format!("{}: {}", event.event, chain(&error)))?;
                    (encoded.schema.revision, encoded.datum)
                }
            };
            samples.push(format!(
                "    {{\n      \"payload\": {},\n      \"metadata\": {},\n      \"revision\": {revision},\n      \"avro\": \"{}\"\n    }}",
                sample.payload, sample.metadata, hex_of(&datum),
            ));
        }
        let text = format!(
            "{{\n  \"kind\": \"{}\",\n  \"event\": \"{}\",\n  \"version\": {},\n  \"doc\": {},\n  \"samples\": [\n{}\n  ]\n}}\n",
            event.kind,
            event.event,
            event.version,
            serde_json::Value::from(event.doc.as_str()),
            samples.join(",\n"),
        );
        files.push((format!("{}.v{}.json", event.event, event.version), text));
    }
    Ok(files)
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of(hex: &str) -> Result<Vec<u8>, String> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| {
            let pair = std::str::from_utf8(pair).map_err(|error| error.to_string())?;
            u8::from_str_radix(pair, 16).map_err(|error| error.to_string())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::compatible;
    use crate::catalog::Catalog;
    use crate::codec::{decode_datum, encode_datum};
    use crate::golden_corpus;

    const COMMITTED: &str = include_str!("../../avsc/invoiceapp.user.v1/LocaleChanged.avsc");

    fn changed(change: impl FnOnce(&mut serde_json::Value)) -> String {
        let mut schema = serde_json::from_str(COMMITTED).unwrap();
        change(&mut schema);
        schema.to_string()
    }

    /// The committed schema with one more field in front of the envelope.
    fn with_field(field: serde_json::Value) -> String {
        changed(|schema| schema["fields"].as_array_mut().unwrap().insert(1, field))
    }

    #[test]
    fn a_field_with_a_default_is_a_compatible_change() {
        let more = with_field(serde_json::json!({
            "name": "dialect", "type": ["null", "string"], "default": null,
        }));
        compatible(&[COMMITTED, &more]).unwrap();
    }

    #[test]
    fn an_incompatible_change_is_found_in_both_directions() {
        let required = with_field(serde_json::json!({ "name": "dialect", "type": "string" }));
        let removed = changed(|schema| drop(schema["fields"].as_array_mut().unwrap().remove(0)));
        let retyped = changed(|schema| schema["fields"][0]["type"] = "long".into());
        let renamed = changed(|schema| schema["fields"][0]["name"] = "language".into());
        let nullable = changed(|schema| {
            schema["fields"][0]["type"] = serde_json::json!(["null", "string"]);
        });
        for broken in [required, removed, retyped, renamed, nullable] {
            assert!(compatible(&[COMMITTED, &broken]).is_err(), "{broken}");
            assert!(compatible(&[&broken, COMMITTED]).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_change_is_held_against_every_schema_there_was_and_not_only_the_last() {
        let text = with_field(serde_json::json!({
            "name": "dialect", "type": ["null", "string"], "default": null,
        }));
        let number = with_field(serde_json::json!({
            "name": "dialect", "type": ["null", "long"], "default": null,
        }));
        compatible(&[COMMITTED, &text]).unwrap();
        compatible(&[COMMITTED, &number]).unwrap();
        assert!(compatible(&[&text, COMMITTED, &number]).is_err());
    }

    #[test]
    fn a_former_revision_is_read_and_the_newest_is_written() {
        let more: &'static str = with_field(serde_json::json!({
            "name": "dialect", "type": ["null", "string"], "default": null,
            "omitted_when_empty": true,
        }))
        .leak();
        let files = [("LocaleChanged", more), ("LocaleChanged.1", COMMITTED)];
        let catalog = Catalog::new(files).unwrap();
        let mut event = golden_corpus()
            .unwrap()
            .into_iter()
            .find(|sample| sample.event.event_type == "LocaleChanged")
            .unwrap()
            .event;
        event.payload_json = r#"{"LocaleChanged":{"locale":"de","dialect":"at"}}"#.to_owned();
        let newest = encode_datum(&catalog, &event).unwrap();
        assert_eq!(newest.schema.revision, 2);
        let read = decode_datum(&newest.schema, &newest.datum).unwrap();
        assert_eq!(read.payload_json, event.payload_json);
        let former = Catalog::new([("LocaleChanged", COMMITTED)]).unwrap();
        event.payload_json = r#"{"LocaleChanged":{"locale":"de"}}"#.to_owned();
        let former = encode_datum(&former, &event).unwrap();
        let schema = catalog.with_content(COMMITTED).unwrap();
        let read = decode_datum(schema, &former.datum).unwrap();
        assert_eq!(read.payload_json, event.payload_json);
    }
}
