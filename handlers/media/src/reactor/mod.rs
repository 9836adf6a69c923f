//! The media reactor: a thumbnail for every uploaded picture, an archived copy of every rendering.

mod archive;
mod report;
mod thumbnail;

use async_trait::async_trait;
use invoiceapp_domain::StreamKind;
use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::DocumentId;
use invoiceapp_domain::invoice::InvoiceEvent;
use invoiceapp_domain::media::{ContentType, MediaEvent};
use invoiceapp_objects::ObjectError;
use invoiceapp_runtime::{Job, Lease, NewJob, Outcome, Plan, PlanError, Reactor};
use invoiceapp_schemas::{RecordedEvent, decode};
use serde::{Deserialize, Serialize};

use crate::parts::MediaParts;

pub use archive::ARCHIVE_RETENTION_YEARS;

/// The reactor's name, for ever.
const NAME: &str = "media";

/// What a job has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case", deny_unknown_fields)]
enum Task {
    /// Make a small picture of an upload.
    Thumbnail {
        /// The digest of the upload's bytes.
        sha256: Sha256Hex,
        /// What the bytes are.
        content_type: ContentType,
    },
    /// Keep a rendering.
    Archive {
        /// Which rendering of the invoice.
        document_id: DocumentId,
        /// The digest of its bytes.
        sha256: Sha256Hex,
    },
}

/// Makes thumbnails and archives renderings.
#[derive(Debug, Clone)]
pub struct MediaReactor {
    parts: MediaParts,
}

impl MediaReactor {
    /// A reactor on these parts.
    #[must_use]
    pub const fn new(parts: MediaParts) -> Self {
        Self { parts }
    }
}

#[async_trait]
impl Reactor for MediaReactor {
    fn name(&self) -> &'static str {
        NAME
    }

    fn plan(&self, event: &RecordedEvent) -> Result<Plan, PlanError> {
        match (event.stream.kind, event.event_type.as_str()) {
            (StreamKind::Media, "MediaUploaded") => match decode(event)? {
                MediaEvent::MediaUploaded(upload) if upload.content_type.is_picture() => {
                    let (sha256, content_type) = (upload.sha256, upload.content_type);
                    let task = Task::Thumbnail {
                        sha256,
                        content_type,
                    };
                    job(event, format!("thumbnail/{}", event.stream), &task)
                }
                MediaEvent::MediaUploaded(_) | MediaEvent::ThumbnailAttached(_) => {
                    Ok(Plan::nothing())
                }
            },
            (StreamKind::Invoice, "RenderingAttached") => match decode(event)? {
                InvoiceEvent::RenderingAttached(rendering) => {
                    let document_id = rendering.document_id;
                    let task = Task::Archive {
                        document_id,
                        sha256: rendering.sha256,
                    };
                    job(
                        event,
                        format!("archive/{}/{document_id}", event.stream),
                        &task,
                    )
                }
                _ => Ok(Plan::nothing()),
            },
            _ => Ok(Plan::nothing()),
        }
    }

    async fn act(&self, job: &Job, _lease: &Lease) -> Outcome {
        // Every step may be repeated: bytes are put if absent, reports are absorbed by receipts.
        let acted = match serde_json::from_value(job.payload.clone()) {
            Ok(Task::Thumbnail {
                sha256,
                content_type,
            }) => thumbnail::make(&self.parts, job, sha256, content_type).await,
            Ok(Task::Archive {
                document_id,
                sha256,
            }) => archive::keep(&self.parts, job, document_id, sha256).await,
            Err(_) => Err(Outcome::Park {
                reason: "the job's payload is unknown".to_owned(),
            }),
        };
        acted.map_or_else(|outcome| outcome, |()| Outcome::Done)
    }
}

fn job(event: &RecordedEvent, dedupe_key: String, task: &Task) -> Result<Plan, PlanError> {
    let payload = serde_json::to_value(task).map_err(|_| PlanError {
        reason: "the task cannot be written as JSON".to_owned(),
    })?;
    Ok(Plan::job(NewJob {
        dedupe_key,
        key: event.stream.aggregate_id(),
        payload,
    }))
}

/// What an object store that failed means for a job.
fn object_outcome(error: &ObjectError) -> Outcome {
    let reason = error.to_string();
    match error {
        ObjectError::Unavailable(_) => Outcome::Unavailable { reason },
        ObjectError::Damaged { .. } | ObjectError::TooLarge | ObjectError::MalformedKey => {
            Outcome::Park { reason }
        }
    }
}

/// Bytes that an event names were put before it was written, so this is no matter of waiting.
fn missing_bytes() -> Outcome {
    Outcome::Retry {
        reason: "the stored bytes are missing".to_owned(),
    }
}
