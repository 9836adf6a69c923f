//! Why an uploaded file's stream says no.

use thiserror::Error;

use super::decide::MEDIA_BYTES_MAX;

/// A rule that forbade the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MediaRefusal {
    /// There is no such file.
    #[error("there is no such file")]
    NotFound,
    /// A file is uploaded once; its bytes never change.
    #[error("the file exists already")]
    MediaExists,
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// There is too much in it.
    #[error("the file has more than {MEDIA_BYTES_MAX} bytes")]
    TooLarge,
    /// Only a picture can stand at the head of a document.
    #[error("a logo must be a PNG, JPEG or WebP")]
    LogoIsNoPicture,
    /// A picture has a width and a height, and nothing else has.
    #[error("a picture, and only a picture, has a width and a height")]
    PixelsDoNotFit,
    /// Nothing is made smaller that is no picture.
    #[error("the file is no picture")]
    NotAPicture,
    /// A file has one thumbnail, for ever.
    #[error("the file has a thumbnail already")]
    ThumbnailExists,
}

impl MediaRefusal {
    /// The refusal's stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MediaExists => "media_exists",
            Self::Empty | Self::PixelsDoNotFit => "invalid_value",
            Self::TooLarge => "body_too_large",
            Self::LogoIsNoPicture => "unsupported_media_type",
            Self::NotAPicture => "media_not_a_picture",
            Self::ThumbnailExists => "thumbnail_exists",
        }
    }
}
