//! What a text from outside may fail: every newtype of the domain parses into one of these two.

use thiserror::Error;

/// A text that is not a plain decimal number of the allowed size and scale.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct InvalidAmount {
    /// A sentence for the person who sent it; it never repeats the text.
    pub reason: String,
}

impl InvalidAmount {
    /// Says why.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

/// A text that does not have the form of what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub struct InvalidValue {
    /// A sentence for the person who sent it; it never repeats the text.
    pub reason: String,
}

impl InvalidValue {
    /// Says why.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl From<crate::ids::InvalidId> for InvalidValue {
    fn from(invalid: crate::ids::InvalidId) -> Self {
        Self::new(invalid.to_string())
    }
}
