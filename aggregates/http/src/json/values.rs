//! Wrappers that turn JSON values into types of the domain.
//!
//! | JSON | field |
//! |---|---|
//! | a string that `T: FromStr` accepts | `Text<T>` |
//! | the same for an amount | `DecimalText<T>`: a JSON number is `invalid_amount` |
//! | may be absent or `null` | `Option<Text<T>>` with `#[deserr(default)]` |
//! | PATCH: absent keeps, `null` clears, a value sets | `Change<Text<T>>` with `#[deserr(default)]` |
//!
//! `#[deserr(from(Text<T>) = Text::into_inner)]` unwraps at once, as does [`Text::optional`]. An
//! amount whose scale depends on a currency is read as `DecimalText<String>`
//! and parsed when the currency is known. Maps (`HashMap`, `BTreeMap`) must not be used: deserr 0.6
//! drops the errors of their values.

use std::ops::Deref;
use std::str::FromStr;

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, Map, MergeWithError, Value, ValueKind,
    ValuePointerRef, take_cf_content,
};

use invoiceapp_domain::InvalidValue;
use invoiceapp_domain::patch::Patch;
use jiff::civil::Date;

use super::errors::BodyErrors;
use crate::code::Code;

/// A string that `T` parses from. What `T`'s error says goes to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<T>(pub T);

/// An amount, quantity, price or rate: a decimal in a string. A JSON number has been through
/// somebody's float already, and is refused as `invalid_amount`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct DecimalText<T>(pub T);

macro_rules! wrapper {
    ($($name:ident),+) => {$(
        impl<T> $name<T> {
            /// The value inside.
            pub fn into_inner(self) -> T {
                self.0
            }

            /// The value inside an optional one.
            pub fn optional(wrapped: Option<Self>) -> Option<T> {
                wrapped.map(|wrapper| wrapper.0)
            }
        }

        impl<T> Deref for $name<T> {
            type Target = T;
            fn deref(&self) -> &T {
                &self.0
            }
        }
    )+};
}
wrapper!(Text, DecimalText);

impl<T: FromStr> Deserr<BodyErrors> for Text<T>
where
    BodyErrors: MergeWithError<T::Err>,
{
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, BodyErrors> {
        let text = String::deserialize_from_value(value, location)?;
        text.parse()
            .map(Self)
            .map_err(|error| merged(error, location))
    }
}

impl<T: FromStr> Deserr<BodyErrors> for DecimalText<T>
where
    BodyErrors: MergeWithError<T::Err>,
{
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, BodyErrors> {
        let numeric = matches!(
            value.kind(),
            ValueKind::Integer | ValueKind::NegativeInteger | ValueKind::Float
        );
        if numeric {
            let detail = "must be a decimal in a string, not a JSON number";
            return Err(BodyErrors::at(Code::InvalidAmount, location, detail));
        }
        let text = String::deserialize_from_value(value, location)?;
        text.parse()
            .map(Self)
            .map_err(|error| merged(error, location))
    }
}

fn merged<E>(error: E, location: ValuePointerRef<'_>) -> BodyErrors
where
    BodyErrors: MergeWithError<E>,
{
    take_cf_content(BodyErrors::merge(None, error, location))
}

/// A day as the API writes it, `YYYY-MM-DD`: `Text<CalendarDate>`. The parser of
/// [`jiff::civil::Date`] alone takes other spellings too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarDate(pub Date);

impl FromStr for CalendarDate {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let date: Option<Date> = text.parse().ok();
        date.filter(|date| date.to_string() == text)
            .map(Self)
            .ok_or_else(|| InvalidValue::new("must be a date like 2026-01-31"))
    }
}

/// A field of a PATCH (RFC 7396).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// The field is absent: it keeps its value.
    #[default]
    Keep,
    /// The field is `null`: its value goes.
    Clear,
    /// The field has a new value.
    Set(T),
}

impl<T> Change<T> {
    /// Turns the new value, if there is one, into another type.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Change<U> {
        match self {
            Self::Keep => Change::Keep,
            Self::Clear => Change::Clear,
            Self::Set(value) => Change::Set(convert(value)),
        }
    }

    /// The new value of a field that always has one; `empty` is what it is when it is cleared.
    pub fn or_when_cleared(self, empty: impl FnOnce() -> T) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(empty()),
            Self::Set(value) => Some(value),
        }
    }
}

impl<T> From<Change<T>> for Patch<T> {
    fn from(change: Change<T>) -> Self {
        match change {
            Change::Keep => Self::Keep,
            Change::Clear => Self::Clear,
            Change::Set(value) => Self::Set(value),
        }
    }
}

impl<T: Deserr<E>, E: DeserializeError> Deserr<E> for Change<T> {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, E> {
        if matches!(value, Value::Null) {
            return Ok(Self::Clear);
        }
        T::deserialize_from_value(value, location).map(Self::Set)
    }
}

/// An object without members: the body or query of a request that takes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nothing;

impl Deserr<BodyErrors> for Nothing {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, BodyErrors> {
        let Value::Map(members) = value else {
            let accepted = &[ValueKind::Map];
            let kind = ErrorKind::IncorrectValueKind {
                actual: value,
                accepted,
            };
            return Err(take_cf_content(BodyErrors::error(None, kind, location)));
        };
        let mut errors = BodyErrors::default();
        for (key, _) in members.into_iter() {
            let unknown: ErrorKind<'_, V> = ErrorKind::UnknownKey {
                key: &key,
                accepted: &[],
            };
            errors = take_cf_content(BodyErrors::error(Some(errors), unknown, location));
        }
        if errors.is_empty() {
            Ok(Self)
        } else {
            Err(errors)
        }
    }
}
