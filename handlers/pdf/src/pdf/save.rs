//! The file: fonts, pages and metadata, and everything that would differ from one run to the next
//! set by us.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lopdf::{Dictionary, Document, Object, StringFormat};
use printpdf::{
    FontId, Mm, Op, PdfDocument, PdfFont, PdfPage, PdfSaveOptions, PdfWarnMsg, RawImage,
    RawImageData, RawImageFormat, XObject, XObjectId,
};
use sha2::{Digest, Sha256};

use super::logo::Logo;
use crate::error::RenderError;
use crate::text::{Assets, FontFace};

/// The logo's name in the file's resources.
pub(super) const LOGO_NAME: &str = "LOGOXO";
/// What made the file.
const PRODUCER: &str = "InvoiceApp";
/// Bytes of each half of the file's identifier (ISO 32000-1, 14.4).
const FILE_ID_BYTES: usize = 16;

/// What the file says about itself.
pub(crate) struct FileInfo {
    pub(crate) title: String,
    pub(crate) author: String,
    /// BCP 47.
    pub(crate) language: &'static str,
    pub(crate) produced_at: Timestamp,
}

/// Writes the file.
pub(crate) fn save(
    pages: Vec<Vec<Op>>,
    fonts: &BTreeSet<FontFace>,
    logo: Option<Logo>,
    info: &FileInfo,
    assets: &Assets,
) -> Result<Vec<u8>, RenderError> {
    let mut pdf = PdfDocument::new("");
    for font in fonts {
        let id = FontId(font.resource_name().to_owned());
        pdf.resources
            .fonts
            .map
            .insert(id, PdfFont::new(assets.embedding(*font)?.clone()));
    }
    if let Some(logo) = logo {
        let id = XObjectId(LOGO_NAME.to_owned());
        pdf.resources
            .xobjects
            .map
            .insert(id, XObject::Image(raw_image(logo)?));
    }
    pdf.pages = pages
        .into_iter()
        .map(|ops| PdfPage::new(Mm(210.0), Mm(297.0), ops))
        .collect();
    let options = PdfSaveOptions {
        image_optimization: None,
        ..PdfSaveOptions::default()
    };
    let mut warnings: Vec<PdfWarnMsg> = Vec::new();
    let mut file = printpdf::to_lopdf_doc(&pdf, &options, &mut warnings);
    if let Some(warning) = warnings.first() {
        return Err(RenderError::Write {
            reason: warning.msg.clone(),
        });
    }
    describe(&mut file, info)?;
    file.compress();
    identify(&mut file);
    let mut bytes = Vec::new();
    file.save_to(&mut bytes)
        .map_err(|error| RenderError::Write {
            reason: error.to_string(),
        })?;
    Ok(bytes)
}

fn raw_image(logo: Logo) -> Result<RawImage, RenderError> {
    Ok(RawImage {
        width: usize::try_from(logo.width).map_err(|_| RenderError::Logo)?,
        height: usize::try_from(logo.height).map_err(|_| RenderError::Logo)?,
        pixels: RawImageData::U8(logo.pixels),
        data_format: RawImageFormat::RGB8,
        tag: Vec::new(),
    })
}

/// Title, language and dates, and nothing else of what the library would say.
fn describe(file: &mut Document, info: &FileInfo) -> Result<(), RenderError> {
    let write = |error: lopdf::Error| RenderError::Write {
        reason: error.to_string(),
    };
    file.version = "1.7".to_owned();
    let moment = info.produced_at.strftime("D:%Y%m%d%H%M%SZ").to_string();
    let mut dictionary = Dictionary::new();
    dictionary.set("Title", text(&info.title));
    dictionary.set("Author", text(&info.author));
    dictionary.set("Creator", text(PRODUCER));
    dictionary.set("Producer", text(PRODUCER));
    dictionary.set("CreationDate", Object::string_literal(moment.clone()));
    dictionary.set("ModDate", Object::string_literal(moment));
    let id = file
        .trailer
        .get(b"Info")
        .and_then(Object::as_reference)
        .map_err(write)?;
    file.set_object(id, dictionary);
    let catalog = file.catalog_mut().map_err(write)?;
    catalog.set("Lang", Object::string_literal(info.language));
    let mut preferences = Dictionary::new();
    preferences.set("DisplayDocTitle", true);
    catalog.set("ViewerPreferences", preferences);
    for object in file.objects.values_mut() {
        if let Object::Dictionary(dictionary) = object {
            // An empty list, on every page.
            dictionary.remove(b"Annots");
        }
    }
    Ok(())
}

/// A text string in UTF-16 (ISO 32000-1, 7.9.2.2).
fn text(value: &str) -> Object {
    let mut bytes = vec![0xfe, 0xff];
    bytes.extend(value.encode_utf16().flat_map(u16::to_be_bytes));
    Object::String(bytes, StringFormat::Hexadecimal)
}

/// The file's identifier, from what the file holds: the library's own is counted per process.
fn identify(file: &mut Document) {
    let mut hasher = Sha256::new();
    for object in file.objects.values() {
        match object {
            Object::Stream(stream) => hasher.update(&stream.content),
            Object::Dictionary(dictionary) => hasher.update(format!("{dictionary:?}")),
            _ => {}
        }
    }
    let digest = hasher.finalize();
    let id = Object::String(digest[..FILE_ID_BYTES].to_vec(), StringFormat::Hexadecimal);
    file.trailer.set("ID", vec![id.clone(), id]);
}
