//! From a stranger's bytes to ours: the type is told by the content, everything is decoded and
//! written anew, and what is not understood does not pass.
//!
//! | threat | answer |
//! |---|---|
//! | a wrong name or media type | neither is looked at |
//! | SVG, HTML, GIF, anything else | refused by its magic bytes |
//! | two formats in one file | bytes behind the end are refused, and nothing is kept verbatim |
//! | pixel bombs | width and height are known before a pixel is decoded |
//! | compression bombs | what is decoded is bounded, absolutely and in relation to the file |
//! | camera data, comments, profiles | pixels alone are written; the camera's rotation is applied |
//! | scripts, launchers, attachments in a PDF | taken out, and then looked for again |
//! | a flood of uploads | a bounded number is in memory, the rest is refused before it is read |
//! | a decoder that hangs or panics | it has a thread of its own and a time limit |

mod error;
mod extent;
mod pdf;
mod picture;
mod places;
mod pool;

use invoiceapp_domain::media::{ContentType, PixelSize};

pub use error::SanitizeError;
pub use pdf::{
    PDF_NODES_MAX, PDF_OBJECTS_MAX, PDF_PAGES_MAX, PDF_STREAM_BYTES_MAX, PDF_STREAMS_BYTES_MAX,
};
pub use picture::{
    ASPECT_RATIO_MAX, DECODED_BYTES_MAX, EXPANSION_FREE_BYTES, EXPANSION_RATIO_MAX, PIXELS_MAX,
    THUMBNAIL_SIDE_PIXELS_MAX, thumbnail,
};
pub use places::{Place, UPLOADS_AT_ONCE_MAX, UPLOADS_OF_A_TENANT_MAX};
pub use pool::{DECODE_TIME_MAX, DECODE_WAIT_MAX, DECODES_AT_ONCE_MAX, Sanitizer};

/// Largest upload, in bytes, and largest result.
pub const UPLOAD_BYTES_MAX: usize = 10 << 20;

/// How a PDF begins.
const PDF_START: &[u8] = b"%PDF-";

/// A file that was decoded and written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sanitized {
    /// What it is, by its content.
    pub content_type: ContentType,
    /// The bytes as this program wrote them: the same for the same input.
    pub bytes: Vec<u8>,
    /// Width and height of a picture, after the camera's rotation was applied.
    pub pixels: Option<PixelSize>,
}

/// Decodes a file and writes it anew. Takes as long as the decoding takes: [`Sanitizer`] bounds it.
///
/// # Errors
/// [`SanitizeError`] for what is not a sound PNG, JPEG, WebP or PDF within the limits.
pub fn sanitize(bytes: &[u8]) -> Result<Sanitized, SanitizeError> {
    if bytes.is_empty() {
        return Err(SanitizeError::Empty);
    }
    if bytes.len() > UPLOAD_BYTES_MAX {
        return Err(SanitizeError::TooLarge);
    }
    let content_type = content_type(bytes)?;
    let sanitized = match content_type {
        ContentType::Png | ContentType::Jpeg | ContentType::Webp => {
            picture::sanitize(bytes, content_type)?
        }
        ContentType::Pdf => pdf::sanitize(bytes)?,
    };
    if sanitized.bytes.len() > UPLOAD_BYTES_MAX {
        return Err(SanitizeError::TooLarge);
    }
    Ok(sanitized)
}

/// What a file is, by its magic bytes.
fn content_type(bytes: &[u8]) -> Result<ContentType, SanitizeError> {
    let kind = infer::get(bytes).ok_or(SanitizeError::UnsupportedType)?;
    let content_type = kind
        .mime_type()
        .parse()
        .map_err(|_| SanitizeError::UnsupportedType)?;
    // A PDF may begin late, says the library, behind whatever else the file then is.
    if content_type == ContentType::Pdf && !bytes.starts_with(PDF_START) {
        return Err(SanitizeError::UnsupportedType);
    }
    Ok(content_type)
}

/// The size of a picture as events carry it.
const fn pixel_size(width: u32, height: u32) -> PixelSize {
    PixelSize { width, height }
}
