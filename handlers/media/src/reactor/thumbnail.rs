//! The small picture of an upload.

use bytes::Bytes;
use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::media::{ContentType, Media, MediaCommand, MediaRefusal, Thumbnail};
use invoiceapp_journal::execute::ExecuteError;
use invoiceapp_objects::{ObjectKey, area};
use invoiceapp_runtime::{Job, Outcome, Step};

use super::{MediaReactor, missing_bytes, object_outcome};
use crate::sanitize::SanitizeError;

const STEP: &str = "attach-thumbnail";

/// Makes the thumbnail, stores it and reports it.
pub(super) async fn make(
    MediaReactor { parts, reporter }: &MediaReactor,
    job: &Job,
    sha256: Sha256Hex,
    content_type: ContentType,
) -> Result<(), Outcome> {
    let tenant = &job.source.stream.tenant;
    let (area, sha256) = (area::MEDIA.to_owned(), sha256.as_str().to_owned());
    let key = ObjectKey {
        tenant: tenant.clone(),
        area,
        sha256,
    };
    let picture = parts
        .objects
        .get(&key)
        .await
        .map_err(|error| object_outcome(&error))?;
    let picture = picture.ok_or_else(missing_bytes)?;
    let made = parts.sanitizer.thumbnail(picture, content_type).await;
    let (bytes, pixels) = made.map_err(decode_outcome)?;
    let thumbnail = Thumbnail {
        sha256: Sha256Hex::of(&bytes),
        size: u64_of(bytes.len()),
        pixels,
    };
    let put = parts
        .objects
        .put_if_absent(tenant, area::THUMBNAILS, Bytes::from(bytes))
        .await;
    put.map_err(|error| object_outcome(&error))?;
    let (step, command) = (Step::new(STEP), MediaCommand::AttachThumbnail(thumbnail));
    match reporter.report::<Media>(job, step, command).await {
        // There is one, which is all that is wanted.
        Ok(()) | Err(ExecuteError::Refused(MediaRefusal::ThumbnailExists)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn decode_outcome(error: SanitizeError) -> Outcome {
    let reason = error.to_string();
    match error {
        SanitizeError::Busy => Outcome::Unavailable { reason },
        SanitizeError::TooSlow => Outcome::Retry { reason },
        _ => Outcome::Park { reason },
    }
}

fn u64_of(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
