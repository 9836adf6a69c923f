//! The ways into objects, lists and variants of a sample.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer as _, EnumAccess, IntoDeserializer as _, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::deserializer::{Tracer, variant_record};
use super::shapes::TraceError;
use crate::tree::Tree;

/// The members of an object.
pub(super) struct Entries<'t> {
    tracer: Tracer<'t>,
    record: String,
    members: std::slice::Iter<'t, (String, Tree)>,
    current: Option<&'t (String, Tree)>,
}

impl<'t> Entries<'t> {
    pub(super) fn new(tracer: Tracer<'t>, record: String, members: &'t [(String, Tree)]) -> Self {
        Self {
            tracer,
            record,
            members: members.iter(),
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = TraceError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, TraceError> {
        self.current = self.members.next();
        let Some((name, _)) = self.current else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, TraceError> = name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, TraceError> {
        let Some((name, value)) = self.current else {
            return Err(TraceError("a value without a name".to_owned()));
        };
        let place = format!("{}.{name}", self.record);
        let tracer = self.tracer.inside(place, name, value);
        tracer.shapes.saw(&tracer.place, &tracer.pointer);
        seed.deserialize(tracer)
    }
}

/// The items of a list.
pub(super) struct Items<'t> {
    tracer: Tracer<'t>,
    items: std::iter::Enumerate<std::slice::Iter<'t, Tree>>,
}

impl<'t> Items<'t> {
    pub(super) fn new(tracer: Tracer<'t>, items: &'t [Tree]) -> Self {
        Self {
            tracer,
            items: items.iter().enumerate(),
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = TraceError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, TraceError> {
        let Some((index, item)) = self.items.next() else {
            return Ok(None);
        };
        let place = format!("{}[]", self.tracer.place);
        let tracer = self.tracer.inside(place, &index.to_string(), item);
        seed.deserialize(tracer).map(Some)
    }
}

/// A variant: a text, or an object of one member.
pub(super) struct Variant<'t> {
    name: &'t str,
    content: Option<Tracer<'t>>,
}

impl<'t> Variant<'t> {
    pub(super) fn unit(name: &'t str) -> Self {
        Self {
            name,
            content: None,
        }
    }

    pub(super) fn of(outer: &Tracer<'t>, parent: &str, name: &'t str, content: &'t Tree) -> Self {
        let tracer = outer.inside(format!("{parent}.{name}"), name, content);
        Self {
            name,
            content: Some(tracer),
        }
    }

    fn into_content(self) -> Result<Tracer<'t>, TraceError> {
        self.content
            .ok_or_else(|| TraceError(format!("variant {} has no content", self.name)))
    }
}

impl<'de, 't> EnumAccess<'de> for Variant<'t> {
    type Error = TraceError;
    type Variant = Variant<'t>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), TraceError> {
        let name: StrDeserializer<'_, TraceError> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = TraceError;

    fn unit_variant(self) -> Result<(), TraceError> {
        match self.content {
            None => Ok(()),
            Some(_) => Err(TraceError(format!("variant {} has content", self.name))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, TraceError> {
        seed.deserialize(self.into_content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        self.into_content()?.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TraceError> {
        let name = self.name.to_owned();
        let tracer = self.into_content()?;
        // The struct of a variant has no name of its own but the variant's.
        variant_record(tracer, &name, fields, visitor)
    }
}
