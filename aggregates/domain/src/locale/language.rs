//! The languages of documents.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::invalid::InvalidValue;

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
