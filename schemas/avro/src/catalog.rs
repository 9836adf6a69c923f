//! Every schema that was compiled in, by event and by content.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use invoiceapp_domain::StreamKind;
use serde_json::Value;

use crate::committed::SCHEMAS;
use crate::schema::{Layout, SchemaError};
use crate::topics::Topic;

/// What the namespaces of all records begin with; the stream's kind follows.
pub(crate) const NAMESPACE_PREFIX: &str = "invoiceapp.";

/// A committed revision of the schema of one version of one event.
#[derive(Debug)]
pub struct EventSchema {
    /// Whose event it is.
    pub kind: StreamKind,
    /// The event's name.
    pub event_type: String,
    /// The version of its stored shape.
    pub schema_version: u16,
    /// 1 for the first schema of the record; compatible changes count on.
    pub revision: u32,
    /// The record's name with its namespace; a subject ends with it.
    pub full_name: String,
    /// The schema as it is registered.
    pub text: &'static str,
    pub(crate) layout: Layout,
}

impl EventSchema {
    /// The topic that carries the event.
    #[must_use]
    pub const fn topic(&self) -> Topic {
        Topic::of(self.kind)
    }
}

/// The name of the record for a version of an event: a version that is not compatible with the one
/// before is another record.
pub(crate) fn record_name(event_type: &str, schema_version: u16) -> String {
    match schema_version {
        1 => event_type.to_owned(),
        version => format!("{event_type}V{version}"),
    }
}

/// The event and its version that a record is named after.
fn event_of(record: &str) -> (&str, u16) {
    record
        .rsplit_once('V')
        .and_then(|(event_type, version)| Some((event_type, version.parse().ok()?)))
        .unwrap_or((record, 1))
}

/// The schemas of all events.
#[derive(Debug)]
pub struct Catalog {
    /// All revisions of each record, oldest first, by full name.
    records: BTreeMap<String, Vec<Arc<EventSchema>>>,
    /// By the event's name, oldest first.
    by_event: HashMap<String, Vec<Arc<EventSchema>>>,
    by_content: HashMap<String, Arc<EventSchema>>,
}

impl Catalog {
    /// What was compiled in.
    ///
    /// # Errors
    /// [`SchemaError`] when a committed file is not a schema of ours, which no build that passed its
    /// tests has.
    pub fn compiled() -> Result<Arc<Self>, SchemaError> {
        static CATALOG: OnceLock<Result<Arc<Catalog>, SchemaError>> = OnceLock::new();
        CATALOG
            .get_or_init(|| {
                let files = SCHEMAS.iter().map(|file| (file.name, file.text));
                Self::new(files).map(Arc::new)
            })
            .clone()
    }

    /// A catalog of files, given by name (`InvoiceIssued`, `InvoiceIssued.1`) and content.
    pub(crate) fn new(
        files: impl IntoIterator<Item = (&'static str, &'static str)>,
    ) -> Result<Self, SchemaError> {
        let mut catalog = Self {
            records: BTreeMap::new(),
            by_event: HashMap::new(),
            by_content: HashMap::new(),
        };
        let mut revisions: BTreeMap<String, Vec<(u32, &str, &'static str)>> = BTreeMap::new();
        for (name, text) in files {
            // The newest revision has no number, so it comes last.
            let (record, revision) = match name.split_once('.') {
                Some((record, revision)) => (record, revision.parse().unwrap_or(u32::MAX)),
                None => (name, u32::MAX),
            };
            let namespace = namespace_of(text)?;
            let entry = revisions.entry(format!("{namespace}.{record}"));
            entry.or_default().push((revision, record, text));
        }
        for (full_name, mut files) in revisions {
            files.sort_unstable_by_key(|(revision, ..)| *revision);
            for (revision, (_, record, text)) in (1..).zip(files) {
                catalog.add(&full_name, record, revision, text)?;
            }
        }
        Ok(catalog)
    }

    fn add(
        &mut self,
        full_name: &str,
        record: &str,
        revision: u32,
        text: &'static str,
    ) -> Result<(), SchemaError> {
        let unknown = || SchemaError(format!("{full_name} belongs to no stream"));
        let kind = full_name
            .strip_prefix(NAMESPACE_PREFIX)
            .and_then(|rest| rest.split_once('.'))
            .and_then(|(kind, _)| kind.parse().ok())
            .ok_or_else(unknown)?;
        let (event_type, schema_version) = event_of(record);
        let schema = Arc::new(EventSchema {
            kind,
            event_type: event_type.to_owned(),
            schema_version,
            revision,
            full_name: full_name.to_owned(),
            text,
            layout: Layout::compile(text)?,
        });
        self.by_content
            .insert(canonical(text)?, Arc::clone(&schema));
        let called_so = self.by_event.entry(event_type.to_owned());
        called_so.or_default().push(Arc::clone(&schema));
        self.records
            .entry(full_name.to_owned())
            .or_default()
            .push(schema);
        Ok(())
    }

    /// The schema that an event is written with: the newest of its version.
    #[must_use]
    pub fn of(
        &self,
        kind: StreamKind,
        event_type: &str,
        schema_version: u16,
    ) -> Option<&Arc<EventSchema>> {
        let called_so = self.by_event.get(event_type)?.iter();
        let is_it = |schema: &&Arc<EventSchema>| {
            schema.kind == kind && schema.schema_version == schema_version
        };
        called_so.rev().find(is_it)
    }

    /// The schema with a content, however it is spelled.
    #[must_use]
    pub fn with_content(&self, text: &str) -> Option<&Arc<EventSchema>> {
        self.by_content.get(&canonical(text).ok()?)
    }

    /// Every record with its revisions, oldest first.
    pub fn records(&self) -> impl Iterator<Item = &[Arc<EventSchema>]> {
        self.records.values().map(Vec::as_slice)
    }
}

fn parse(text: &str) -> Result<Value, SchemaError> {
    serde_json::from_str(text).map_err(|error| SchemaError(error.to_string()))
}

fn namespace_of(text: &str) -> Result<String, SchemaError> {
    parse(text)?["namespace"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| SchemaError("it has no namespace".to_owned()))
}

/// What of a schema says how a datum is read.
const MEANINGFUL: [&str; 8] = [
    "type",
    "name",
    "namespace",
    "fields",
    "items",
    "size",
    "logicalType",
    "default",
];

/// One spelling for every way to write the same schema. Attributes of our own are left out, because
/// not every registry gives them back.
fn canonical(text: &str) -> Result<String, SchemaError> {
    Ok(normal(&parse(text)?).to_string())
}

fn normal(schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(normal).collect(),
        Value::Object(members) => {
            let kept = members
                .iter()
                .filter(|(name, _)| MEANINGFUL.contains(&name.as_str()));
            let normal = |(name, value): (&String, &Value)| match name.as_str() {
                "default" => (name.clone(), value.clone()),
                _ => (name.clone(), normal(value)),
            };
            let kept: serde_json::Map<String, Value> = kept.map(normal).collect();
            match (kept.len(), kept.get("type")) {
                // `{"type": "string"}` is `"string"`.
                (1, Some(Value::String(simple))) => Value::String(simple.clone()),
                _ => Value::Object(kept),
            }
        }
        other => other.clone(),
    }
}
