//! From the journal's text to Avro, in one pass and without a value in between: the text's members
//! come in the order of the schema's fields, because both come from the same types.

use std::fmt;

use jiff::civil::Date;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::schema::{Field, Node, Record};

/// 1970-01-01, from which Avro counts days.
pub(crate) const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// Writes an integer: zig-zag, seven bits a byte, the lowest first.
pub(crate) fn put_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

fn put_text<E: Error>(out: &mut Vec<u8>, text: &str) -> Result<(), E> {
    put_long(out, i64::try_from(text.len()).map_err(E::custom)?);
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// What happens to a member that the schema does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// It would be lost, so nothing is encoded.
    Refuse,
    /// It is not published.
    Ignore,
}

/// Writes an event's payload: the content of the one member that is called as the event.
pub(crate) struct Payload<'a> {
    pub(crate) event_type: &'a str,
    pub(crate) record: &'a Record,
    pub(crate) out: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Payload<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Payload<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the content of {}", self.event_type)
    }

    fn visit_str<E: Error>(self, _personal: &str) -> Result<(), E> {
        Err(E::custom("a text where none belongs"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        if access.next_key_seed(IsName(self.event_type))? != Some(true) {
            return Err(A::Error::custom("it holds another event"));
        }
        access.next_value_seed(RecordValue {
            record: self.record,
            unknown: Unknown::Refuse,
            out: self.out,
        })?;
        match access.next_key::<IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(A::Error::custom("it holds more than one event")),
        }
    }
}

/// Writes a record.
pub(crate) struct RecordValue<'a> {
    pub(crate) record: &'a Record,
    pub(crate) unknown: Unknown,
    pub(crate) out: &'a mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for RecordValue<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RecordValue<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_str<E: Error>(self, _personal: &str) -> Result<(), E> {
        Err(E::custom("a text where none belongs"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let fields = &self.record.fields;
        let mut next = 0;
        while let Some(place) = access.next_key_seed(Place { fields, next })? {
            let Some(place) = place else {
                if self.unknown == Unknown::Refuse {
                    return Err(A::Error::custom("a member is unknown"));
                }
                access.next_value::<IgnoredAny>()?;
                continue;
            };
            for field in fields.get(next..place).unwrap_or_default() {
                put_default(field, self.out)?;
            }
            if let Some(field) = fields.get(place) {
                access.next_value_seed(NodeValue {
                    node: &field.node,
                    out: self.out,
                })?;
            }
            next = place + 1;
        }
        for field in fields.get(next..).unwrap_or_default() {
            put_default(field, self.out)?;
        }
        Ok(())
    }
}

/// Whether a member has this name. A seed, so that the name is not copied.
struct IsName<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for IsName<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsName<'_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// Which field a member is, from the next one on; none when it is unknown. A seed as well.
struct Place<'a> {
    fields: &'a [Field],
    next: usize,
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Place<'_> {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<usize>, E> {
        let (before, ahead) = self.fields.split_at(self.next.min(self.fields.len()));
        if let Some(offset) = ahead.iter().position(|field| field.name == name) {
            return Ok(Some(before.len() + offset));
        }
        match before.iter().any(|field| field.name == name) {
            // Text of ours has every member once, in the order of its type.
            true => Err(E::custom("a member is not in its place")),
            false => Ok(None),
        }
    }
}

fn put_default<E: Error>(field: &Field, out: &mut Vec<u8>) -> Result<(), E> {
    match &field.default {
        None => Err(E::custom(format!("{} is missing", field.name))),
        Some(default) => NodeValue {
            node: &field.node,
            out,
        }
        .deserialize(default)
        .map_err(E::custom),
    }
}

/// Writes any value.
struct NodeValue<'a> {
    node: &'a Node,
    out: &'a mut Vec<u8>,
}

impl<'a> NodeValue<'a> {
    /// Says that something else follows than null.
    fn some(&mut self) -> &'a Node {
        match self.node {
            Node::Nullable(node) => {
                put_long(self.out, 1);
                node
            }
            node => node,
        }
    }
}

impl<'de> DeserializeSeed<'de> for NodeValue<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeValue<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = match self.node {
            Node::Boolean => "a boolean",
            Node::Int | Node::Long => "an integer in range",
            Node::Text => "a text",
            Node::Date => "a date",
            Node::Nullable(_) => "something, or null",
            Node::List(_) => "a list",
            Node::Record(_) => "an object",
        };
        formatter.write_str(wanted)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match self.node {
            Node::Nullable(_) => {
                put_long(self.out, 0);
                Ok(())
            }
            _ => Err(E::invalid_type(serde::de::Unexpected::Unit, &self)),
        }
    }

    fn visit_bool<E: Error>(mut self, value: bool) -> Result<(), E> {
        match self.some() {
            Node::Boolean => {
                self.out.push(u8::from(value));
                Ok(())
            }
            _ => Err(E::invalid_type(serde::de::Unexpected::Bool(value), &self)),
        }
    }

    fn visit_i64<E: Error>(mut self, value: i64) -> Result<(), E> {
        let is_int = i32::try_from(value).is_ok();
        match self.some() {
            Node::Long => {}
            Node::Int if is_int => {}
            _ => return Err(E::invalid_type(serde::de::Unexpected::Signed(value), &self)),
        }
        put_long(self.out, value);
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Err(E::invalid_value(
                serde::de::Unexpected::Unsigned(value),
                &self,
            )),
        }
    }

    fn visit_str<E: Error>(mut self, value: &str) -> Result<(), E> {
        match self.some() {
            Node::Text => put_text(self.out, value),
            Node::Date => {
                let days = days_of(value).ok_or_else(|| E::custom("a date is not one"))?;
                put_long(self.out, days);
                Ok(())
            }
            // The value may be personal data: it is not repeated.
            _ => Err(E::custom("a text where none belongs")),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        let Node::List(item) = self.some() else {
            return Err(A::Error::custom("a list where none belongs"));
        };
        let start = self.out.len();
        let mut count = 0_i64;
        while access
            .next_element_seed(NodeValue {
                node: item,
                out: self.out,
            })?
            .is_some()
        {
            count = count.saturating_add(1);
        }
        if count > 0 {
            // One block: how many items there are is known only now, and belongs in front.
            let end = self.out.len();
            put_long(self.out, count);
            let length = self.out.len().saturating_sub(end);
            if let Some(block) = self.out.get_mut(start..) {
                block.rotate_right(length);
            }
        }
        put_long(self.out, 0);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, access: A) -> Result<(), A::Error> {
        match self.some() {
            Node::Record(record) => RecordValue {
                record,
                unknown: Unknown::Refuse,
                out: self.out,
            }
            .visit_map(access),
            _ => Err(A::Error::custom("an object where none belongs")),
        }
    }
}

/// Days since 1970 of a date in its one spelling.
fn days_of(text: &str) -> Option<i64> {
    let date: Date = text.parse().ok()?;
    if !is_plain(text) && date.to_string() != text {
        return None;
    }
    Some(date.duration_since(EPOCH).as_hours() / 24)
}

/// `2026-01-31`, which is the spelling of all dates but those of very early years.
fn is_plain(text: &str) -> bool {
    let is_placed = |(place, byte): (usize, &u8)| match place {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.as_bytes().iter().enumerate().all(is_placed)
}
