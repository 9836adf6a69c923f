//! What an uploaded file's stream is asked.

use super::state::{Thumbnail, Upload};

/// A command to an uploaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaCommand {
    /// Records an upload whose bytes are stored already.
    Upload(Upload),
    /// Reports the small picture that was made of it.
    AttachThumbnail(Thumbnail),
}
