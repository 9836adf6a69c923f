//! The areas that the program keeps objects in.

/// Uploads, as they were written anew.
pub const MEDIA: &str = "media";
/// Small pictures of uploads.
pub const THUMBNAILS: &str = "thumbnails";
/// Rendered documents.
pub const RENDERINGS: &str = "renderings";
/// Rendered documents that are kept until a date.
pub const ARCHIVE: &str = "archive";
