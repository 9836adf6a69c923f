//! The deserializer that notes what it is asked for.

use std::fmt;

use serde::de::{Deserializer, Expected, Visitor};

use super::access::{Entries, Items, Variant};
use super::shapes::{Kind, RecordShape, Shapes, TraceError};
use crate::tree::Tree;

/// Types whose stored form is read through a helper type are called as the type itself.
const HELPER_PREFIX: &str = "Stored";

/// Reads a sample for a type.
#[derive(Debug, Clone)]
pub(crate) struct Tracer<'t> {
    pub(super) tree: &'t Tree,
    pub(super) shapes: &'t Shapes,
    pub(super) place: String,
    pub(super) pointer: Vec<String>,
}

impl<'t> Tracer<'t> {
    pub(crate) fn new(root: &str, tree: &'t Tree, shapes: &'t Shapes) -> Self {
        Self {
            tree,
            shapes,
            place: root.to_owned(),
            pointer: Vec::new(),
        }
    }

    /// The tracer of something inside.
    pub(super) fn inside(&self, place: String, step: &str, tree: &'t Tree) -> Self {
        let mut pointer = self.pointer.clone();
        pointer.push(step.to_owned());
        Self {
            tree,
            shapes: self.shapes,
            place,
            pointer,
        }
    }

    fn note(&self, kind: Kind) -> Result<(), TraceError> {
        self.shapes.note(&self.place, kind)
    }

    fn unexpected(&self, wanted: &str) -> TraceError {
        TraceError(format!("{} is not {wanted}", self.place))
    }

    fn number<'de, V: Visitor<'de>>(self, kind: Kind, visitor: V) -> Result<V::Value, TraceError> {
        self.note(kind)?;
        match self.tree {
            Tree::Number(value) => match u64::try_from(*value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(*value),
            },
            _ => Err(self.unexpected("a number")),
        }
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
        let Tree::Text(text) = self.tree else {
            return Err(self.unexpected("a text"));
        };
        self.note(kind_of_text(&visitor))?;
        visitor.visit_str(text)
    }

    fn record<'de, V: Visitor<'de>>(
        self,
        name: &str,
        fields: Vec<String>,
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        let Tree::Object(members) = self.tree else {
            return Err(self.unexpected("an object"));
        };
        let unknown = members.iter().find(|(member, _)| !fields.contains(member));
        if let Some((member, _)) = unknown {
            return Err(TraceError(format!("{name} has no field {member}")));
        }
        let shape = RecordShape {
            fields,
            is_choice: false,
        };
        self.shapes.note_record(name, shape)?;
        self.note(Kind::Record(name.to_owned()))?;
        visitor.visit_map(Entries::new(self, name.to_owned(), members))
    }
}

/// What a text is follows from what its visitor says it expects.
fn kind_of_text<'de, V: Visitor<'de>>(visitor: &V) -> Kind {
    struct Expecting<'v>(&'v dyn Expected);
    impl fmt::Display for Expecting<'_> {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(formatter)
        }
    }
    match Expecting(visitor).to_string().as_str() {
        "a formatted UUID string" => Kind::Uuid,
        "a date string" => Kind::Date,
        "a timestamp string" => Kind::Timestamp,
        _ => Kind::Text,
    }
}

/// `tax_breakdown` as the name of a type.
fn type_name(place: &str) -> String {
    let field = place.trim_end_matches(['[', ']', '?']);
    let field = field.rsplit_once('.').map_or(field, |(_, field)| field);
    field
        .split('_')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        })
        .collect()
}

macro_rules! numbers {
    ($($method:ident $kind:ident),+ $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
            self.number(Kind::$kind, visitor)
        }
    )+};
}

macro_rules! refused {
    ($($method:ident ($($argument:ident: $type:ty),*)),+ $(,)?) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($argument: $type,)*
            _visitor: V,
        ) -> Result<V::Value, TraceError> {
            Err(self.unexpected("of a shape that a schema describes"))
        }
    )+};
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = TraceError;

    numbers!(
        deserialize_i8 Int, deserialize_i16 Int, deserialize_i32 Int, deserialize_u8 Int,
        deserialize_u16 Int, deserialize_u32 Long, deserialize_i64 Long, deserialize_u64 Long,
    );

    refused!(
        deserialize_f32(),
        deserialize_f64(),
        deserialize_char(),
        deserialize_bytes(),
        deserialize_byte_buf(),
        deserialize_unit(),
        deserialize_unit_struct(_name: &'static str),
        deserialize_tuple(_length: usize),
        deserialize_tuple_struct(_name: &'static str, _length: usize),
    );

    /// Only what is flattened into another struct is asked for like this.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
        match self.tree {
            Tree::Number(_) => self.number(Kind::Long, visitor),
            Tree::Text(_) => self.text(visitor),
            Tree::Boolean(_) => self.deserialize_bool(visitor),
            _ => Err(self.unexpected("of a shape that a schema describes")),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
        self.note(Kind::Boolean)?;
        match self.tree {
            Tree::Boolean(value) => visitor.visit_bool(*value),
            _ => Err(self.unexpected("a boolean")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
        self.text(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, TraceError> {
        self.note(Kind::Option)?;
        if *self.tree == Tree::Null {
            return visitor.visit_none();
        }
        self.place.push('?');
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
        self.note(Kind::List)?;
        match self.tree {
            Tree::List(items) => visitor.visit_seq(Items::new(self, items)),
            _ => Err(self.unexpected("a list")),
        }
    }

    /// A struct with another one flattened in: its own fields are those that the sample shows.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
        let Tree::Object(members) = self.tree else {
            return Err(self.unexpected("an object"));
        };
        let fields = members.iter().map(|(name, _)| name.clone()).collect();
        let name = type_name(&self.place);
        self.record(&name, fields, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        let name = name.strip_prefix(HELPER_PREFIX).unwrap_or(name);
        let fields = fields.iter().map(|&field| field.to_owned()).collect();
        self.record(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        match self.tree {
            Tree::Text(variant) => {
                self.note(Kind::Values(variants))?;
                visitor.visit_enum(Variant::unit(variant))
            }
            Tree::Object(members) if members.len() == 1 => {
                let shape = RecordShape {
                    fields: variants.iter().map(|&variant| variant.to_owned()).collect(),
                    is_choice: true,
                };
                self.shapes.note_record(name, shape)?;
                self.note(Kind::Record(name.to_owned()))?;
                match members.first() {
                    Some((variant, content)) => {
                        visitor.visit_enum(Variant::of(&self, name, variant, content))
                    }
                    None => Err(self.unexpected("a variant")),
                }
            }
            _ => Err(self.unexpected("a variant")),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
        match self.tree {
            Tree::Text(text) => visitor.visit_str(text),
            _ => Err(self.unexpected("a name")),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TraceError> {
        visitor.visit_unit()
    }
}

/// The record of a struct variant.
pub(super) fn variant_record<'de, V: Visitor<'de>>(
    tracer: Tracer<'_>,
    name: &str,
    fields: &'static [&'static str],
    visitor: V,
) -> Result<V::Value, TraceError> {
    let fields = fields.iter().map(|&field| field.to_owned()).collect();
    tracer.record(name, fields, visitor)
}
