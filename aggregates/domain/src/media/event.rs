//! What happened to an uploaded file.

use serde::{Deserialize, Serialize};

use super::state::{Thumbnail, Upload};
use crate::decider::EventPayload;

/// An event of an uploaded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaEvent {
    /// The file is stored.
    MediaUploaded(Upload),
    /// A small picture of it is stored.
    ThumbnailAttached(Thumbnail),
}

impl EventPayload for MediaEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::MediaUploaded(_) => "MediaUploaded",
            Self::ThumbnailAttached(_) => "ThumbnailAttached",
        }
    }
}
