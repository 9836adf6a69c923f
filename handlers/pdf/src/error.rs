//! Why a document cannot be rendered.

use thiserror::Error;

/// A document that cannot become a PDF. None of these passes by trying again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RenderError {
    /// It exceeds a limit of this crate.
    #[error("the document exceeds {limit}")]
    TooLarge {
        /// The limit's name.
        limit: &'static str,
    },
    /// A font of this crate cannot be read.
    #[error("the font {font} cannot be read")]
    Font {
        /// Which one.
        font: &'static str,
    },
    /// The logo is not a PNG, JPEG or WebP within the limits.
    #[error("the logo cannot be read")]
    Logo,
    /// The PDF library refused what it was given.
    #[error("the file cannot be written: {reason}")]
    Write {
        /// What it said; it knows nothing of the document's texts.
        reason: String,
    },
}
