//! A series as a decision uses it: a value, with the arithmetic of periods and numbers.

use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::overlap::overlap;
use super::template::{Template, is_number_byte};
use crate::decider::{ClaimKey, NumberRequest};
use crate::invalid::InvalidValue;
use crate::text::{CODE_BYTES_MAX, SeriesCode, text_value};

/// Longest number that a series may ever give, in characters.
pub const NUMBER_CHARACTERS_MAX: usize = 60;
/// Longest prefix, in bytes: a code with a hyphen is one.
pub const PREFIX_BYTES_MAX: usize = CODE_BYTES_MAX.saturating_add(1);
/// Greatest first number of a series, so that no sequence reaches its end.
pub const FIRST_NUMBER_MAX: u64 = 999_999_999_999;

/// The kind of claim that counts a tenant's series.
pub const SERIES_PLACE: &str = "number_series_place";
/// Most series of a tenant.
pub const SERIES_MAX: usize = 500;

/// When a series starts again at its first number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesReset {
    /// It counts on for ever.
    Never,
    /// With each calendar year of the issue date.
    Year,
    /// With each calendar month of the issue date.
    Month,
}

impl FromStr for SeriesReset {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "never" => Ok(Self::Never),
            "year" => Ok(Self::Year),
            "month" => Ok(Self::Month),
            _ => Err(InvalidValue::new("must be one of never, year, month")),
        }
    }
}

impl SeriesReset {
    /// The name that it has outside.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Year => "year",
            Self::Month => "month",
        }
    }
}

/// Which documents take their number from a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesPurpose {
    /// Invoices (type 380).
    Invoice,
    /// Credit notes (type 381).
    CreditNote,
}

impl FromStr for SeriesPurpose {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "invoice" => Ok(Self::Invoice),
            "credit_note" => Ok(Self::CreditNote),
            _ => Err(InvalidValue::new("must be one of invoice, credit_note")),
        }
    }
}

impl SeriesPurpose {
    /// The name that it has outside.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
        }
    }
}

text_value!(
    /// What stands for `{PREFIX}`: `A-Z a-z 0-9 - _ / .`, at most 41 characters, possibly none.
    NumberPrefix,
    |text| {
        if text.len() <= PREFIX_BYTES_MAX && text.bytes().all(is_number_byte) {
            Ok(text.to_owned())
        } else {
            Err(InvalidValue::new(format!(
                "must be at most {PREFIX_BYTES_MAX} letters, digits, - _ / and ."
            )))
        }
    }
);

impl NumberPrefix {
    /// The prefix of a series whose owner named none: its code and a hyphen, so that two series of
    /// one template still give different numbers.
    #[must_use]
    pub fn of_code(code: &SeriesCode) -> Self {
        Self(format!("{code}-"))
    }
}

/// Everything that a number depends on. It is frozen at definition: a series never changes, a new
/// one takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SeriesSnapshot {
    /// Its code, unique within the tenant.
    pub code: SeriesCode,
    /// How a number is put together.
    pub template: Template,
    /// What stands for `{PREFIX}`.
    pub prefix: NumberPrefix,
    /// When it starts again.
    pub reset: SeriesReset,
    /// The first sequence number of each period, at least 1.
    pub first_number: u64,
    /// Which documents it numbers.
    #[serde(rename = "for")]
    pub purpose: SeriesPurpose,
}

impl SeriesSnapshot {
    /// The code of the series that a tenant's invoices use unless another is named.
    pub const INVOICE_CODE: &'static str = "INV";
    /// The code of the series that a tenant's credit notes use unless another is named.
    pub const CREDIT_NOTE_CODE: &'static str = "CN";

    /// The series that every tenant starts with: `INV-2026-00001` and `CN-2026-00001`, new each
    /// year.
    ///
    /// # Errors
    /// Never: the texts are constants, and a test parses them.
    pub fn defaults() -> Result<[Self; 2], InvalidValue> {
        Ok([
            Self::yearly(Self::INVOICE_CODE, SeriesPurpose::Invoice)?,
            Self::yearly(Self::CREDIT_NOTE_CODE, SeriesPurpose::CreditNote)?,
        ])
    }

    fn yearly(code: &str, purpose: SeriesPurpose) -> Result<Self, InvalidValue> {
        let code = SeriesCode::parse(code)?;
        Ok(Self {
            template: Template::parse("{PREFIX}{YYYY}-{SEQ:5}")?,
            prefix: NumberPrefix::of_code(&code),
            reset: SeriesReset::Year,
            first_number: 1,
            purpose,
            code,
        })
    }

    /// The period that a date counts in: `""`, `"2026"` or `"2026-11"`.
    #[must_use]
    pub fn period(&self, date: Date) -> String {
        match self.reset {
            SeriesReset::Never => String::new(),
            SeriesReset::Year => format!("{:04}", date.year()),
            SeriesReset::Month => format!("{:04}-{:02}", date.year(), date.month()),
        }
    }

    /// The number of a sequence on a date.
    #[must_use]
    pub fn format(&self, date: Date, sequence: u64) -> String {
        self.template.format(self.prefix.as_str(), date, sequence)
    }

    /// Asks the journal for the next number, for a document of a date.
    #[must_use]
    pub fn request(&self, date: Date) -> NumberRequest {
        NumberRequest {
            series: self.code.to_string(),
            period: self.period(date),
            first: self.first_number,
            date,
        }
    }

    /// Whether a number of the one series could be a number of the other.
    #[must_use]
    pub fn shares_numbers_with(&self, other: &Self) -> bool {
        let places = |series: &Self| series.template.places(series.prefix.as_str());
        overlap(&places(self), &places(other))
    }

    /// The key that at most one series of a tenant holds: no two give the same numbers (VAT
    /// Directive 2006/112/EC, art. 226(2)).
    #[must_use]
    pub fn claim_key(&self) -> ClaimKey {
        ClaimKey {
            kind: "number_format".to_owned(),
            value: self.template.pattern(self.prefix.as_str()),
        }
    }
}
