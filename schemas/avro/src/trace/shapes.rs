//! The notes of a trace: which kind of value stands at which place.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

/// A sample that does not fit its type, or a type that no schema describes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct TraceError(pub(crate) String);

impl serde::de::Error for TraceError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    /// Fits 32 bits with a sign.
    Int,
    /// Fits 64 bits with a sign.
    Long,
    Text,
    Uuid,
    /// ISO 8601 calendar day.
    Date,
    /// RFC 3339 instant.
    Timestamp,
    /// A text out of a list.
    Values(&'static [&'static str]),
    Option,
    List,
    Record(String),
}

/// A struct, or an enum with contents seen as a struct of which one member is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordShape {
    pub(crate) fields: Vec<String>,
    /// The members are variants.
    pub(crate) is_choice: bool,
}

/// Where a field was seen: the steps into a sample.
pub(crate) type Pointer = Vec<String>;

/// Everything noted. A place is `Record.field`, with `?` for what an option holds and `[]` for the
/// items of a list.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    kinds: RefCell<BTreeMap<String, Kind>>,
    records: RefCell<BTreeMap<String, RecordShape>>,
    sightings: RefCell<BTreeMap<String, Pointer>>,
}

impl Shapes {
    pub(crate) fn kind(&self, place: &str) -> Option<Kind> {
        self.kinds.borrow().get(place).cloned()
    }

    pub(crate) fn record(&self, name: &str) -> Option<RecordShape> {
        self.records.borrow().get(name).cloned()
    }

    /// Where a field was seen in the sample that is being traced.
    pub(crate) fn take_sightings(&self) -> BTreeMap<String, Pointer> {
        self.sightings.take()
    }

    pub(super) fn saw(&self, place: &str, pointer: &[String]) {
        self.sightings
            .borrow_mut()
            .insert(place.to_owned(), pointer.to_vec());
    }

    pub(super) fn note(&self, place: &str, kind: Kind) -> Result<(), TraceError> {
        let mut kinds = self.kinds.borrow_mut();
        let merged = match (kinds.remove(place), kind) {
            (None, kind) => kind,
            (Some(known), kind) if known == kind => known,
            // One variant holds an id and another a name.
            (Some(Kind::Uuid | Kind::Text), Kind::Uuid | Kind::Text) => Kind::Text,
            (Some(known), kind) => {
                return Err(TraceError(format!("{place} is {known:?} and {kind:?}")));
            }
        };
        kinds.insert(place.to_owned(), merged);
        Ok(())
    }

    pub(super) fn note_record(&self, name: &str, shape: RecordShape) -> Result<(), TraceError> {
        let mut records = self.records.borrow_mut();
        match records.get(name) {
            Some(known) if *known != shape => Err(TraceError(format!(
                "two types with different fields are called {name}"
            ))),
            _ => {
                records.insert(name.to_owned(), shape);
                Ok(())
            }
        }
    }
}
