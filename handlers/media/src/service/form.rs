//! The form of an upload: one `file`, and perhaps what it is for.

use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use invoiceapp_domain::media::MediaPurpose;
use invoiceapp_domain::text::ShortText;
use invoiceapp_http::{BodyDigest, Code, FieldError, Problem};
use sha2::{Digest, Sha256};

use crate::sanitize::UPLOAD_BYTES_MAX;

/// Largest body of an upload, in bytes: the file and the form around it.
pub const UPLOAD_BODY_BYTES_MAX: usize = UPLOAD_BYTES_MAX + (64 << 10);
/// Longest value of `purpose`, in bytes.
const PURPOSE_BYTES_MAX: usize = 32;
/// Most fields that a form may have before it is given up.
const FIELDS_MAX: usize = 8;

/// An upload as it came in. Nothing of it is believed yet.
#[derive(Debug, Clone)]
pub(super) struct UploadForm {
    pub(super) file: Bytes,
    pub(super) file_name: Option<ShortText>,
    pub(super) purpose: MediaPurpose,
}

impl UploadForm {
    /// Reads the form; every error of its fields is named at once.
    pub(super) async fn read(
        multipart: Result<Multipart, MultipartRejection>,
    ) -> Result<Self, Problem> {
        let mut multipart =
            multipart.map_err(|_| Problem::new(Code::UnsupportedMediaType).with_detail(FORM))?;
        let mut reading = Reading::default();
        while let Some(field) = multipart
            .next_field()
            .await
            .map_err(|error| unreadable(&error))?
        {
            reading.take(field).await?;
        }
        reading.finish()
    }

    /// What was asked for, for the command's fingerprint.
    pub(super) fn digest(&self) -> BodyDigest {
        let mut hasher = Sha256::new();
        hasher.update(Sha256::digest(&self.file));
        hasher.update([0]);
        hasher.update(self.purpose.as_str());
        hasher.update([0]);
        hasher.update(self.file_name.as_ref().map_or("", ShortText::as_str));
        BodyDigest(hasher.finalize().into())
    }
}

const FORM: &str = "The body must be multipart/form-data with a field `file`.";

#[derive(Debug, Default)]
struct Reading {
    fields: usize,
    file: Option<(Bytes, Option<ShortText>)>,
    purpose: Option<MediaPurpose>,
    errors: Vec<FieldError>,
}

impl Reading {
    async fn take(&mut self, field: Field<'_>) -> Result<(), Problem> {
        self.fields += 1;
        if self.fields > FIELDS_MAX {
            return Err(Problem::new(Code::MalformedRequest).with_detail("Too many form fields."));
        }
        match field.name() {
            Some("file") if self.file.is_none() => {
                let name = field.file_name().and_then(plain_name);
                self.file = Some((bytes_of(field, UPLOAD_BYTES_MAX).await?, name));
            }
            Some("purpose") if self.purpose.is_none() => self.take_purpose(field).await?,
            Some("file" | "purpose") => {
                self.error(Code::InvalidValue, "A field of the form comes twice.");
            }
            // The name is not repeated: it is the client's and may be anything.
            Some(_) | None => self.error(Code::UnknownField, "The form has an unknown field."),
        }
        Ok(())
    }

    async fn take_purpose(&mut self, field: Field<'_>) -> Result<(), Problem> {
        let text = bytes_of(field, PURPOSE_BYTES_MAX).await?;
        let purpose = std::str::from_utf8(&text)
            .ok()
            .and_then(|text| text.parse().ok());
        if purpose.is_none() {
            let detail = "The purpose is `logo` or `attachment`.";
            self.errors
                .push(FieldError::at("/purpose", Code::InvalidValue, detail));
        }
        self.purpose = purpose;
        Ok(())
    }

    fn error(&mut self, code: Code, detail: &str) {
        self.errors.push(FieldError::at("", code, detail));
    }

    fn finish(mut self) -> Result<UploadForm, Problem> {
        let Some((file, file_name)) = self.file.take() else {
            self.errors.push(FieldError::at(
                "/file",
                Code::MissingField,
                "The file is missing.",
            ));
            return Err(Problem::invalid(self.errors));
        };
        if !self.errors.is_empty() {
            return Err(Problem::invalid(self.errors));
        }
        let purpose = self.purpose.unwrap_or(MediaPurpose::Attachment);
        Ok(UploadForm {
            file,
            file_name,
            purpose,
        })
    }
}

async fn bytes_of(mut field: Field<'_>, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| unreadable(&error))? {
        if bytes.len().saturating_add(chunk.len()) > bytes_max {
            return Err(Problem::new(Code::BodyTooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn unreadable(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(Code::BodyTooLarge)
    } else {
        Problem::new(Code::MalformedRequest).with_detail(FORM)
    }
}

/// What the sender calls the file, without the folders of the sender's machine. It is for people: a
/// name that is no plain text is no name, and nothing else depends on it.
fn plain_name(name: &str) -> Option<ShortText> {
    let last = name.rsplit(['/', '\\']).next()?;
    ShortText::parse(last).ok()
}
