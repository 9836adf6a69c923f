//! The rules of uploaded files.

use super::command::MediaCommand;
use super::event::MediaEvent;
use super::refusal::MediaRefusal;
use super::state::{Media, MediaPurpose, Thumbnail, Upload};
use crate::decider::Decision;

/// Largest file, in bytes as stored.
pub const MEDIA_BYTES_MAX: u64 = 10 << 20;

type Outcome = Result<Decision<MediaEvent>, MediaRefusal>;

pub(super) fn decide(media: &Media, command: &MediaCommand) -> Outcome {
    match command {
        MediaCommand::Upload(upload) => self::upload(media, upload),
        MediaCommand::AttachThumbnail(thumbnail) => attach_thumbnail(media, thumbnail),
    }
}

fn upload(media: &Media, upload: &Upload) -> Outcome {
    if media.record().is_some() {
        return Err(MediaRefusal::MediaExists);
    }
    if upload.size == 0 {
        return Err(MediaRefusal::Empty);
    }
    if upload.size > MEDIA_BYTES_MAX {
        return Err(MediaRefusal::TooLarge);
    }
    let is_picture = upload.content_type.is_picture();
    if upload.purpose == MediaPurpose::Logo && !is_picture {
        return Err(MediaRefusal::LogoIsNoPicture);
    }
    if upload.pixels.is_some() != is_picture {
        return Err(MediaRefusal::PixelsDoNotFit);
    }
    Ok(Decision::event(MediaEvent::MediaUploaded(upload.clone())))
}

fn attach_thumbnail(media: &Media, thumbnail: &Thumbnail) -> Outcome {
    let record = media.record().ok_or(MediaRefusal::NotFound)?;
    if !record.upload.content_type.is_picture() {
        return Err(MediaRefusal::NotAPicture);
    }
    if record.thumbnail.is_some() {
        return Err(MediaRefusal::ThumbnailExists);
    }
    Ok(Decision::event(MediaEvent::ThumbnailAttached(
        thumbnail.clone(),
    )))
}
