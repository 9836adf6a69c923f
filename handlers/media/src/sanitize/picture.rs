//! Pictures: dimensions first, then a full decode within limits, then the pixels alone written anew.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::error::{ImageError, LimitErrorKind};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use invoiceapp_domain::media::{ContentType, PixelSize};

use super::error::SanitizeError;
use super::{Sanitized, extent, pixel_size};

/// Most pixels of a picture.
pub const PIXELS_MAX: u64 = 25_000_000;
/// Most times as long as wide.
pub const ASPECT_RATIO_MAX: u32 = 100;
/// Most bytes that decoding one picture may take.
pub const DECODED_BYTES_MAX: u64 = 256 << 20;
/// A decoded picture of so many bytes is harmless, however small its file is.
pub const EXPANSION_FREE_BYTES: u64 = 32 << 20;
/// Beyond that, most bytes of decoded picture per byte of file.
pub const EXPANSION_RATIO_MAX: u64 = 100;
/// Longest side of a thumbnail, in pixels.
pub const THUMBNAIL_SIDE_PIXELS_MAX: u32 = 256;
/// Quality of a JPEG that is written anew, of 100: no visible loss against its original.
const JPEG_QUALITY: u8 = 90;

pub(super) fn sanitize(
    bytes: &[u8],
    content_type: ContentType,
) -> Result<Sanitized, SanitizeError> {
    extent::check(bytes, content_type)?;
    let picture = decode(bytes, content_type)?;
    let pixels = Some(pixel_size(picture.width(), picture.height()));
    Ok(Sanitized {
        content_type,
        bytes: encode(&picture, content_type)?,
        pixels,
    })
}

/// A small picture of a picture, as a PNG, at most [`THUMBNAIL_SIDE_PIXELS_MAX`] long and wide and
/// never larger than the original.
///
/// # Errors
/// [`SanitizeError`] when the picture cannot be decoded.
pub fn thumbnail(
    bytes: &[u8],
    content_type: ContentType,
) -> Result<(Vec<u8>, PixelSize), SanitizeError> {
    let picture = decode(bytes, content_type)?;
    let side = THUMBNAIL_SIDE_PIXELS_MAX;
    let small = if picture.width() <= side && picture.height() <= side {
        picture
    } else {
        picture.thumbnail(side, side)
    };
    Ok((
        encode(&small, ContentType::Png)?,
        pixel_size(small.width(), small.height()),
    ))
}

fn decode(bytes: &[u8], content_type: ContentType) -> Result<DynamicImage, SanitizeError> {
    let format = match content_type {
        ContentType::Png => ImageFormat::Png,
        ContentType::Jpeg => ImageFormat::Jpeg,
        ContentType::Webp => ImageFormat::WebP,
        ContentType::Pdf => return Err(SanitizeError::UnsupportedType),
    };
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(refusal)?;
    check_dimensions(decoder.dimensions(), decoder.total_bytes(), bytes.len())?;
    let orientation = decoder.orientation().map_err(refusal)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    picture.apply_orientation(orientation);
    Ok(eight_bits(picture))
}

fn check_dimensions(
    (width, height): (u32, u32),
    decoded_bytes: u64,
    file_bytes: usize,
) -> Result<(), SanitizeError> {
    if width == 0 || height == 0 {
        return Err(SanitizeError::Damaged);
    }
    if u64::from(width).saturating_mul(u64::from(height)) > PIXELS_MAX {
        return Err(SanitizeError::TooManyPixels);
    }
    if width.max(height) / width.min(height) > ASPECT_RATIO_MAX {
        return Err(SanitizeError::TooElongated);
    }
    let file_bytes = u64::try_from(file_bytes).unwrap_or(u64::MAX);
    let allowed = file_bytes
        .saturating_mul(EXPANSION_RATIO_MAX)
        .max(EXPANSION_FREE_BYTES);
    if decoded_bytes > allowed.min(DECODED_BYTES_MAX) {
        return Err(SanitizeError::ExpandsTooMuch);
    }
    Ok(())
}

fn refusal(error: ImageError) -> SanitizeError {
    match error {
        ImageError::Limits(limit) => match limit.kind() {
            LimitErrorKind::DimensionError => SanitizeError::TooManyPixels,
            _ => SanitizeError::ExpandsTooMuch,
        },
        ImageError::Unsupported(_) => SanitizeError::UnsupportedType,
        ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::IoError(_) => SanitizeError::Damaged,
    }
}

/// Eight bits per channel, with colour and transparency only where the picture has them: what every
/// reader of our files, the invoice's layout among them, can use.
fn eight_bits(picture: DynamicImage) -> DynamicImage {
    let color = picture.color();
    match (color.has_color(), color.has_alpha()) {
        (false, false) => DynamicImage::ImageLuma8(picture.into_luma8()),
        (false, true) => DynamicImage::ImageLumaA8(picture.into_luma_alpha8()),
        (true, false) => DynamicImage::ImageRgb8(picture.into_rgb8()),
        (true, true) => DynamicImage::ImageRgba8(picture.into_rgba8()),
    }
}

fn encode(picture: &DynamicImage, content_type: ContentType) -> Result<Vec<u8>, SanitizeError> {
    let mut bytes = Vec::new();
    let written = match content_type {
        ContentType::Png => {
            let (compression, filter) = (CompressionType::Default, FilterType::Adaptive);
            let encoder = PngEncoder::new_with_quality(&mut bytes, compression, filter);
            picture.write_with_encoder(encoder)
        }
        ContentType::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
            picture.write_with_encoder(encoder)
        }
        ContentType::Webp => {
            let encoder = WebPEncoder::new_lossless(&mut bytes);
            picture.write_with_encoder(encoder)
        }
        ContentType::Pdf => return Err(SanitizeError::UnsupportedType),
    };
    written.map_err(refusal)?;
    Ok(bytes)
}
