//! The logo: decoded within limits, made small, and put on white, because a page has no
//! transparency to keep and the smaller picture is a smaller file.
//!
//! **Every picture that may be uploaded as a logo is decoded here**: an issued invoice names its logo
//! for ever, so one that is refused here is an invoice without a PDF. An upload has at most
//! [`MEDIA_BYTES_MAX`] bytes and 25 million pixels of eight bits per channel, and may be far longer
//! than wide; no limit here is narrower than that.

use std::io::Cursor;

use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat, ImageReader, Limits, RgbImage};
use invoiceapp_domain::media::MEDIA_BYTES_MAX;

use crate::error::RenderError;

/// Most memory for decoding, in bytes: 100 MB is what the most pixels with transparency take. It is
/// what bounds width and height.
const DECODE_BYTES_MAX: u64 = 256 << 20;
/// Longest side that is kept: 300 pixels an inch at the largest size on the page.
const KEPT_PIXELS_MAX: u32 = 800;

/// A picture of red, green and blue bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logo {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) pixels: Vec<u8>,
}

/// Decodes a PNG, JPEG or WebP by its content.
pub(crate) fn decode(bytes: &[u8]) -> Result<Logo, RenderError> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MEDIA_BYTES_MAX) {
        return Err(RenderError::Logo);
    }
    let mut reader = ImageReader::new(Cursor::new(bytes));
    let format = image::guess_format(bytes).map_err(|_| RenderError::Logo)?;
    if !matches!(
        format,
        ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP
    ) {
        return Err(RenderError::Logo);
    }
    reader.set_format(format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    reader.limits(limits);
    let picture = reader.decode().map_err(|_| RenderError::Logo)?;
    let picture = if picture.width().max(picture.height()) > KEPT_PIXELS_MAX {
        picture.resize(KEPT_PIXELS_MAX, KEPT_PIXELS_MAX, FilterType::Triangle)
    } else {
        picture
    };
    let flat = on_white(picture);
    Ok(Logo {
        width: flat.width(),
        height: flat.height(),
        pixels: flat.into_raw(),
    })
}

fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let with_alpha = picture.into_rgba8();
    let mut flat = RgbImage::new(with_alpha.width(), with_alpha.height());
    for (target, source) in flat.pixels_mut().zip(with_alpha.pixels()) {
        let [red, green, blue, alpha] = source.0;
        let blend = |colour: u8| {
            let mixed = u32::from(colour) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from((mixed + 127) / 255).unwrap_or(u8::MAX)
        };
        target.0 = [blend(red), blend(green), blend(blue)];
    }
    flat
}
