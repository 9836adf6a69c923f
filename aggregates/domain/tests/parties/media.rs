//! The rules of uploaded files.

use invoiceapp_domain::Decider;
use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::MediaId;
use invoiceapp_domain::media::{
    ContentType, MEDIA_BYTES_MAX, Media, MediaCommand, MediaEvent, MediaPurpose, MediaRefusal,
    PixelSize, Thumbnail, Upload,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{facts, given, of};

/// An uploaded logo.
pub(crate) fn picture() -> Upload {
    Upload {
        media_id: MediaId(Uuid::from_u128(9)),
        content_type: ContentType::Png,
        sha256: Sha256Hex::of(b"picture"),
        size: 1_000,
        pixels: Some(PixelSize {
            width: 640,
            height: 480,
        }),
        purpose: MediaPurpose::Logo,
        file_name: Some(of("logo.png")),
    }
}

fn document() -> Upload {
    Upload {
        content_type: ContentType::Pdf,
        pixels: None,
        purpose: MediaPurpose::Attachment,
        ..picture()
    }
}

/// A thumbnail of it.
pub(crate) fn thumbnail() -> Thumbnail {
    Thumbnail {
        sha256: Sha256Hex::of(b"thumbnail"),
        size: 100,
        pixels: PixelSize {
            width: 64,
            height: 48,
        },
    }
}

#[test]
fn a_picture_and_a_document_are_uploaded() {
    for upload in [picture(), document()] {
        given::<Media>(vec![])
            .when(MediaCommand::Upload(upload.clone()))
            .then_expect_events(facts::<Media>(vec![MediaEvent::MediaUploaded(upload)]));
    }
}

#[test]
fn a_file_cannot_be_uploaded_again() {
    given::<Media>(vec![MediaEvent::MediaUploaded(picture())])
        .when(MediaCommand::Upload(picture()))
        .then_expect_error(MediaRefusal::MediaExists);
    assert_eq!(MediaRefusal::MediaExists.code(), "media_exists");
}

#[test]
fn an_empty_file_is_refused() {
    given::<Media>(vec![])
        .when(MediaCommand::Upload(Upload {
            size: 0,
            ..picture()
        }))
        .then_expect_error(MediaRefusal::Empty);
    assert_eq!(MediaRefusal::Empty.code(), "invalid_value");
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    given::<Media>(vec![])
        .when(MediaCommand::Upload(Upload {
            size: MEDIA_BYTES_MAX + 1,
            ..picture()
        }))
        .then_expect_error(MediaRefusal::TooLarge);
    assert_eq!(MediaRefusal::TooLarge.code(), "body_too_large");
}

#[test]
fn a_document_cannot_be_a_logo() {
    given::<Media>(vec![])
        .when(MediaCommand::Upload(Upload {
            purpose: MediaPurpose::Logo,
            ..document()
        }))
        .then_expect_error(MediaRefusal::LogoIsNoPicture);
    assert_eq!(
        MediaRefusal::LogoIsNoPicture.code(),
        "unsupported_media_type"
    );
}

#[test]
fn a_picture_and_nothing_else_has_a_width_and_a_height() {
    let flat = Upload {
        pixels: None,
        ..picture()
    };
    let drawn = Upload {
        pixels: picture().pixels,
        ..document()
    };
    for upload in [flat, drawn] {
        given::<Media>(vec![])
            .when(MediaCommand::Upload(upload))
            .then_expect_error(MediaRefusal::PixelsDoNotFit);
    }
}

#[test]
fn a_thumbnail_is_attached() {
    given::<Media>(vec![MediaEvent::MediaUploaded(picture())])
        .when(MediaCommand::AttachThumbnail(thumbnail()))
        .then_expect_events(facts::<Media>(vec![MediaEvent::ThumbnailAttached(
            thumbnail(),
        )]));
}

#[test]
fn a_second_thumbnail_is_refused() {
    let events = vec![
        MediaEvent::MediaUploaded(picture()),
        MediaEvent::ThumbnailAttached(thumbnail()),
    ];
    given::<Media>(events)
        .when(MediaCommand::AttachThumbnail(thumbnail()))
        .then_expect_error(MediaRefusal::ThumbnailExists);
    assert_eq!(MediaRefusal::ThumbnailExists.code(), "thumbnail_exists");
}

#[test]
fn a_document_has_no_thumbnail() {
    given::<Media>(vec![MediaEvent::MediaUploaded(document())])
        .when(MediaCommand::AttachThumbnail(thumbnail()))
        .then_expect_error(MediaRefusal::NotAPicture);
    assert_eq!(MediaRefusal::NotAPicture.code(), "media_not_a_picture");
}

#[test]
fn a_file_that_is_not_there_is_not_found() {
    given::<Media>(vec![])
        .when(MediaCommand::AttachThumbnail(thumbnail()))
        .then_expect_error(MediaRefusal::NotFound);
    assert_eq!(MediaRefusal::NotFound.code(), "not_found");
}

#[test]
fn a_state_is_written_with_plain_names() {
    let media = Media::fold(&[MediaEvent::MediaUploaded(picture())]);
    let document = serde_json::to_value(&media).unwrap();
    assert_eq!(document["uploaded"]["content_type"], json!("image/png"));
    assert_eq!(
        document["uploaded"]["pixels"],
        json!({"width": 640, "height": 480})
    );
    assert_eq!(serde_json::from_value::<Media>(document).unwrap(), media);
}
