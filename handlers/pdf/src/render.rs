//! The renderer: a pure function from a document to the bytes of a file.

use crate::assets::Assets;
use crate::document::InvoiceDocument;
use crate::error::RenderError;
use crate::layout::{Composer, Page, compose};
use crate::pdf::{Content, Deflater, DocumentFonts, FileInfo, decode, page_content, save};
use crate::text::Shaper;

/// A rendered document.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedPdf {
    /// The file.
    pub bytes: Vec<u8>,
    /// How many marks on its pages stand for characters that no font of this crate has.
    pub replaced_characters: usize,
}

impl std::fmt::Debug for RenderedPdf {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RenderedPdf")
            .field("replaced_characters", &self.replaced_characters)
            .finish_non_exhaustive()
    }
}

/// Renders a document. The same document gives the same bytes, in every process.
///
/// # Errors
/// [`RenderError`] when the document exceeds a limit or its logo cannot be read.
pub fn render(document: &InvoiceDocument, assets: &Assets) -> Result<RenderedPdf, RenderError> {
    let logo = document.logo.as_deref().map(decode).transpose()?;
    let logo_pixels = logo.as_ref().map(|logo| (logo.width, logo.height));
    let mut composer = Composer::new(document, Shaper::new(&assets.fonts), logo_pixels);
    let pages = compose(&mut composer)?;
    let info = FileInfo {
        title: composer.title(),
        author: document.seller.name.clone(),
        language: document.locale.tag(),
        produced_at: document.produced_at,
    };
    let mut deflater = Deflater::quick();
    let fonts = DocumentFonts::of(&pages, assets, &mut deflater)?;
    let content = Content {
        pages: pages
            .iter()
            .map(|page| page_content(&page.items, &fonts))
            .collect(),
        fonts,
        logo,
    };
    Ok(RenderedPdf {
        bytes: save(content, &info, assets, &mut deflater)?,
        replaced_characters: replaced_characters(&pages),
    })
}

fn replaced_characters(pages: &[Page]) -> usize {
    let words = pages
        .iter()
        .flat_map(Page::text_lines)
        .flat_map(|line| line.words());
    words.map(|word| word.replaced).sum()
}
