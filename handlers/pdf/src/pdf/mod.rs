//! From pages of items to the bytes of a file. The only place with floats: printpdf's.

mod draw;
mod fonts;
mod logo;
mod save;

pub(crate) use draw::page_operations;
pub(crate) use fonts::SubsetFonts;
pub(crate) use logo::decode;
pub(crate) use save::{Content, FileInfo, save};
