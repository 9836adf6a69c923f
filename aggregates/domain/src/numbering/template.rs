//! Templates of numbers: `{PREFIX}{YYYY}{MM}{SEQ:5}`.

use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::overlap::Place;
use super::series::SeriesReset;
use crate::invalid::InvalidValue;

/// Longest template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 80;
/// Most digits that a sequence is padded to.
pub const SEQUENCE_WIDTH_MAX: usize = 12;
/// Digits of the greatest sequence number there can be.
const SEQUENCE_DIGITS_MAX: usize = 20;

/// How a number is put together: literal characters (`A-Z a-z 0-9 - _ / .`), `{PREFIX}`, `{YYYY}`
/// or `{YY}`, `{MM}`, and exactly one `{SEQ:n}`, the sequence padded with zeros to `n` digits and
/// longer when it has to be.
///
/// Everything but the sequence has a fixed length, so two sequences never give one number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    Literal(String),
    Prefix,
    YearOfFourDigits,
    YearOfTwoDigits,
    Month,
    Sequence { width: usize },
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// [`InvalidValue`] when it is too long, has an unknown placeholder or another character, or
    /// has not exactly one `{SEQ:n}`.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(InvalidValue::new(format!(
                "must have at most {TEMPLATE_BYTES_MAX} characters"
            )));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (part, after) = next_part(rest)?;
            parts.push(part);
            rest = after;
        }
        let sequences = parts
            .iter()
            .filter(|part| matches!(part, Part::Sequence { .. }))
            .count();
        if sequences == 1 {
            Ok(Self {
                text: text.to_owned(),
                parts,
            })
        } else {
            Err(InvalidValue::new("must contain {SEQ:n} exactly once"))
        }
    }

    /// The template as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the series' prefix is part of the number.
    #[must_use]
    pub fn has_prefix(&self) -> bool {
        self.parts.contains(&Part::Prefix)
    }

    /// Whether numbers of two periods differ: a sequence that starts again each year needs the year
    /// in the number, one that starts again each month needs year and month.
    #[must_use]
    pub fn tells_periods_apart(&self, reset: SeriesReset) -> bool {
        let year = self.parts.contains(&Part::YearOfFourDigits)
            || self.parts.contains(&Part::YearOfTwoDigits);
        match reset {
            SeriesReset::Never => true,
            SeriesReset::Year => year,
            SeriesReset::Month => year && self.parts.contains(&Part::Month),
        }
    }

    /// Length of the longest number that it can ever give with a prefix, in characters.
    #[must_use]
    pub fn longest(&self, prefix: &str) -> usize {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Literal(literal) => literal.len(),
                Part::Prefix => prefix.len(),
                Part::YearOfFourDigits => 4,
                Part::YearOfTwoDigits | Part::Month => 2,
                Part::Sequence { .. } => SEQUENCE_DIGITS_MAX,
            })
            .fold(0, usize::saturating_add)
    }

    /// The number of a sequence on a date.
    #[must_use]
    pub fn format(&self, prefix: &str, date: Date, sequence: u64) -> String {
        let mut number = String::new();
        for part in &self.parts {
            // Writing to a String cannot fail.
            let _ = match part {
                Part::Literal(literal) => number.write_str(literal),
                Part::Prefix => number.write_str(prefix),
                Part::YearOfFourDigits => write!(number, "{:04}", date.year()),
                Part::YearOfTwoDigits => write!(number, "{:02}", date.year().rem_euclid(100)),
                Part::Month => write!(number, "{:02}", date.month()),
                Part::Sequence { width } => write!(number, "{sequence:0width$}"),
            };
        }
        number
    }

    /// What a number of this template can look like: no fewer numbers than it gives, and hardly more.
    pub(super) fn places(&self, prefix: &str) -> Vec<Place> {
        let mut places = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => places.extend(literal.bytes().map(Place::Byte)),
                Part::Prefix => places.extend(prefix.bytes().map(Place::Byte)),
                // The years that documents are dated in.
                Part::YearOfFourDigits => places.extend([
                    Place::OneOf(b"12"),
                    Place::DIGIT,
                    Place::DIGIT,
                    Place::DIGIT,
                ]),
                Part::YearOfTwoDigits => places.extend([Place::DIGIT; 2]),
                Part::Month => places.extend([Place::OneOf(b"01"), Place::DIGIT]),
                Part::Sequence { width } => {
                    places.extend(std::iter::repeat_n(Place::DIGIT, *width));
                    places.push(Place::Digits);
                }
            }
        }
        places
    }

    /// The template with its prefix put in: two series with the same pattern would give the same
    /// numbers. The padding is left out, because it only tells short sequences apart.
    #[must_use]
    pub fn pattern(&self, prefix: &str) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Literal(literal) => literal.as_str(),
                Part::Prefix => prefix,
                Part::YearOfFourDigits => "{YYYY}",
                Part::YearOfTwoDigits => "{YY}",
                Part::Month => "{MM}",
                Part::Sequence { .. } => "{SEQ}",
            })
            .collect()
    }
}

fn next_part(text: &str) -> Result<(Part, &str), InvalidValue> {
    if let Some(opened) = text.strip_prefix('{') {
        let (placeholder, rest) = opened
            .split_once('}')
            .ok_or_else(|| InvalidValue::new("has a { without a }"))?;
        return Ok((parse_placeholder(placeholder)?, rest));
    }
    let (literal, rest) = text.split_at(text.find('{').unwrap_or(text.len()));
    if literal.bytes().all(is_number_byte) {
        Ok((Part::Literal(literal.to_owned()), rest))
    } else {
        Err(InvalidValue::new(
            "may only contain letters, digits, - _ / . and placeholders",
        ))
    }
}

fn parse_placeholder(placeholder: &str) -> Result<Part, InvalidValue> {
    match placeholder {
        "PREFIX" => return Ok(Part::Prefix),
        "YYYY" => return Ok(Part::YearOfFourDigits),
        "YY" => return Ok(Part::YearOfTwoDigits),
        "MM" => return Ok(Part::Month),
        _ => {}
    }
    placeholder
        .strip_prefix("SEQ:")
        .filter(|digits| !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .filter(|width| (1..=SEQUENCE_WIDTH_MAX).contains(width))
        .map(|width| Part::Sequence { width })
        .ok_or_else(|| {
            InvalidValue::new(format!(
                "knows the placeholders {{PREFIX}}, {{YYYY}}, {{YY}}, {{MM}} and {{SEQ:1}} to \
                 {{SEQ:{SEQUENCE_WIDTH_MAX}}}"
            ))
        })
}

/// What a number may consist of: it stands in file names, mail subjects and bank transfers.
pub(super) fn is_number_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/' | b'.')
}

impl fmt::Display for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for Template {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Template {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        Self::parse(&text)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.text
    }
}
