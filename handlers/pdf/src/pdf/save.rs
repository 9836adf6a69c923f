//! The file: fonts, pages and metadata, and everything that would differ from one run to the next
//! set by us.

use jiff::Timestamp;
use lopdf::{Dictionary, Document, Object, Stream, StringFormat};
use printpdf::{
    Mm, PdfDocument, PdfPage, PdfSaveOptions, PdfWarnMsg, RawImage, RawImageData, RawImageFormat,
    XObject, XObjectId,
};
use sha2::{Digest, Sha256};

use super::deflate::Deflater;
use super::fonts::DocumentFonts;
use super::logo::Logo;
use crate::assets::Assets;
use crate::error::RenderError;

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

/// What goes into the file.
pub(crate) struct Content {
    /// The content stream of each page.
    pub(crate) pages: Vec<Vec<u8>>,
    pub(crate) fonts: DocumentFonts,
    pub(crate) logo: Option<Logo>,
}

/// Writes the file.
pub(crate) fn save(
    content: Content,
    info: &FileInfo,
    assets: &Assets,
    deflater: &mut Deflater,
) -> Result<Vec<u8>, RenderError> {
    let mut file = blank_pages(content.pages.len(), content.logo)?;
    let fonts = content.fonts.embed(&mut file, assets)?;
    set_fonts(&mut file, fonts)?;
    set_pages(&mut file, content.pages)?;
    describe(&mut file, info)?;
    compress(&mut file, deflater)?;
    identify(&mut file);
    let mut bytes = Vec::new();
    file.save_to(&mut bytes).map_err(write_error)?;
    Ok(bytes)
}

/// A file of pages without content, and with the logo for all of them.
fn blank_pages(count: usize, logo: Option<Logo>) -> Result<Document, RenderError> {
    let mut pdf = PdfDocument::new("");
    if let Some(logo) = logo {
        let id = XObjectId(LOGO_NAME.to_owned());
        let picture = XObject::Image(raw_image(logo)?);
        pdf.resources.xobjects.map.insert(id, picture);
    }
    pdf.pages = vec![PdfPage::new(Mm(210.0), Mm(297.0), Vec::new()); count];
    let options = PdfSaveOptions {
        image_optimization: None,
        ..PdfSaveOptions::default()
    };
    let mut warnings: Vec<PdfWarnMsg> = Vec::new();
    let file = printpdf::to_lopdf_doc(&pdf, &options, &mut warnings);
    match warnings.first() {
        Some(warning) => Err(write_error(&warning.msg)),
        None => Ok(file),
    }
}

fn set_pages(file: &mut Document, contents: Vec<Vec<u8>>) -> Result<(), RenderError> {
    let pages: Vec<lopdf::ObjectId> = file.page_iter().collect();
    for (page, content) in pages.into_iter().zip(contents) {
        let streams = file.get_page_contents(page);
        let stream = streams.first().ok_or_else(|| write_error("no content"))?;
        file.set_object(*stream, Stream::new(Dictionary::new(), content));
    }
    Ok(())
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

/// Deflates what is not deflated yet.
fn compress(file: &mut Document, deflater: &mut Deflater) -> Result<(), RenderError> {
    for object in file.objects.values_mut() {
        if let Object::Stream(stream) = object
            && !stream.dict.has(b"Filter")
        {
            stream.set_content(deflater.deflate(&stream.content)?);
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
        // A font's program follows from what its codes stand for.
        if let Object::Stream(stream) = object
            && !stream.dict.has(b"Length1")
        {
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
