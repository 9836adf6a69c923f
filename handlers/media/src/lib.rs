//! Takes uploads in, makes thumbnails, archives rendered documents: service 3006 and its reactor.
//!
//! | module | what |
//! |---|---|
//! | [`sanitize`] | from a stranger's bytes to ours |
//! | [`reactor`] | thumbnails of uploads, the archive of rendered documents |
//! | [`service`] | the HTTP service |
//!
//! Bytes are objects under their hash and never change; what they are and what they are for is in
//! the journal. The bytes are put before the event is written, so that no event names bytes that
//! are not there.

pub mod reactor;
pub mod sanitize;
pub mod service;

mod parts;

pub use parts::MediaParts;
pub use reactor::{ARCHIVE_RETENTION_YEARS, MediaReactor};
pub use sanitize::{SanitizeError, Sanitized, Sanitizer};
pub use service::{openapi, router};
