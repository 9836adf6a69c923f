//! The events and their fields in words, for `docs/EVENTS.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::catalog::Catalog;
use crate::schema::{CHAIN_HASH_FIELD, METADATA_FIELD};
use crate::topics::{Topic, Topics};

/// The line before the generated part of the page.
pub const REFERENCE_BEGIN: &str = "<!-- generated from the schemas: begin -->";
/// The line after it.
pub const REFERENCE_END: &str = "<!-- generated from the schemas: end -->";

/// The page with its generated part replaced; nothing when the page has no place for it.
#[must_use]
pub fn with_reference(page: &str, catalog: &Catalog) -> Option<String> {
    let (before, rest) = page.split_once(REFERENCE_BEGIN)?;
    let (_, after) = rest.split_once(REFERENCE_END)?;
    let reference = reference(catalog);
    Some(format!(
        "{before}{REFERENCE_BEGIN}\n\n{reference}\n{REFERENCE_END}{after}"
    ))
}

/// Every event of every topic with its fields, and the records that the fields are made of.
fn reference(catalog: &Catalog) -> String {
    let topics = Topics::default();
    let mut text = String::new();
    let mut records = BTreeMap::new();
    for topic in Topic::ALL {
        let _infallible = writeln!(text, "### Topic `{}`\n", topics.name(topic));
        for schema in catalog.records().filter_map(|revisions| revisions.last()) {
            let parsed: Value = serde_json::from_str(schema.text).unwrap_or_default();
            if schema.topic() != topic {
                continue;
            }
            let doc = parsed["doc"].as_str().unwrap_or_default();
            let _infallible = writeln!(text, "#### `{}`\n\n{doc}\n", schema.full_name);
            let own = |field: &&Value| {
                field["name"] != METADATA_FIELD && field["name"] != CHAIN_HASH_FIELD
            };
            let fields = parsed["fields"].as_array().into_iter().flatten();
            put_fields(&mut text, fields.clone().filter(own));
            for field in fields {
                collect(&field["type"], &mut records);
            }
        }
    }
    text.push_str("### Records\n\n");
    for (name, record) in records {
        let _infallible = writeln!(text, "#### `{name}`\n");
        put_fields(&mut text, record["fields"].as_array().into_iter().flatten());
    }
    text.trim_end().to_owned() + "\n"
}

fn put_fields<'f>(text: &mut String, fields: impl Iterator<Item = &'f Value>) {
    let mut is_empty = true;
    for field in fields {
        if is_empty {
            text.push_str("| Field | Type |\n|---|---|\n");
        }
        is_empty = false;
        let name = field["name"].as_str().unwrap_or_default();
        let _infallible = writeln!(text, "| `{name}` | {} |", type_of(&field["type"]));
    }
    text.push_str(match is_empty {
        true => "No fields of its own.\n\n",
        false => "\n",
    });
}

/// A type in words.
fn type_of(schema: &Value) -> String {
    match schema {
        Value::String(name) => link(name),
        Value::Array(branches) => match branches.as_slice() {
            [_, some] => format!("{} or null", type_of(some)),
            _ => String::new(),
        },
        _ => match (schema["type"].as_str(), schema["logicalType"].as_str()) {
            (Some("array"), _) => format!("list of {}", type_of(&schema["items"])),
            (Some("record"), _) => link(schema["name"].as_str().unwrap_or_default()),
            (Some(simple), Some(logical)) => format!("{simple} ({logical})"),
            (Some(simple), None) => {
                match (schema["values"].as_array(), schema["format"].as_str()) {
                    (Some(values), _) => {
                        let values = values.iter().filter_map(Value::as_str);
                        let values: Vec<String> =
                            values.map(|value| format!("`{value}`")).collect();
                        format!("{simple}: {}", values.join(", "))
                    }
                    (None, Some(format)) => format!("{simple} ({format})"),
                    (None, None) => simple.to_owned(),
                }
            }
            _ => String::new(),
        },
    }
}

fn link(name: &str) -> String {
    match name {
        "string" | "long" | "int" | "boolean" => name.to_owned(),
        record => format!("[`{record}`](#{})", record.to_lowercase()),
    }
}

/// The records inside a type, by name.
fn collect(schema: &Value, records: &mut BTreeMap<String, Value>) {
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| collect(branch, records)),
        Value::Object(_) => {
            collect(&schema["items"], records);
            for field in schema["fields"].as_array().into_iter().flatten() {
                collect(&field["type"], records);
            }
            if schema["type"] == "record" {
                let name = schema["name"].as_str().unwrap_or_default();
                records
                    .entry(name.to_owned())
                    .or_insert_with(|| schema.clone());
            }
        }
        _ => {}
    }
}
