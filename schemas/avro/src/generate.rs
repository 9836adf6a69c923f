//! From the traced types to Avro schemas.
//!
//! Four decisions keep every later addition compatible in both directions: a text out of a list is
//! a string (a symbol more would break an enum's old readers), a choice between contents is a
//! record of which one member is there (a branch more would break a union's), what may be missing
//! has a default, and every record is named after its type.

use std::collections::BTreeMap;

use invoiceapp_domain::StreamKind;

use crate::absence::{Absence, Absences};
use crate::aggregates::{self, AGGREGATES};
use crate::catalog::{NAMESPACE_PREFIX, record_name};
use crate::committed::{CorpusEvent, corpus};
use crate::metadata::EventMetadata;
use crate::schema::{CHAIN_HASH_BYTES, CHAIN_HASH_FIELD, METADATA_FIELD, OMITTED_ATTRIBUTE};
use crate::topics::{Topic, Topics};
use crate::trace::{Kind, Shapes, TraceError, trace};
use crate::tree::Tree;

/// The place at which the trace of the metadata begins.
const METADATA_PLACE: &str = "metadata";

/// A schema as the code generates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The folder it belongs into: its topic's name.
    pub folder: String,
    /// The record's name without namespace; the file is called so.
    pub name: String,
    /// The file's content.
    pub text: String,
}

/// The schema of every event that the compiled types write.
///
/// # Errors
/// What is wrong with the corpus, or the place that none of its samples shows.
pub fn generate() -> Result<Vec<Generated>, String> {
    let corpus = corpus()?;
    let shapes = Shapes::default();
    let mut absences = Absences::default();
    for event in &corpus {
        observe(event, &shapes, &mut absences)
            .map_err(|error| format!("{} v{}: {error}", event.event, event.version))?;
    }
    let docs: BTreeMap<&str, &CorpusEvent> = corpus
        .iter()
        .map(|event| (event.event.as_str(), event))
        .collect();
    let mut generated = Vec::new();
    for aggregate in &AGGREGATES {
        for (event, place) in events(aggregate.kind, &shapes)? {
            let sample = docs
                .get(event.as_str())
                .ok_or_else(|| format!("no corpus for {event}"))?;
            let name = record_name(&event, sample.version);
            let mut writer = Writer {
                shapes: &shapes,
                absences: &absences,
                open: Vec::new(),
                defined: Vec::new(),
            };
            let schema = writer.event(aggregate.kind, &name, &sample.doc, &place)?;
            let text = serde_json::to_string_pretty(&schema).map_err(|error| error.to_string())?;
            generated.push(Generated {
                folder: Topics::default().name(Topic::of(aggregate.kind)),
                name,
                text: text + "\n",
            });
        }
    }
    Ok(generated)
}

/// The names of an aggregate's events, with the places of their contents.
fn events(kind: StreamKind, shapes: &Shapes) -> Result<Vec<(String, String)>, String> {
    let missing = || format!("no corpus for the {kind} events");
    let Some(Kind::Record(name)) = shapes.kind(&aggregates::root(kind)) else {
        return Err(missing());
    };
    let shape = shapes.record(&name).ok_or_else(missing)?;
    let place = |event: String| (event.clone(), format!("{name}.{event}"));
    Ok(shape.fields.into_iter().map(place).collect())
}

/// Traces the samples of one event, unless its version is one that the types no longer write.
fn observe(
    event: &CorpusEvent,
    shapes: &Shapes,
    absences: &mut Absences,
) -> Result<(), TraceError> {
    let custom = |error: serde_json::Error| TraceError(error.to_string());
    let aggregate = aggregates::of(event.kind)
        .ok_or_else(|| TraceError(format!("{} is not published", event.kind)))?;
    for sample in &event.samples {
        let current = (aggregate.rewrite)(sample.payload.get())?;
        if current.event_type != event.event {
            return Err(TraceError(format!("holds a {}", current.event_type)));
        }
        if current.schema_version != event.version {
            continue;
        }
        let payload: Tree = serde_json::from_str(sample.payload.get()).map_err(custom)?;
        (aggregate.trace)(&aggregates::root(event.kind), &payload, shapes)?;
        absences.probe(&payload, shapes.take_sightings(), &|text| {
            Ok((aggregate.rewrite)(text)?.payload_json)
        })?;
        let metadata: Tree = serde_json::from_str(sample.metadata.get()).map_err(custom)?;
        let _metadata: EventMetadata = trace(METADATA_PLACE, &metadata, shapes)?;
        absences.probe(&metadata, shapes.take_sightings(), &|text| {
            let metadata: EventMetadata = serde_json::from_str(text).map_err(custom)?;
            serde_json::to_string(&metadata).map_err(custom)
        })?;
    }
    Ok(())
}

