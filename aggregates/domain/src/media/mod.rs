//! Uploaded files: what they are and where their bytes lie. The bytes themselves are objects.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

pub use command::MediaCommand;
pub use decide::MEDIA_BYTES_MAX;
pub use event::MediaEvent;
pub use refusal::MediaRefusal;
pub use state::{ContentType, Media, MediaPurpose, MediaRecord, PixelSize, Thumbnail, Upload};
