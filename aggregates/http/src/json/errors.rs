//! Everything that is wrong with an input, each with its place.

use std::convert::Infallible;
use std::ops::ControlFlow;

use deserr::{
    DeserializeError, ErrorKind, IntoValue, MergeWithError, Value, ValueKind, ValuePointerRef,
};
use invoiceapp_domain::ids::InvalidId;
use invoiceapp_domain::{InvalidAmount, InvalidValue};

use crate::code::Code;
use crate::problem::{FieldError, Problem};

/// Most errors that one answer names; reading stops there.
pub const BODY_ERRORS_MAX: usize = 100;
/// Longest key that a pointer repeats, in characters; the rest is cut.
const POINTER_KEY_CHARACTERS_MAX: usize = 100;

/// The errors of one input; the error type of every `Deserr` of ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyErrors(Vec<FieldError>);

impl BodyErrors {
    /// One error.
    #[must_use]
    pub fn of(code: Code, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self(vec![FieldError::at(pointer, code, detail)])
    }

    /// One error at a place that `deserr` knows.
    #[must_use]
    pub fn at(code: Code, location: ValuePointerRef<'_>, detail: impl Into<String>) -> Self {
        Self::of(code, pointer_of(location), detail)
    }

    /// Adds an error, unless there are [`BODY_ERRORS_MAX`].
    pub fn push(&mut self, error: FieldError) {
        if self.0.len() < BODY_ERRORS_MAX {
            self.0.push(error);
        }
    }

    /// Adds more errors, except at places that are known to be wrong already.
    pub(crate) fn append(&mut self, more: Self) {
        for error in more.0 {
            if !self.0.iter().any(|known| known.pointer == error.pointer) {
                self.push(error);
            }
        }
    }

    /// True when nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The errors, in the order they were found.
    #[must_use]
    pub fn into_vec(self) -> Vec<FieldError> {
        self.0
    }

    fn joined(existing: Option<Self>, more: Self) -> ControlFlow<Self, Self> {
        let mut all = existing.unwrap_or_default();
        for error in more.0 {
            all.push(error);
        }
        if all.0.len() < BODY_ERRORS_MAX {
            ControlFlow::Continue(all)
        } else {
            ControlFlow::Break(all)
        }
    }
}

impl From<BodyErrors> for Problem {
    fn from(errors: BodyErrors) -> Self {
        Self::invalid(errors.0)
    }
}

impl DeserializeError for BodyErrors {
    fn error<V: IntoValue>(
        self_: Option<Self>,
        error: ErrorKind<'_, V>,
        location: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let found = match error {
            ErrorKind::MissingField { field } => Self::at(
                Code::MissingField,
                location.push_key(field),
                "must be present",
            ),
            ErrorKind::UnknownKey { key, .. } => Self::at(
                Code::UnknownField,
                location.push_key(key),
                "is not known here",
            ),
            ErrorKind::IncorrectValueKind { actual, accepted } => {
                Self::at(Code::InvalidValue, location, kind_detail(&actual, accepted))
            }
            ErrorKind::UnknownValue { accepted, .. } => Self::at(
                Code::InvalidValue,
                location,
                format!("must be one of {}", accepted.join(", ")),
            ),
            ErrorKind::BadSequenceLen { expected, .. } => Self::at(
                Code::InvalidValue,
                location,
                format!("must have {expected} items"),
            ),
            // Its message repeats the value, so it is not taken over.
            ErrorKind::Unexpected { .. } => {
                Self::at(Code::InvalidValue, location, "is not an allowed value")
            }
        };
        Self::joined(self_, found)
    }
}

fn kind_detail<V: IntoValue>(actual: &Value<V>, accepted: &[ValueKind]) -> String {
    let mut names: Vec<&str> = accepted.iter().map(|kind| kind_name(*kind)).collect();
    names.dedup();
    format!(
        "must be {}, not {}",
        names.join(" or "),
        kind_name(actual.kind())
    )
}

const fn kind_name(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Null => "null",
        ValueKind::Boolean => "true or false",
        ValueKind::Integer | ValueKind::NegativeInteger => "a whole number",
        ValueKind::Float => "a number with a fraction or exponent",
        ValueKind::String => "a string",
        ValueKind::Sequence => "a list",
        ValueKind::Map => "an object",
    }
}

impl MergeWithError<Self> for BodyErrors {
    fn merge(self_: Option<Self>, other: Self, _: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        Self::joined(self_, other)
    }
}

macro_rules! merge_with {
    ($($error:ty => $code:ident, $name:ident => $detail:expr;)+) => {$(
        impl MergeWithError<$error> for BodyErrors {
            fn merge(
                self_: Option<Self>,
                $name: $error,
                location: ValuePointerRef<'_>,
            ) -> ControlFlow<Self, Self> {
                Self::joined(self_, Self::at(Code::$code, location, $detail))
            }
        }
    )+};
}

merge_with! {
    InvalidAmount => InvalidAmount, error => error.reason;
    InvalidValue => InvalidValue, error => error.reason;
    InvalidId => InvalidValue, error => format!("is {error}");
    jiff::Error => InvalidValue, _error => "must be a date or time as RFC 3339 writes it";
}

/// For `T = String`, which accepts every text.
impl MergeWithError<Infallible> for BodyErrors {
    fn merge(
        _: Option<Self>,
        never: Infallible,
        _: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        match never {}
    }
}

/// The place as a JSON pointer (RFC 6901).
pub(crate) fn pointer_of(location: ValuePointerRef<'_>) -> String {
    match location {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } => {
            format!("{}/{}", pointer_of(*prev), escape_token(key))
        }
        ValuePointerRef::Index { index, prev } => format!("{}/{index}", pointer_of(*prev)),
    }
}

/// A key as a reference token: `~` and `/` escaped, and cut when a client sent a monster.
pub(crate) fn escape_token(key: &str) -> String {
    let cut: String = key.chars().take(POINTER_KEY_CHARACTERS_MAX).collect();
    cut.replace('~', "~0").replace('/', "~1")
}