/// Writes the schema of one event.
struct Writer<'g> {
    shapes: &'g Shapes,
    absences: &'g Absences,
    /// The records that are being written.
    open: Vec<String>,
    /// The records that have been written and are named from now on.
    defined: Vec<String>,
}

impl Writer<'_> {
    fn event(
        &mut self,
        kind: StreamKind,
        name: &str,
        doc: &str,
        place: &str,
    ) -> Result<Tree, String> {
        let Some(Kind::Record(record)) = self.shapes.kind(place) else {
            return Err(format!("no sample shows {place}"));
        };
        let mut fields = self.fields(&record)?;
        fields.push(object([
            ("name", text(METADATA_FIELD)),
            ("type", self.schema(METADATA_PLACE)?),
        ]));
        fields.push(object([
            ("name", text(CHAIN_HASH_FIELD)),
            (
                "type",
                object([
                    ("type", text("fixed")),
                    ("name", text("ChainHash")),
                    ("size", Tree::Number(CHAIN_HASH_BYTES)),
                ]),
            ),
        ]));
        Ok(object([
            ("type", text("record")),
            ("name", text(name)),
            ("namespace", Tree::Text(format!("{NAMESPACE_PREFIX}{kind}"))),
            ("doc", text(doc)),
            ("fields", Tree::List(fields)),
        ]))
    }

    fn fields(&mut self, record: &str) -> Result<Vec<Tree>, String> {
        let shape = self
            .shapes
            .record(record)
            .ok_or_else(|| format!("no sample shows {record}"))?;
        let mut fields = Vec::new();
        for name in &shape.fields {
            let place = format!("{record}.{name}");
            let mut schema = self.schema(&place)?;
            if shape.is_choice {
                schema = Tree::List(vec![text("null"), schema]);
            }
            let absence = match shape.is_choice {
                true => Absence::Omitted,
                false => self.absences.of(&place),
            };
            let mut field = vec![("name", text(name))];
            field.extend(match (absence, &schema) {
                (Absence::Required, _) => vec![],
                (Absence::Omitted, Tree::List(_)) => {
                    vec![
                        ("default", Tree::Null),
                        (OMITTED_ATTRIBUTE, Tree::Boolean(true)),
                    ]
                }
                (Absence::Omitted, _) => vec![
                    ("default", Tree::List(Vec::new())),
                    (OMITTED_ATTRIBUTE, Tree::Boolean(true)),
                ],
                (Absence::Default(value), _) => vec![("default", value)],
            });
            field.insert(1, ("type", schema));
            fields.push(object(field));
        }
        Ok(fields)
    }

    fn schema(&mut self, place: &str) -> Result<Tree, String> {
        let kind = self
            .shapes
            .kind(place)
            .ok_or_else(|| format!("no sample shows {place}"))?;
        Ok(match kind {
            Kind::Boolean => text("boolean"),
            Kind::Int => text("int"),
            Kind::Long => text("long"),
            Kind::Text => text("string"),
            Kind::Uuid => object([("type", text("string")), ("logicalType", text("uuid"))]),
            Kind::Date => object([("type", text("int")), ("logicalType", text("date"))]),
            Kind::Timestamp => object([("type", text("string")), ("format", text("RFC 3339"))]),
            Kind::Values(values) => object([
                ("type", text("string")),
                (
                    "values",
                    Tree::List(values.iter().map(|&value| text(value)).collect()),
                ),
            ]),
            Kind::Option => Tree::List(vec![text("null"), self.schema(&format!("{place}?"))?]),
            Kind::List => object([
                ("type", text("array")),
                ("items", self.schema(&format!("{place}[]"))?),
            ]),
            Kind::Record(name) => self.record(name)?,
        })
    }

    fn record(&mut self, name: String) -> Result<Tree, String> {
        if self.open.contains(&name) {
            return Err(format!("{name} contains itself"));
        }
        if self.defined.contains(&name) {
            return Ok(Tree::Text(name));
        }
        self.open.push(name.clone());
        let fields = self.fields(&name)?;
        self.open.pop();
        self.defined.push(name.clone());
        Ok(object([
            ("type", text("record")),
            ("name", Tree::Text(name)),
            ("fields", Tree::List(fields)),
        ]))
    }
}

fn text(value: &str) -> Tree {
    Tree::Text(value.to_owned())
}

fn object<'n>(members: impl IntoIterator<Item = (&'n str, Tree)>) -> Tree {
    let owned = |(name, value): (&str, Tree)| (name.to_owned(), value);
    Tree::Object(members.into_iter().map(owned).collect())
}
