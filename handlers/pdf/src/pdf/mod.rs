//! From pages of items to the bytes of a file. The only place with floats: printpdf's.

mod draw;
mod logo;
mod save;

pub(crate) use draw::page_operations;
pub(crate) use logo::decode;
pub(crate) use save::{FileInfo, save};
