//! JSON text to a tree that keeps what `serde_json::Value` loses: the exact text of numbers, and
//! the fact that a key came twice.
//!
//! `serde_json` does all the reading of text, one level at a time, over raw values. Each level is
//! scanned again by the next, so the work is bytes × depth; the depth limit bounds it.

use std::collections::HashSet;
use std::fmt;

use deserr::{IntoValue, Map, Sequence, Value, ValueKind};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::errors::{BodyErrors, escape_token};
use crate::code::Code;
use crate::problem::FieldError;

/// Deepest nesting of arrays and objects. No document of the API is deeper than eight.
pub const JSON_DEPTH_MAX: usize = 32;

/// A JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonNode {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number, as it was written.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<JsonNode>),
    /// An object.
    Object(JsonObject),
}

/// The members of an object in the order they came, each key once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JsonObject(Vec<(String, JsonNode)>);

impl JsonObject {
    /// An object of members whose keys the caller knows to be different.
    pub(crate) fn of_distinct(members: Vec<(String, JsonNode)>) -> Self {
        Self(members)
    }
}

impl JsonNode {
    /// The document with the keys of every object in order and no white space: equal for equal
    /// documents, however they were written. Numbers keep their spelling.
    pub fn write_canonical(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_canonical(out);
                }
                out.push(']');
            }
            Self::Object(JsonObject(members)) => {
                let mut sorted: Vec<&(String, Self)> = members.iter().collect();
                sorted.sort_unstable_by(|left, right| left.0.cmp(&right.0));
                out.push('{');
                for (index, (key, value)) in sorted.into_iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(key, out);
                    out.push(':');
                    value.write_canonical(out);
                }
                out.push('}');
            }
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// Reads a document. What is wrong at one place of it (a key that came twice, half a surrogate
/// pair) is handed back beside the rest of it, so that the rest can be checked too.
///
/// # Errors
/// When there is no document: not UTF-8, not JSON, or too deep.
pub fn parse_node(bytes: &[u8]) -> Result<(JsonNode, BodyErrors), BodyErrors> {
    let malformed = |detail: &str| BodyErrors::of(Code::MalformedRequest, "", detail);
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("must be UTF-8"))?;
    if depth_of(text) > JSON_DEPTH_MAX {
        return Err(malformed("must not be nested so deeply"));
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        malformed(&format!(
            "must be JSON; it is not at line {line}, column {column}"
        ))
    })?;
    let mut errors = BodyErrors::default();
    let node = node_of(raw.get(), "", &mut errors);
    Ok((node, errors))
}

/// How deep brackets nest outside of strings. On text that is not JSON the answer is merely some
/// number; the parser refuses such text afterwards.
fn depth_of(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'"' => break,
                        b'\\' => {
                            bytes.next();
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

fn node_of(raw: &str, pointer: &str, errors: &mut BodyErrors) -> JsonNode {
    match raw.as_bytes().first() {
        Some(b'{') => object_of(raw, pointer, errors),
        Some(b'[') => match serde_json::from_str::<Vec<&RawValue>>(raw) {
            Ok(items) => JsonNode::Array(
                items
                    .into_iter()
                    .enumerate()
                    .map(|(index, item)| node_of(item.get(), &format!("{pointer}/{index}"), errors))
                    .collect(),
            ),
            Err(_) => malformed_at(pointer, errors),
        },
        // Only a half of a surrogate pair gets this far and fails here.
        Some(b'"') => match serde_json::from_str(raw) {
            Ok(text) => JsonNode::String(text),
            Err(_) => malformed_at(pointer, errors),
        },
        Some(b't') => JsonNode::Boolean(true),
        Some(b'f') => JsonNode::Boolean(false),
        Some(b'n') => JsonNode::Null,
        _ => JsonNode::Number(raw.to_owned()),
    }
}

fn object_of(raw: &str, pointer: &str, errors: &mut BodyErrors) -> JsonNode {
    let mut deserializer = serde_json::Deserializer::from_str(raw);
    let Ok(members) = deserializer.deserialize_map(RawMembers) else {
        return malformed_at(pointer, errors);
    };
    let mut seen = HashSet::with_capacity(members.len());
    let mut nodes = Vec::with_capacity(members.len());
    for (key, value) in members {
        let place = format!("{pointer}/{}", escape_token(&key));
        if seen.contains(&key) {
            errors.push(FieldError::at(
                place,
                Code::InvalidValue,
                "must be there only once",
            ));
            continue;
        }
        seen.insert(key.clone());
        let node = node_of(value.get(), &place, errors);
        nodes.push((key, node));
    }
    JsonNode::Object(JsonObject(nodes))
}

fn malformed_at(pointer: &str, errors: &mut BodyErrors) -> JsonNode {
    let detail = "must be text that JSON can carry";
    errors.push(FieldError::at(pointer, Code::MalformedRequest, detail));
    JsonNode::Null
}

struct RawMembers;

impl<'de> Visitor<'de> for RawMembers {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = access.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

impl IntoValue for JsonNode {
    type Sequence = JsonArray;
    type Map = JsonObject;

    fn kind(&self) -> ValueKind {
        match self {
            Self::Null => ValueKind::Null,
            Self::Boolean(_) => ValueKind::Boolean,
            Self::Number(text) => number_value::<Self>(text).kind(),
            Self::String(_) => ValueKind::String,
            Self::Array(_) => ValueKind::Sequence,
            Self::Object(_) => ValueKind::Map,
        }
    }

    fn into_value(self) -> Value<Self> {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(value) => Value::Boolean(value),
            Self::Number(text) => number_value(&text),
            Self::String(text) => Value::String(text),
            Self::Array(items) => Value::Sequence(JsonArray(items)),
            Self::Object(members) => Value::Map(members),
        }
    }
}

/// A number that is not a whole one of 64 bits is only ever refused, so its value does not matter.
fn number_value<V: IntoValue>(text: &str) -> Value<V> {
    if let Ok(value) = text.parse() {
        Value::Integer(value)
    } else if let Ok(value) = text.parse() {
        Value::NegativeInteger(value)
    } else {
        Value::Float(f64::NAN)
    }
}

/// The items of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonArray(Vec<JsonNode>);

impl Sequence for JsonArray {
    type Value = JsonNode;
    type Iter = std::vec::IntoIter<JsonNode>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn into_iter(self) -> Self::Iter {
        IntoIterator::into_iter(self.0)
    }
}

impl Map for JsonObject {
    type Value = JsonNode;
    type Iter = std::vec::IntoIter<(String, JsonNode)>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn remove(&mut self, key: &str) -> Option<JsonNode> {
        let index = self.0.iter().position(|(known, _)| known == key)?;
        Some(self.0.remove(index).1)
    }

    fn into_iter(self) -> Self::Iter {
        IntoIterator::into_iter(self.0)
    }
}
