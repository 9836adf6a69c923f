//! The languages of documents, and the time zones that say what day it is.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::invalid::InvalidValue;

/// Longest name of a time zone, in bytes; the longest of the database has 32.
const TIME_ZONE_BYTES_MAX: usize = 64;

/// The database compiled in. The machine's own may be another one, and a decision must come out
/// the same on every machine.
static TIME_ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The language and the number format of a document, by its BCP 47 tag.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// German.
    De,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Polish.
    Pl,
    /// Vietnamese.
    Vi,
}

impl Locale {
    /// Every locale.
    pub const ALL: [Self; 6] = [Self::En, Self::De, Self::Fr, Self::Es, Self::Pl, Self::Vi];

    /// The BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Pl => "pl",
            Self::Vi => "vi",
        }
    }

    /// Parses a tag. Tags are compared without case (RFC 5646, section 2.1.1), and a region is
    /// dropped: `de-AT` is written as `de` is.
    ///
    /// # Errors
    /// [`InvalidValue`] when documents are not written in that language.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let (language, region) = text
            .split_once('-')
            .map_or((text, None), |(language, rest)| (language, Some(rest)));
        let region_formed = region.is_none_or(|region| {
            matches!(region.len(), 2 | 3) && region.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        Self::ALL
            .into_iter()
            .find(|locale| locale.tag().eq_ignore_ascii_case(language))
            .filter(|_| region_formed)
            .ok_or_else(|| InvalidValue::new("must be one of en, de, fr, es, pl, vi"))
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.tag())
    }
}

impl FromStr for Locale {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

/// A time zone by its name in the IANA database, such as `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZoneName(String);

impl TimeZoneName {
    /// Parses a name; any case is accepted, and the database's spelling is kept.
    ///
    /// # Errors
    /// [`InvalidValue`] when the database has no such zone.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let unknown =
            || InvalidValue::new("must be a time zone of the IANA database, such as Europe/Berlin");
        if text.len() > TIME_ZONE_BYTES_MAX {
            return Err(unknown());
        }
        let zone = TIME_ZONES.get(text).map_err(|_| unknown())?;
        zone.iana_name()
            .map(|name| Self(name.to_owned()))
            .ok_or_else(unknown)
    }

    /// Coordinated universal time, what a tenant has before it says otherwise.
    #[must_use]
    pub fn utc() -> Self {
        Self("Etc/UTC".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The zone's rules. A parsed name is in the database; UTC stands for what cannot be.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        TIME_ZONES.get(&self.0).unwrap_or(TimeZone::UTC)
    }
}

impl Default for TimeZoneName {
    fn default() -> Self {
        Self::utc()
    }
}

impl fmt::Display for TimeZoneName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for TimeZoneName {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

impl TryFrom<String> for TimeZoneName {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        Self::parse(&text)
    }
}

impl From<TimeZoneName> for String {
    fn from(zone: TimeZoneName) -> Self {
        zone.0
    }
}

/// The calendar day of an instant in a time zone.
#[must_use]
pub fn today(now: Timestamp, zone: &TimeZoneName) -> Date {
    zone.time_zone().to_datetime(now).date()
}
