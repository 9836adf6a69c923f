//! Files to upload: honest ones, and the hostile corpus.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use lopdf::{Dictionary, Document, Object, Stream, dictionary};

/// Stands for a camera's position and owner: must not be in anything that is stored.
pub(crate) const CANARY: &[u8] = b"GPS-CANARY-48.8583N-2.2945E";

pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

/// A picture in which every corner has another colour.
pub(crate) fn picture(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
        let (right, low) = (x >= width / 2, y >= height / 2);
        match (right, low) {
            (false, false) => Rgb([200, 0, 0]),
            (true, false) => Rgb([0, 200, 0]),
            (false, true) => Rgb([0, 0, 200]),
            (true, true) => Rgb([200, 200, 0]),
        }
    }))
}

pub(crate) fn transparent(width: u32, height: u32) -> DynamicImage {
    let pixel = |x: u32, _| Rgba([10, 20, 30, u8::try_from(x % 256).unwrap()]);
    DynamicImage::ImageRgba8(RgbaImage::from_fn(width, height, pixel))
}

pub(crate) fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    encoded(&picture(width, height), ImageFormat::Png)
}

/// Exif (TIFF, big endian) with an orientation and a description that is the canary.
fn exif(orientation: u8) -> Vec<u8> {
    let length = u8::try_from(CANARY.len()).unwrap();
    let mut exif = b"MM\0*\0\0\0\x08\0\x02".to_vec();
    exif.extend([0x01, 0x0e, 0, 2, 0, 0, 0, length, 0, 0, 0, 38]);
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    exif.extend([0, 0, 0, 0]);
    assert_eq!(exif.len(), 38);
    exif.extend_from_slice(CANARY);
    exif
}

/// A picture as a camera writes it, with Exif, turned by the orientation.
pub(crate) fn from_camera(format: ImageFormat, orientation: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = picture(64, 32);
    match format {
        ImageFormat::Png => write(PngEncoder::new(&mut bytes), &picture, orientation),
        ImageFormat::Jpeg => write(JpegEncoder::new(&mut bytes), &picture, orientation),
        _ => write(WebPEncoder::new_lossless(&mut bytes), &picture, orientation),
    }
    assert!(contains(&bytes, CANARY));
    bytes
}

fn write(mut encoder: impl ImageEncoder, picture: &DynamicImage, orientation: u8) {
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    picture.write_with_encoder(encoder).unwrap();
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}

pub(crate) fn png_chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut checked = kind.to_vec();
    checked.extend_from_slice(data);
    let mut chunk = u32::try_from(data.len()).unwrap().to_be_bytes().to_vec();
    chunk.extend_from_slice(&checked);
    chunk.extend(crc32(&checked).to_be_bytes());
    chunk
}

/// A PNG with a chunk put in behind its header.
pub(crate) fn png_with(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    const HEADER_END: usize = 8 + 25;
    let mut bytes = png(8, 8);
    bytes.splice(HEADER_END..HEADER_END, png_chunk(kind, data));
    bytes
}

/// A PNG of a few bytes that says it is so large.
pub(crate) fn png_that_claims(width: u32, height: u32) -> Vec<u8> {
    let mut header = width.to_be_bytes().to_vec();
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend(png_chunk(*b"IHDR", &header));
    bytes.extend(png_chunk(*b"IDAT", &[0x78, 0x9c, 0x03, 0, 0, 0, 0, 1]));
    bytes.extend(png_chunk(*b"IEND", &[]));
    bytes
}

/// A document of one page with a line of text.
pub(crate) fn document() -> Document {
    let mut document = Document::with_version("1.6");
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
    });
    let content = b"BT /F1 24 Tf 72 700 Td (An honest receipt) Tj ET".to_vec();
    let content = document.add_object(Stream::new(Dictionary::new(), content));
    let pages = document.new_object_id();
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Parent" => pages, "Contents" => content,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        "Resources" => dictionary! { "Font" => dictionary! { "F1" => font } },
    });
    let tree = dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 };
    document.objects.insert(pages, tree.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    document.trailer.set("Root", catalog);
    document
}

pub(crate) fn saved(mut document: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

pub(crate) fn pdf() -> Vec<u8> {
    saved(document())
}

/// Sets an entry of the catalogue.
pub(crate) fn with_catalog(mut document: Document, key: &str, value: Object) -> Document {
    document.catalog_mut().unwrap().set(key, value);
    document
}

/// Sets an entry of the one page.
pub(crate) fn with_page(mut document: Document, key: &str, value: Object) -> Document {
    let page = document.page_iter().next().unwrap();
    document.get_dictionary_mut(page).unwrap().set(key, value);
    document
}

/// A PDF written by hand: objects 1..n with these bodies; the first is the catalogue.
pub(crate) fn raw_pdf(bodies: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    for (number, body) in (1..).zip(bodies) {
        offsets.push(bytes.len());
        bytes.extend(format!("{number} 0 obj\n").into_bytes());
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(b"\nendobj\n");
    }
    let start = bytes.len();
    bytes.extend(format!("xref\n0 {}\n0000000000 65535 f \n", bodies.len() + 1).into_bytes());
    for offset in offsets {
        bytes.extend(format!("{offset:010} 00000 n \n").into_bytes());
    }
    let size = bodies.len() + 1;
    let end =
        format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF");
    bytes.extend(end.into_bytes());
    bytes
}
