//! PDFs: read within a budget, rebuilt from what the pages need, written anew, and read once more
//! to see that nothing active is left.

mod budget;
mod pages;
mod policy;
mod rebuild;

use invoiceapp_domain::media::ContentType;
use lopdf::Document;

use super::error::SanitizeError;
use super::{Sanitized, extent};

pub use budget::{PDF_NODES_MAX, PDF_OBJECTS_MAX};
pub use pages::PDF_PAGES_MAX;
pub use rebuild::{PDF_STREAM_BYTES_MAX, PDF_STREAMS_BYTES_MAX};

pub(super) fn sanitize(bytes: &[u8]) -> Result<Sanitized, SanitizeError> {
    extent::check(bytes, ContentType::Pdf)?;
    let source = budget::load(bytes)?;
    let pages = pages::count(&source)?;
    let bytes = write(rebuild::rebuild(&source)?)?;
    verify(&bytes, pages)?;
    Ok(Sanitized {
        content_type: ContentType::Pdf,
        bytes,
        pixels: None,
    })
}

fn write(mut document: Document) -> Result<Vec<u8>, SanitizeError> {
    document.compress();
    let mut bytes = Vec::new();
    document
        .save_to(&mut bytes)
        .map_err(|_| SanitizeError::Damaged)?;
    Ok(bytes)
}

/// What was written is read as a stranger would read it: the rebuild is not its own witness.
fn verify(bytes: &[u8], pages: usize) -> Result<(), SanitizeError> {
    let written = budget::load(bytes)?;
    let is_passive = written.objects.values().all(policy::is_passive)
        && written
            .trailer
            .iter()
            .all(|(key, _)| policy::TRAILER_KEYS.contains(&key.as_slice()));
    if is_passive && pages::count(&written)? == pages {
        Ok(())
    } else {
        tracing::error!("a PDF that was written anew is not what it should be");
        Err(SanitizeError::Damaged)
    }
}
