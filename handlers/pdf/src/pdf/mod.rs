//! From pages of items to the bytes of a file.

mod content;
mod deflate;
mod fonts;
mod logo;
mod save;
mod usual;

pub(crate) use content::page_content;
pub(crate) use deflate::Deflater;
pub(crate) use fonts::DocumentFonts;
pub(crate) use logo::decode;
pub(crate) use save::{Content, FileInfo, save};
pub(crate) use usual::UsualSubsets;
