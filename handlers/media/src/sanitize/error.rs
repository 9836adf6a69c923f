//! Why a file does not pass.

use thiserror::Error;

/// Why a file does not pass. No variant repeats anything of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SanitizeError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It, or what it comes to when written anew, is too large.
    #[error("the file has more than 10 MB")]
    TooLarge,
    /// By its content it is none of the types that are taken.
    #[error("the file is not a PNG, JPEG, WebP or PDF")]
    UnsupportedType,
    /// It cannot be decoded to its end.
    #[error("the file is damaged or incomplete")]
    Damaged,
    /// Something else follows behind its end.
    #[error("the file goes on behind its end")]
    TrailingData,
    /// A picture with too many pixels.
    #[error("the picture has more than 25 million pixels")]
    TooManyPixels,
    /// A picture that is far longer than wide, or the other way round.
    #[error("the picture is more than 100 times as long as wide")]
    TooElongated,
    /// A small file that becomes a huge one when it is decoded.
    #[error("the file expands too much when it is decoded")]
    ExpandsTooMuch,
    /// A PDF that asks for a password, also the empty one.
    #[error("the PDF is encrypted")]
    Encrypted,
    /// A PDF with too many pages.
    #[error("the PDF has too many pages")]
    TooManyPages,
    /// A PDF with too many parts, or too deeply nested ones.
    #[error("the PDF is too complex")]
    TooComplex,
    /// Decoding did not come to an end in time.
    #[error("decoding the file takes too long")]
    TooSlow,
    /// Too many files are being read or decoded at the moment; trying again later is right.
    #[error("too many files are being taken in at the moment")]
    Busy,
}

impl SanitizeError {
    /// The stable code, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "file_empty",
            Self::TooLarge => "body_too_large",
            Self::UnsupportedType => "unsupported_media_type",
            Self::Damaged => "file_damaged",
            Self::TrailingData => "file_trailing_data",
            Self::TooManyPixels => "picture_too_many_pixels",
            Self::TooElongated => "picture_too_elongated",
            Self::ExpandsTooMuch => "file_expands_too_much",
            Self::Encrypted => "pdf_encrypted",
            Self::TooManyPages => "pdf_too_many_pages",
            Self::TooComplex => "pdf_too_complex",
            Self::TooSlow => "file_too_slow",
            Self::Busy => "dependency_unavailable",
        }
    }
}
