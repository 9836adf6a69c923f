//! The renderer: a pure function from a document to the bytes of a file.

use crate::document::InvoiceDocument;
use crate::error::RenderError;
use crate::layout::{Composer, compose};
use crate::pdf::{Content, FileInfo, SubsetFonts, decode, page_operations, save};
use crate::text::{Assets, Shaper};

/// Renders a document. The same document gives the same bytes, in every process.
///
/// # Errors
/// [`RenderError`] when the document exceeds a limit or its logo cannot be read.
pub fn render(document: &InvoiceDocument, assets: &Assets) -> Result<Vec<u8>, RenderError> {
    let logo = document.logo.as_deref().map(decode).transpose()?;
    let logo_pixels = logo.as_ref().map(|logo| (logo.width, logo.height));
    let mut composer = Composer::new(document, Shaper::new(assets), logo_pixels);
    let pages = compose(&mut composer)?;
    let info = FileInfo {
        title: composer.title(),
        author: document.seller.name.clone(),
        language: document.locale.tag(),
        produced_at: document.produced_at,
    };
    let texts = composer.shaper.into_glyph_texts();
    let fonts = SubsetFonts::of(&pages);
    let pages = pages
        .iter()
        .map(|page| page_operations(&page.items, &fonts))
        .collect();
    let content = Content {
        pages,
        fonts,
        texts,
        logo,
    };
    save(content, &info, assets)
}
