//! Renders an issued invoice as a PDF, the same bytes every time.
//!
//! | module | what |
//! |---|---|
//! | [`document`], [`render()`] | the pure renderer: a view model in, a file out |
//! | [`mapping`] | from the domain's invoices to the view model |
//! | [`renderer`] | rendering on blocking threads, a bounded number at a time |
//! | [`reactor`] | renders what was issued, stores it, reports it |
//! | [`service`] | the HTTP service, 3005 |
//!
//! Layout counts in thousandths of a point. Fonts are part of the program. Nothing on a page can be
//! clicked, run or fetched.

pub mod document;
pub mod mapping;
pub mod reactor;
pub mod renderer;
pub mod service;

mod assets;
mod error;
mod i18n;
mod layout;
mod pdf;
mod render;
mod text;

pub use assets::Assets;
pub use document::InvoiceDocument;
pub use error::RenderError;
pub use reactor::{PdfParts, PdfReactor};
pub use render::{RenderedPdf, render};
pub use renderer::{Renderer, RenderingError};
pub use service::{openapi, router};
