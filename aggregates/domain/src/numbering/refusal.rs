//! Why a number series says no.

use thiserror::Error;

use super::series::{FIRST_NUMBER_MAX, NUMBER_CHARACTERS_MAX, SERIES_MAX};

/// A rule that forbade the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NumberSeriesRefusal {
    /// A series is defined once.
    #[error("the series exists already")]
    SeriesExists,
    /// Two periods would share numbers.
    #[error(
        "a series that starts again each year needs {{YYYY}} or {{YY}} in its template, and one \
         that starts again each month needs {{MM}} as well"
    )]
    PeriodMissing,
    /// A number could grow longer than a document has room for.
    #[error("a number of this series could have more than {NUMBER_CHARACTERS_MAX} characters")]
    NumberTooLong,
    /// The template alone would have room, but not with this prefix.
    #[error(
        "with this prefix, a number of this series could have more than \
         {NUMBER_CHARACTERS_MAX} characters"
    )]
    PrefixTooLong,
    /// Two documents could have one number (VAT Directive 2006/112/EC, art. 226(2)).
    #[error("another series can give the same numbers")]
    NumbersShared,
    /// There is a limit to the series of a tenant.
    #[error("there are {SERIES_MAX} number series already")]
    TooManySeries,
    /// Numbers begin at 1 or later.
    #[error("the first number must be from 1 to {FIRST_NUMBER_MAX}")]
    FirstNumberOutOfRange,
}

impl NumberSeriesRefusal {
    /// The refusal's stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::SeriesExists => "series_code_taken",
            Self::NumbersShared => "number_format_taken",
            Self::TooManySeries => "limit_reached",
            Self::PeriodMissing
            | Self::NumberTooLong
            | Self::PrefixTooLong
            | Self::FirstNumberOutOfRange => "invalid_value",
        }
    }

    /// Which field it is about: a JSON pointer (RFC 6901) into the command's body.
    #[must_use]
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Self::SeriesExists | Self::NumbersShared | Self::TooManySeries => None,
            Self::PeriodMissing | Self::NumberTooLong => Some("/template"),
            Self::PrefixTooLong => Some("/prefix"),
            Self::FirstNumberOutOfRange => Some("/first_number"),
        }
    }
}
