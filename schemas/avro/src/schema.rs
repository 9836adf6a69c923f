//! A schema, compiled into what encoder and decoder walk along. Only what the generator writes is
//! known here: no recursion, no map, no union but with null.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;

/// The field that carries the published metadata.
pub(crate) const METADATA_FIELD: &str = "metadata";
/// The field that carries the event's link of the journal's hash chain.
pub(crate) const CHAIN_HASH_FIELD: &str = "chain_hash";
/// Length of that link.
pub(crate) const CHAIN_HASH_BYTES: i64 = 32;
/// Marks a field that the journal's text leaves out when it is null or empty.
pub(crate) const OMITTED_ATTRIBUTE: &str = "omitted_when_empty";

/// Deepest nesting of a schema; a datum is never nested deeper than its schema.
pub(crate) const SCHEMA_DEPTH_MAX: usize = 32;

/// A schema that the codec does not speak.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the schema cannot be used: {0}")]
pub struct SchemaError(pub(crate) String);

/// What stands at a place of a datum.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Boolean,
    Int,
    Long,
    Text,
    Date,
    /// Null, or something.
    Nullable(Box<Self>),
    List(Box<Self>),
    Record(Arc<Record>),
}

/// A record's fields in order.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) fields: Vec<Field>,
}

/// A field of a record.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) node: Node,
    /// Left out of the text when it is null or empty.
    pub(crate) is_omitted: bool,
    /// What it is when the text does not have it.
    pub(crate) default: Option<Value>,
}

/// A compiled schema of a published event.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The event's own fields.
    pub(crate) payload: Arc<Record>,
    /// What is published of its metadata.
    pub(crate) metadata: Arc<Record>,
}

impl Layout {
    /// Compiles the text of a schema.
    ///
    /// # Errors
    /// [`SchemaError`] when the text is not a schema of ours.
    pub(crate) fn compile(schema: &str) -> Result<Self, SchemaError> {
        let schema: Value =
            serde_json::from_str(schema).map_err(|error| SchemaError(error.to_string()))?;
        let mut fields = Compiler::default().fields(&schema, 0, 2)?;
        match fields.pop().map(|field| (field.name, field.node)) {
            Some((name, Node::Record(metadata))) if name == METADATA_FIELD => Ok(Self {
                payload: Arc::new(Record { fields }),
                metadata,
            }),
            _ => Err(SchemaError(format!(
                "{METADATA_FIELD} is not where it belongs"
            ))),
        }
    }
}

#[derive(Default)]
struct Compiler {
    named: HashMap<String, Arc<Record>>,
}

impl Compiler {
    /// The fields of a record. At the outermost, the last one is the chain's hash, which is no JSON.
    fn fields(
        &mut self,
        schema: &Value,
        depth: usize,
        least: usize,
    ) -> Result<Vec<Field>, SchemaError> {
        let mut fields = schema["fields"]
            .as_array()
            .ok_or_else(|| SchemaError("a record has no fields".to_owned()))?
            .as_slice();
        if fields.len() < least {
            return Err(SchemaError("the envelope is missing".to_owned()));
        }
        if depth == 0 {
            fields = match fields.split_last() {
                Some((last, rest))
                    if last["name"] == CHAIN_HASH_FIELD
                        && last["type"]["type"] == "fixed"
                        && last["type"]["size"] == CHAIN_HASH_BYTES =>
                {
                    rest
                }
                _ => {
                    return Err(SchemaError(format!(
                        "{CHAIN_HASH_FIELD} is not the last field"
                    )));
                }
            };
        }
        fields
            .iter()
            .map(|field| self.field(field, depth))
            .collect()
    }

    fn field(&mut self, field: &Value, depth: usize) -> Result<Field, SchemaError> {
        Ok(Field {
            name: field["name"].as_str().unwrap_or_default().to_owned(),
            node: self.node(&field["type"], depth.saturating_add(1))?,
            is_omitted: field[OMITTED_ATTRIBUTE] == true,
            default: field.get("default").cloned(),
        })
    }

    fn node(&mut self, schema: &Value, depth: usize) -> Result<Node, SchemaError> {
        if depth > SCHEMA_DEPTH_MAX {
            return Err(SchemaError("it is nested too deep".to_owned()));
        }
        match schema {
            Value::String(name) => self.by_name(name),
            Value::Array(branches) => match branches.as_slice() {
                [null, some] if null == "null" => {
                    let some = self.node(some, depth.saturating_add(1))?;
                    Ok(Node::Nullable(Box::new(some)))
                }
                _ => Err(SchemaError(
                    "a union is not of null and one more".to_owned(),
                )),
            },
            Value::Object(_) => self.complex(schema, depth),
            _ => Err(SchemaError("a type is missing".to_owned())),
        }
    }

    fn by_name(&self, name: &str) -> Result<Node, SchemaError> {
        match name {
            "boolean" => Ok(Node::Boolean),
            "int" => Ok(Node::Int),
            "long" => Ok(Node::Long),
            "string" => Ok(Node::Text),
            name => match self.named.get(name) {
                Some(record) => Ok(Node::Record(Arc::clone(record))),
                None => Err(SchemaError(format!("{name} is not known"))),
            },
        }
    }

    fn complex(&mut self, schema: &Value, depth: usize) -> Result<Node, SchemaError> {
        match (schema["type"].as_str(), schema["logicalType"].as_str()) {
            (Some("int"), Some("date")) => Ok(Node::Date),
            (Some("string"), Some("uuid") | None) => Ok(Node::Text),
            (Some("array"), None) => {
                let item = self.node(&schema["items"], depth.saturating_add(1))?;
                match least_bytes(&item) {
                    // A list of what takes no byte could claim to have any number of items.
                    0 => Err(SchemaError(
                        "the items of a list may take no byte".to_owned(),
                    )),
                    _ => Ok(Node::List(Box::new(item))),
                }
            }
            (Some("record"), None) => {
                let fields = self.fields(schema, depth, 0)?;
                let record = Arc::new(Record { fields });
                let name = schema["name"].as_str().unwrap_or_default().to_owned();
                if self.named.insert(name, Arc::clone(&record)).is_some() {
                    return Err(SchemaError("two records have one name".to_owned()));
                }
                Ok(Node::Record(record))
            }
            (kind, logical) => Err(SchemaError(format!(
                "{} {} is not known",
                kind.unwrap_or("nothing"),
                logical.unwrap_or_default()
            ))),
        }
    }
}

/// The fewest bytes that a value takes.
fn least_bytes(node: &Node) -> usize {
    match node {
        Node::Record(record) => record
            .fields
            .iter()
            .map(|field| least_bytes(&field.node))
            .sum(),
        _ => 1,
    }
}
