//! From the domain's invoices to what a page shows. Amounts are taken as they were computed; none
//! is computed here.

mod draft;
mod issued;
mod lines;
mod parties;

pub use draft::{DraftSetting, draft_document};
pub use issued::issued_document;
