//! The file: fonts, pages and metadata, and everything that would differ from one run to the next
//! set by us.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use jiff::Timestamp;
use lopdf::{Dictionary, Document, Object, StringFormat};
use printpdf::{
    Mm, Op, PdfDocument, PdfPage, PdfSaveOptions, PdfWarnMsg, RawImage, RawImageData,
    RawImageFormat, XObject, XObjectId,
};
use sha2::{Digest, Sha256};

use super::fonts::SubsetFonts;
use super::logo::Logo;
use crate::error::RenderError;
use crate::text::{Assets, GlyphTexts};

/// The logo's name in the file's resources.
pub(super) const LOGO_NAME: &str = "LOGOXO";
/// What made the file.
const PRODUCER: &str = "InvoiceApp";
/// Bytes of each half of the file's identifier (ISO 32000-1, 14.4).
const FILE_ID_BYTES: usize = 16;

/// Level of deflate.
const COMPRESSION_LEVEL: u32 = 6;

/// What the file says about itself.
pub(crate) struct FileInfo {
    pub(crate) title: String,
    pub(crate) author: String,
    /// BCP 47.
    pub(crate) language: &'static str,
    pub(crate) produced_at: Timestamp,
}

/// What goes into the file.
pub(crate) struct Content {
    pub(crate) pages: Vec<Vec<Op>>,
    pub(crate) fonts: SubsetFonts,
    pub(crate) texts: GlyphTexts,
    pub(crate) logo: Option<Logo>,
}

/// Writes the file.
pub(crate) fn save(
    content: Content,
    info: &FileInfo,
    assets: &Assets,
) -> Result<Vec<u8>, RenderError> {
    let mut pdf = PdfDocument::new("");
    if let Some(logo) = content.logo {
        let id = XObjectId(LOGO_NAME.to_owned());
        let picture = XObject::Image(raw_image(logo)?);
        pdf.resources.xobjects.map.insert(id, picture);
    }
    let page = |ops| PdfPage::new(Mm(210.0), Mm(297.0), ops);
    pdf.pages = content.pages.into_iter().map(page).collect();
    // `secure` would leave out what the library does not know by name: our text.
    let options = PdfSaveOptions {
        image_optimization: None,
        secure: false,
        ..PdfSaveOptions::default()
    };
    let mut warnings: Vec<PdfWarnMsg> = Vec::new();
    let mut file = printpdf::to_lopdf_doc(&pdf, &options, &mut warnings);
    if let Some(warning) = warnings.first() {
        return Err(write_error(&warning.msg));
    }
    let fonts = content.fonts.embed(&mut file, assets, &content.texts)?;
    set_fonts(&mut file, fonts)?;
    describe(&mut file, info)?;
    identify(&mut file);
    compress(&mut file)?;
    let mut bytes = Vec::new();
    file.save_to(&mut bytes).map_err(write_error)?;
    Ok(bytes)
}

fn write_error(reason: impl ToString) -> RenderError {
    RenderError::Write {
        reason: reason.to_string(),
    }
}

/// Names the fonts where all pages look for them.
fn set_fonts(file: &mut Document, fonts: Dictionary) -> Result<(), RenderError> {
    let first = file
        .page_iter()
        .next()
        .ok_or_else(|| write_error("no page"))?;
    let (_, resources) = file.get_page_resources(first).map_err(write_error)?;
    let resources = *resources
        .first()
        .ok_or_else(|| write_error("no resources"))?;
    let resources = file.get_dictionary(resources).map_err(write_error)?;
    let id = resources
        .get(b"Font")
        .and_then(Object::as_reference)
        .map_err(write_error)?;
    file.set_object(id, fonts);
    Ok(())
}

/// Deflates every stream, at the level that costs little for what it saves.
fn compress(file: &mut Document) -> Result<(), RenderError> {
    for object in file.objects.values_mut() {
        if let Object::Stream(stream) = object
            && !stream.dict.has(b"Filter")
        {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(COMPRESSION_LEVEL));
            encoder.write_all(&stream.content).map_err(write_error)?;
            stream.set_content(encoder.finish().map_err(write_error)?);
            stream.dict.set("Filter", "FlateDecode");
        }
    }
    Ok(())
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
        .map_err(write_error)?;
    file.set_object(id, dictionary);
    let catalog = file.catalog_mut().map_err(write_error)?;
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
        if let Object::Stream(stream) = object {
            hasher.update(stream.content.len().to_be_bytes());
            hasher.update(&stream.content);
        }
    }
    if let Ok(info) = file.trailer.get(b"Info").and_then(Object::as_reference)
        && let Ok(info) = file.get_dictionary(info)
    {
        hasher.update(format!("{info:?}"));
    }
    let digest = hasher.finalize();
    let id = Object::String(digest[..FILE_ID_BYTES].to_vec(), StringFormat::Hexadecimal);
    file.trailer.set("ID", vec![id.clone(), id]);
}
