//! Where a file ends by the rules of its own format. What follows behind it would be a second file.

use invoiceapp_domain::media::ContentType;

use super::error::SanitizeError;

const PNG_SIGNATURE_LENGTH: usize = 8;
/// Length, type and check of a PNG chunk, without its data.
const PNG_CHUNK_OVERHEAD: usize = 12;
const RIFF_HEADER_LENGTH: usize = 8;
const JPEG_END: u8 = 0xd9;
/// How a second picture behind the first begins: cameras put previews there (MPF).
const JPEG_START: &[u8] = &[0xff, 0xd8, 0xff];

/// Refuses a file that goes on behind its end. A further JPEG behind a JPEG is what cameras write;
/// it is dropped like everything else that is not the picture.
///
/// # Errors
/// [`SanitizeError::Damaged`] when there is no end, [`SanitizeError::TrailingData`] when it is not
/// the last thing.
pub(super) fn check(bytes: &[u8], content_type: ContentType) -> Result<(), SanitizeError> {
    let end = match content_type {
        ContentType::Png => png_end(bytes),
        ContentType::Jpeg => jpeg_end(bytes),
        ContentType::Webp => webp_end(bytes),
        ContentType::Pdf => pdf_end(bytes),
    };
    let behind = end
        .and_then(|end| bytes.get(end..))
        .ok_or(SanitizeError::Damaged)?;
    let is_preview = content_type == ContentType::Jpeg && behind.starts_with(JPEG_START);
    if behind
        .iter()
        .all(|byte| matches!(byte, 0 | b'\r' | b'\n' | b' '))
        || is_preview
    {
        Ok(())
    } else {
        Err(SanitizeError::TrailingData)
    }
}

fn png_end(bytes: &[u8]) -> Option<usize> {
    let mut at = PNG_SIGNATURE_LENGTH;
    loop {
        let header = bytes.get(at..)?;
        let (length, rest) = header.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        at = at.checked_add(length)?.checked_add(PNG_CHUNK_OVERHEAD)?;
        if rest.starts_with(b"IEND") {
            return Some(at);
        }
    }
}

fn webp_end(bytes: &[u8]) -> Option<usize> {
    let length = bytes.get(4..8)?.first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    // Chunks are padded to an even length; some writers leave the last padding out.
    let end = length.checked_add(RIFF_HEADER_LENGTH)?;
    (end <= bytes.len()).then_some(end)
}

fn jpeg_end(bytes: &[u8]) -> Option<usize> {
    let mut at = 2;
    loop {
        // In a scan, 0xff is followed by 0 or a restart marker; elsewhere segments touch.
        let marker = bytes
            .get(at..)?
            .iter()
            .position(|byte| *byte == 0xff)?
            .checked_add(at)?;
        let kind = *bytes.get(marker.checked_add(1)?)?;
        at = match kind {
            JPEG_END => return marker.checked_add(2),
            0xff => marker.checked_add(1)?,
            0 | 0x01 | 0xd0..=0xd8 => marker.checked_add(2)?,
            _ => {
                let length = bytes.get(marker.checked_add(2)?..)?.first_chunk::<2>()?;
                marker
                    .checked_add(2)?
                    .checked_add(usize::from(u16::from_be_bytes(*length)))?
            }
        };
    }
}

fn pdf_end(bytes: &[u8]) -> Option<usize> {
    const END: &[u8] = b"%%EOF";
    let last = bytes.windows(END.len()).rposition(|window| window == END)?;
    last.checked_add(END.len())
}
