//! What an uploaded file is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::command::MediaCommand;
use super::decide::decide;
use super::event::MediaEvent;
use super::refusal::MediaRefusal;
use crate::decider::{Context, Decider, Decision};
use crate::digest::Sha256Hex;
use crate::ids::{MediaId, StreamKind};
use crate::invalid::InvalidValue;
use crate::text::ShortText;

/// An uploaded file; the key of its stream is its id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    /// Before its first event.
    #[default]
    Missing,
    /// Its bytes are stored.
    Uploaded(MediaRecord),
}

/// A stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaRecord {
    /// The file itself.
    #[serde(flatten)]
    pub upload: Upload,
    /// The small picture of it, once it is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail: Option<Thumbnail>,
}

/// A file as it was uploaded, checked, cleaned and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The key of its stream.
    pub media_id: MediaId,
    /// What the bytes are, by their content and not by what the sender said.
    pub content_type: ContentType,
    /// The digest of the stored bytes.
    pub sha256: Sha256Hex,
    /// How many bytes are stored.
    pub size: u64,
    /// Width and height of a picture; a PDF has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<PixelSize>,
    /// What the file is for.
    pub purpose: MediaPurpose,
    /// What the sender called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<ShortText>,
}

/// A small picture of an uploaded picture, always a PNG.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// The digest of the stored bytes.
    pub sha256: Sha256Hex,
    /// How many bytes are stored.
    pub size: u64,
    /// Its width and height.
    pub pixels: PixelSize,
}

/// Width and height of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PixelSize {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

/// What an upload is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaPurpose {
    /// The picture at the head of the tenant's documents.
    Logo,
    /// A file that goes with a document.
    Attachment,
}

impl FromStr for MediaPurpose {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "logo" => Ok(Self::Logo),
            "attachment" => Ok(Self::Attachment),
            _ => Err(InvalidValue::new("must be one of logo, attachment")),
        }
    }
}

impl MediaPurpose {
    /// The name that it has outside.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logo => "logo",
            Self::Attachment => "attachment",
        }
    }
}

/// What may be uploaded, by its media type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ContentType {
    /// `image/png`
    #[serde(rename = "image/png")]
    Png,
    /// `image/jpeg`
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// `image/webp`
    #[serde(rename = "image/webp")]
    Webp,
    /// `application/pdf`
    #[serde(rename = "application/pdf")]
    Pdf,
}

impl ContentType {
    /// Every type that may be uploaded.
    pub const ALL: [Self; 4] = [Self::Png, Self::Jpeg, Self::Webp, Self::Pdf];

    /// The media type (RFC 6838).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
        }
    }

    /// Whether it is a picture.
    #[must_use]
    pub const fn is_picture(self) -> bool {
        match self {
            Self::Png | Self::Jpeg | Self::Webp => true,
            Self::Pdf => false,
        }
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for ContentType {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::ALL
            .into_iter()
            .find(|content_type| content_type.as_str() == text)
            .ok_or_else(|| InvalidValue::new("must be a PNG, JPEG, WebP or PDF"))
    }
}

impl Media {
    /// The stored file; `None` before the first event.
    #[must_use]
    pub const fn record(&self) -> Option<&MediaRecord> {
        match self {
            Self::Missing => None,
            Self::Uploaded(record) => Some(record),
        }
    }
}

impl Decider for Media {
    const KIND: StreamKind = StreamKind::Media;
    type Command = MediaCommand;
    type Event = MediaEvent;
    type Refusal = MediaRefusal;

    fn decide(
        &self,
        command: &MediaCommand,
        _context: &Context,
    ) -> Result<Decision<MediaEvent>, MediaRefusal> {
        decide(self, command)
    }

    fn evolve(&mut self, event: &MediaEvent) {
        match event {
            MediaEvent::MediaUploaded(upload) => {
                *self = Self::Uploaded(MediaRecord {
                    upload: upload.clone(),
                    thumbnail: None,
                });
            }
            MediaEvent::ThumbnailAttached(thumbnail) => {
                if let Self::Uploaded(record) = self {
                    record.thumbnail = Some(thumbnail.clone());
                }
            }
        }
    }
}
