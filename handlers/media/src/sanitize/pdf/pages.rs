//! The page tree: bounded, without a cycle, and not empty.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Document, Object};

use super::super::error::SanitizeError;

/// Most pages of a PDF.
pub const PDF_PAGES_MAX: usize = 500;
/// Deepest page tree.
const PAGE_TREE_DEPTH_MAX: usize = 50;

/// How many pages a PDF has.
///
/// # Errors
/// [`SanitizeError::Damaged`] when there is none or the tree is no tree,
/// [`SanitizeError::TooManyPages`], [`SanitizeError::TooComplex`] when it is too deep.
pub(super) fn count(document: &Document) -> Result<usize, SanitizeError> {
    let catalog = document.catalog().map_err(|_| SanitizeError::Damaged)?;
    let root = catalog.get(b"Pages").map_err(|_| SanitizeError::Damaged)?;
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(root, 0_usize)];
    let mut pages = 0_usize;
    while let Some((node, depth)) = waiting.pop() {
        if depth > PAGE_TREE_DEPTH_MAX {
            return Err(SanitizeError::TooComplex);
        }
        let Ok(id) = node.as_reference() else {
            return Err(SanitizeError::Damaged);
        };
        if !seen.insert(id) {
            return Err(SanitizeError::Damaged);
        }
        let node = document
            .get_dictionary(id)
            .map_err(|_| SanitizeError::Damaged)?;
        match kids(document, node) {
            Some(kids) => waiting.extend(kids.iter().map(|kid| (kid, depth + 1))),
            None => pages += 1,
        }
        if pages.saturating_add(waiting.len()) > PDF_PAGES_MAX {
            return Err(SanitizeError::TooManyPages);
        }
    }
    if pages == 0 {
        Err(SanitizeError::Damaged)
    } else {
        Ok(pages)
    }
}

fn kids<'a>(document: &'a Document, node: &'a Dictionary) -> Option<&'a [Object]> {
    let kids = node.get(b"Kids").ok()?;
    let (_, kids) = document.dereference(kids).ok()?;
    kids.as_array().ok().map(Vec::as_slice)
}
