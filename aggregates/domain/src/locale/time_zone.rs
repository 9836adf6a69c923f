//! Time zones, which say what day it is.

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
