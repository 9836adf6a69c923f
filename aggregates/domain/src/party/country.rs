//! Countries by their two letters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::invalid::InvalidValue;

/// A country as ISO 3166-1 alpha-2 names it (BT-40, BT-55; BR-CL-14), or `XK` for Kosovo, which that
/// standard leaves to its users: two upper-case letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CountryCode(&'static str);

impl CountryCode {
    /// Parses the two letters; only the upper-case spelling is one.
    ///
    /// # Errors
    /// [`InvalidValue`] when no country has them.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let two_letters = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        celes::Country::from_alpha2(text)
            .ok()
            .filter(|_| two_letters)
            .map(|country| Self(country.alpha2))
            .ok_or_else(|| InvalidValue::new("must be a country code of ISO 3166-1, such as DE"))
    }

    /// The two letters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The country's English name.
    #[must_use]
    pub fn english_name(self) -> &'static str {
        celes::Country::from_alpha2(self.0).map_or(self.0, |country| country.long_name)
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl FromStr for CountryCode {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::parse(text)
    }
}

// By hand: a derived reader would borrow the static letters from its input.
impl Serialize for CountryCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for CountryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
