//! Files come in.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::multipart::{Multipart, MultipartRejection};
use bytes::Bytes;
use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::MediaId;
use invoiceapp_domain::locale::{TimeZoneName, today};
use invoiceapp_domain::media::{Media, MediaCommand, MediaPurpose, Upload};
use invoiceapp_domain::{Context, Permission, StreamId, StreamKind};
use invoiceapp_http::command::detached;
use invoiceapp_http::{CommandAnswer, CommandRequest, Problem, ProblemBody};
use invoiceapp_journal::execute::Execution;
use invoiceapp_journal::loaded::Loaded;
use invoiceapp_journal::port::Committed;
use invoiceapp_objects::area;
use invoiceapp_schemas::CommandStamp;
use utoipa::ToSchema;

use super::form::UploadForm;
use super::problems;
use super::require_any;
use super::resource::{MediaResource, render};
use crate::parts::MediaParts;

/// Who may upload anything at all: settled before the body is read.
const UPLOAD: &[Permission] = &[
    Permission::InvoiceCreate,
    Permission::InvoiceUpdate,
    Permission::TenantManage,
];

/// The form of an upload.
#[derive(ToSchema)]
#[schema(as = MediaUpload)]
#[expect(dead_code, reason = "describes the form; it is read field by field")]
struct MediaUploadForm {
    /// A PNG, JPEG, WebP or PDF of at most 10 MB, told by its content. It is decoded and written
    /// anew: camera data, comments, scripts and embedded files do not survive.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// `attachment` when absent. A `logo` must be a picture.
    #[schema(value_type = Option<String>, example = "logo")]
    purpose: Option<MediaPurpose>,
}

/// Upload a file.
///
/// A logo needs `tenant.manage`, an attachment `invoice.create` or `invoice.update`.
#[utoipa::path(post, path = "/api/v1/media", tag = "media",
    request_body(content = inline(MediaUploadForm), content_type = "multipart/form-data"),
    responses((status = 201, body = MediaResource),
        (status = 400, body = ProblemBody, description = "`errors` names what is wrong with the \
            file: `file_empty, file_damaged, file_trailing_data, file_expands_too_much, \
            file_too_slow, picture_too_many_pixels, picture_too_elongated, pdf_encrypted, \
            pdf_too_many_pages, pdf_too_complex`"),
        (status = 413, body = ProblemBody), (status = 415, body = ProblemBody)))]
pub(super) async fn upload(
    State(parts): State<MediaParts>,
    request: CommandRequest,
    multipart: Result<Multipart, MultipartRejection>,
) -> Result<CommandAnswer<MediaResource>, Problem> {
    require_any(&request.caller, UPLOAD)?;
    let place = parts.sanitizer.place(request.caller.tenant());
    let place = place.map_err(problems::of_file)?;
    let form = UploadForm::read(multipart).await?;
    require_any(&request.caller, permissions(form.purpose))?;
    let stored = detached(async move {
        // The place goes along: a caller who hangs up does not free memory that is still in use.
        let _place = place;
        store(parts, request, form).await
    });
    let (loaded, committed) = stored.await?;
    let resource = render(&loaded).ok_or_else(Problem::not_found)?;
    let location = format!("/api/v1/media/{}", resource.id);
    Ok(CommandAnswer::created(location, resource, &committed))
}

/// Who may upload a file of that purpose: one of these is enough.
const fn permissions(purpose: MediaPurpose) -> &'static [Permission] {
    match purpose {
        MediaPurpose::Logo => &[Permission::TenantManage],
        MediaPurpose::Attachment => &[Permission::InvoiceCreate, Permission::InvoiceUpdate],
    }
}

/// Bytes first, then the event that names them. A request that was done before is answered from
/// its receipt, without looking at the bytes again.
async fn store(
    parts: MediaParts,
    request: CommandRequest,
    form: UploadForm,
) -> Result<(Arc<Loaded<Media>>, Committed), Problem> {
    let stamp = request.stamp(form.digest());
    let receipt = parts.executor.journal().receipt(stamp).await;
    let receipt = receipt.map_err(|error| Problem::from_append(&error, None))?;
    if let Some(committed) = receipt {
        let loaded = parts
            .executor
            .load_at_version(&committed.stream, committed.version)
            .await;
        let loaded = loaded.map_err(|error| problems::of_load(&error))?;
        return Ok((
            loaded,
            Committed {
                replayed: true,
                ..committed
            },
        ));
    }
    let clean = parts
        .sanitizer
        .sanitize(form.file)
        .await
        .map_err(problems::of_file)?;
    let upload = Upload {
        media_id: MediaId(parts.ambient.new_id()),
        content_type: clean.content_type,
        sha256: Sha256Hex::of(&clean.bytes),
        size: u64::try_from(clean.bytes.len()).unwrap_or(u64::MAX),
        pixels: clean.pixels,
        purpose: form.purpose,
        file_name: form.file_name,
    };
    let bytes = Bytes::from(clean.bytes);
    let put = parts
        .objects
        .put_if_absent(request.tenant(), area::MEDIA, bytes)
        .await;
    put.map_err(|error| problems::of_objects(&error))?;
    let execution = execution(&parts, &request, stamp, upload.media_id);
    let executed = parts
        .executor
        .execute::<Media>(execution, MediaCommand::Upload(upload))
        .await;
    let executed = executed.map_err(problems::of_command)?;
    Ok((executed.loaded, executed.committed))
}

fn execution(
    parts: &MediaParts,
    request: &CommandRequest,
    stamp: CommandStamp,
    id: MediaId,
) -> Execution {
    let now = parts.ambient.now();
    let context = Context {
        tenant: request.tenant().clone(),
        actor: request.actor(),
        now,
        // No rule about uploads looks at the day.
        today: today(now, &TimeZoneName::utc()),
    };
    let stream = StreamId::new(request.tenant().clone(), StreamKind::Media, id);
    Execution::new(stream, stamp, context, request.correlation_id)
        .with_expected_version(request.expected_version.clone())
        .with_traceparent(Some(request.traceparent.clone()))
}
