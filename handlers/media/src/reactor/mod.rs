//! The media reactor: a thumbnail for every uploaded picture, an archived copy of every rendering.

mod archive;
mod thumbnail;

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::StreamKind;
use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::DocumentId;
use invoiceapp_domain::invoice::InvoiceEvent;
use invoiceapp_domain::media::{ContentType, MediaEvent};
use invoiceapp_objects::ObjectError;
use invoiceapp_runtime::{
    Job, Lease, NewJob, Outcome, Plan, PlanError, Reactor, Reporter, event_of,
};
use invoiceapp_schemas::RecordedEvent;
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
    reporter: Reporter,
}

impl MediaReactor {
    /// A reactor on these parts.
    #[must_use]
    pub fn new(parts: MediaParts) -> Self {
        let reporter = Reporter::new(NAME, parts.executor.clone(), Arc::clone(&parts.ambient));
        Self { parts, reporter }
    }
}

#[async_trait]
impl Reactor for MediaReactor {
    fn name(&self) -> &'static str {
        NAME
    }

    fn plan(&self, event: &RecordedEvent) -> Result<Plan, PlanError> {
        match event.stream.kind {
            StreamKind::Media => plan_upload(event),
            StreamKind::Invoice => plan_rendering(event),
            _ => Ok(Plan::nothing()),
        }
    }

    async fn act(&self, job: &Job, _lease: &Lease) -> Outcome {
        // Every step may be repeated: bytes are put if absent, reports are absorbed by receipts.
        let acted = match serde_json::from_value(job.payload.clone()) {
            Ok(Task::Thumbnail {
                sha256,
                content_type,
            }) => thumbnail::make(self, job, sha256, content_type).await,
            Ok(Task::Archive {
                document_id,
                sha256,
            }) => archive::keep(self, job, document_id, sha256).await,
            Err(_) => Err(Outcome::Park {
                reason: "the job's payload is unknown".to_owned(),
            }),
        };
        acted.map_or_else(|outcome| outcome, |()| Outcome::Done)
    }
}

/// Every picture that was uploaded gets a thumbnail.
fn plan_upload(event: &RecordedEvent) -> Result<Plan, PlanError> {
    let upload = match event_of(event, StreamKind::Media, &["MediaUploaded"])? {
        Some(MediaEvent::MediaUploaded(upload)) if upload.content_type.is_picture() => upload,
        Some(_) | None => return Ok(Plan::nothing()),
    };
    let task = Task::Thumbnail {
        sha256: upload.sha256,
        content_type: upload.content_type,
    };
    let dedupe_key = format!("thumbnail/{}", event.stream);
    NewJob::of_event(event, dedupe_key, &task).map(Plan::job)
}

/// Every rendering is archived.
fn plan_rendering(event: &RecordedEvent) -> Result<Plan, PlanError> {
    let rendering = match event_of(event, StreamKind::Invoice, &["RenderingAttached"])? {
        Some(InvoiceEvent::RenderingAttached(rendering)) => rendering,
        Some(_) | None => return Ok(Plan::nothing()),
    };
    let document_id = rendering.document_id;
    let task = Task::Archive {
        document_id,
        sha256: rendering.sha256,
    };
    let dedupe_key = format!("archive/{}/{document_id}", event.stream);
    NewJob::of_event(event, dedupe_key, &task).map(Plan::job)
}

/// What an object store that failed means for a job.
fn object_outcome(error: &ObjectError) -> Outcome {
    Outcome::of_part(error, error.may_pass())
}

/// Bytes that an event names were put before it was written, so this is no matter of waiting.
fn missing_bytes() -> Outcome {
    Outcome::Retry {
        reason: "the stored bytes are missing".to_owned(),
    }
}
