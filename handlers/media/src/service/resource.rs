//! An uploaded file as the API shows it.

use invoiceapp_domain::media::{Media, MediaRecord};
use invoiceapp_journal::loaded::Loaded;
use serde::Serialize;
use utoipa::ToSchema;

/// An uploaded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Media)]
pub(super) struct MediaResource {
    /// UUIDv7.
    pub(super) id: String,
    /// What the file is, by its content: `image/png`, `image/jpeg`, `image/webp`,
    /// `application/pdf`.
    pub(super) content_type: String,
    /// Bytes as stored, which is after cleaning.
    pub(super) size: u64,
    /// SHA-256 of the stored bytes, in hexadecimal; also the `ETag` of the download.
    pub(super) sha256: String,
    /// Pixels from left to right; `null` for a PDF.
    pub(super) width: Option<u32>,
    /// Pixels from top to bottom; `null` for a PDF.
    pub(super) height: Option<u32>,
    /// `logo` or `attachment`.
    pub(super) purpose: String,
    /// What the sender called it.
    pub(super) file_name: Option<String>,
    /// Whether the thumbnail can be read; a PDF never has one.
    pub(super) thumbnail_ready: bool,
    /// Grows with every change.
    pub(super) version: u64,
    /// Journal position of the last change.
    pub(super) position: u64,
    /// When it was uploaded.
    #[schema(format = DateTime)]
    pub(super) created_at: String,
}

/// Shows a file; `None` before its first event.
pub(super) fn render(loaded: &Loaded<Media>) -> Option<MediaResource> {
    let MediaRecord { upload, thumbnail } = loaded.state.record()?;
    Some(MediaResource {
        id: upload.media_id.to_string(),
        content_type: upload.content_type.to_string(),
        size: upload.size,
        sha256: upload.sha256.to_string(),
        width: upload.pixels.map(|pixels| pixels.width),
        height: upload.pixels.map(|pixels| pixels.height),
        purpose: upload.purpose.as_str().to_owned(),
        file_name: upload.file_name.as_ref().map(ToString::to_string),
        thumbnail_ready: thumbnail.is_some(),
        version: loaded.version,
        position: loaded.position,
        created_at: loaded.created_at.to_string(),
    })
}
