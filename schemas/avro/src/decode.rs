//! From Avro to the journal's text, strictly: a datum has one spelling, and any other is refused,
//! so that what was decoded is what was encoded, byte for byte.

use jiff::Span;
use thiserror::Error;

use crate::encode::EPOCH;
use crate::schema::{Field, Node, Record};

/// Longest datum that is decoded or encoded: the most that one append may carry, with its envelope.
pub const DATUM_BYTES_MAX: usize = 5 << 20;
/// Longest text that a datum may become.
pub const DECODED_BYTES_MAX: usize = 8 << 20;

/// A datum that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DatumError {
    /// It ends too early.
    #[error("it ends too early")]
    Truncated,
    /// Something is behind it.
    #[error("{0} bytes are left over")]
    Leftover(usize),
    /// It breaks a limit.
    #[error("it exceeds {0}")]
    TooLarge(&'static str),
    /// It is not spelled as Avro is.
    #[error("{0}")]
    Malformed(&'static str),
}

/// Reads a datum from its beginning.
#[derive(Debug)]
pub(crate) struct Reader<'d> {
    rest: &'d [u8],
}

impl<'d> Reader<'d> {
    pub(crate) fn new(datum: &'d [u8]) -> Result<Self, DatumError> {
        match datum.len() <= DATUM_BYTES_MAX {
            true => Ok(Self { rest: datum }),
            false => Err(DatumError::TooLarge("DATUM_BYTES_MAX")),
        }
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'d [u8], DatumError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(DatumError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// What is left must be nothing.
    pub(crate) fn finish(&self) -> Result<(), DatumError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(DatumError::Leftover(left)),
        }
    }

    fn byte(&mut self) -> Result<u8, DatumError> {
        match self.bytes(1)? {
            [byte] => Ok(*byte),
            _ => Err(DatumError::Truncated),
        }
    }

    fn long(&mut self) -> Result<i64, DatumError> {
        let mut value = 0_u64;
        for shift in (0..=63).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(DatumError::Malformed("an integer has more than 64 bits"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(DatumError::Malformed("an integer has a longer spelling"));
                }
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err(DatumError::Malformed("an integer has more than 64 bits"))
    }

    fn text(&mut self) -> Result<&'d str, DatumError> {
        let length = usize::try_from(self.long()?)
            .map_err(|_| DatumError::Malformed("a length is negative"))?;
        std::str::from_utf8(self.bytes(length)?)
            .map_err(|_| DatumError::Malformed("a text is not UTF-8"))
    }

    /// Reads a record and writes it as a JSON object.
    pub(crate) fn record(&mut self, record: &Record, out: &mut String) -> Result<(), DatumError> {
        out.push('{');
        let mut is_first = true;
        for field in &record.fields {
            if self.skip_omitted(field)? {
                continue;
            }
            if !is_first {
                out.push(',');
            }
            is_first = false;
            put_text(out, &field.name);
            out.push(':');
            self.node(&field.node, out)?;
        }
        out.push('}');
        bounded(out)
    }

    /// Whether the field is empty and the text leaves it out. Null and the empty list are one zero.
    fn skip_omitted(&mut self, field: &Field) -> Result<bool, DatumError> {
        if !field.is_omitted || self.rest.first() != Some(&0) {
            return Ok(false);
        }
        self.byte()?;
        Ok(true)
    }

    fn node(&mut self, node: &Node, out: &mut String) -> Result<(), DatumError> {
        match node {
            Node::Boolean => match self.byte()? {
                0 => out.push_str("false"),
                1 => out.push_str("true"),
                _ => return Err(DatumError::Malformed("a boolean is neither")),
            },
            Node::Int => {
                let value = i32::try_from(self.long()?)
                    .map_err(|_| DatumError::Malformed("an int has more than 32 bits"))?;
                out.push_str(&value.to_string());
            }
            Node::Long => out.push_str(&self.long()?.to_string()),
            Node::Text => put_text(out, self.text()?),
            Node::Date => put_text(out, &self.date()?),
            Node::Nullable(some) => match self.long()? {
                0 => out.push_str("null"),
                1 => self.node(some, out)?,
                _ => return Err(DatumError::Malformed("a union has no such branch")),
            },
            Node::List(item) => self.list(item, out)?,
            Node::Record(record) => self.record(record, out)?,
        }
        Ok(())
    }

    fn date(&mut self) -> Result<String, DatumError> {
        let date = Span::new()
            .try_days(self.long()?)
            .and_then(|days| EPOCH.checked_add(days))
            .ok()
            .ok_or(DatumError::Malformed("a date is out of range"))?;
        Ok(date.to_string())
    }

    fn list(&mut self, item: &Node, out: &mut String) -> Result<(), DatumError> {
        out.push('[');
        let count = usize::try_from(self.long()?)
            .map_err(|_| DatumError::Malformed("a list is not one block"))?;
        // Every item takes a byte at least, so this is no promise that the datum cannot keep.
        if count > self.rest.len() {
            return Err(DatumError::Truncated);
        }
        for index in 0..count {
            if index > 0 {
                out.push(',');
            }
            self.node(item, out)?;
            bounded(out)?;
        }
        if count > 0 && self.long()? != 0 {
            return Err(DatumError::Malformed("a list is not one block"));
        }
        out.push(']');
        Ok(())
    }
}

fn bounded(out: &str) -> Result<(), DatumError> {
    match out.len() <= DECODED_BYTES_MAX {
        true => Ok(()),
        false => Err(DatumError::TooLarge("DECODED_BYTES_MAX")),
    }
}

/// Writes a JSON text as serde_json does, which wrote the journal's.
fn put_text(out: &mut String, text: &str) {
    let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::Value::from(text).to_string());
    }
}
