//! Files go out: as attachments, never as pages of our own origin.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use invoiceapp_domain::digest::Sha256Hex;
use invoiceapp_domain::ids::MediaId;
use invoiceapp_domain::media::{ContentType, Media, MediaRecord};
use invoiceapp_domain::{Permission, StreamId, StreamKind, TenantId};
use invoiceapp_http::entity_tags::is_known;
use invoiceapp_http::{
    Authenticated, Code, ConsistencyToken, NoParameters, PathId, Problem, ProblemBody,
};
use invoiceapp_objects::{ObjectKey, area};

use super::problems;
use super::require_any;
use crate::parts::MediaParts;

/// Who may read files: one of these is enough.
const READ: &[Permission] = &[Permission::InvoiceGetById, Permission::TenantManage];
/// What a client waits before it asks again for a thumbnail that is being made, in seconds.
const RETRY_AFTER_SECONDS: u64 = 1;
/// The browser may keep the bytes and has to ask each time whether it still may show them.
const CACHE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// Should a browser show the bytes after all, nothing in them may run or fetch.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// Read a file.
#[utoipa::path(get, path = "/api/v1/media/{id}", tag = "media",
    params(("id" = String, Path)),
    responses(
        (status = 200, description = "The bytes, in one of the four media types.",
            content_type = "application/octet-stream", body = Vec<u8>,
            headers(("ETag" = String), ("Content-Disposition" = String))),
        (status = 304, description = "The client has it already."),
        (status = 404, body = ProblemBody)))]
pub(super) async fn file(
    State(parts): State<MediaParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    PathId(id): PathId<MediaId>,
    _: NoParameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    require_any(&caller, READ)?;
    let record = record(&parts, caller.tenant(), token, id).await?;
    let upload = &record.upload;
    let object = Object {
        area: area::MEDIA,
        sha256: &upload.sha256,
        content_type: upload.content_type,
        file_name: format!("media-{id}.{}", extension(upload.content_type)),
    };
    object.answer(&parts, caller.tenant(), &headers).await
}

/// Read a picture's thumbnail.
#[utoipa::path(get, path = "/api/v1/media/{id}/thumbnail", tag = "media",
    params(("id" = String, Path)),
    responses(
        (status = 200, description = "At most 256 pixels long and wide.",
            content_type = "image/png", body = Vec<u8>,
            headers(("ETag" = String), ("Content-Disposition" = String))),
        (status = 202, description = "It is being made.", headers(("Retry-After" = u32))),
        (status = 304, description = "The client has it already."),
        (status = 404, body = ProblemBody, description = "Unknown, or no picture.")))]
pub(super) async fn thumbnail(
    State(parts): State<MediaParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    PathId(id): PathId<MediaId>,
    _: NoParameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    require_any(&caller, READ)?;
    let record = record(&parts, caller.tenant(), token, id).await?;
    if !record.upload.content_type.is_picture() {
        return Err(Problem::not_found());
    }
    let Some(thumbnail) = &record.thumbnail else {
        return Ok(being_made());
    };
    let object = Object {
        area: area::THUMBNAILS,
        sha256: &thumbnail.sha256,
        content_type: ContentType::Png,
        file_name: format!("media-{id}-thumbnail.png"),
    };
    object.answer(&parts, caller.tenant(), &headers).await
}

/// What is known of a file, at least as of the caller's token. The tenant is part of the stream's
/// name: a foreign id is an unknown one.
async fn record(
    parts: &MediaParts,
    tenant: &TenantId,
    token: ConsistencyToken,
    id: MediaId,
) -> Result<MediaRecord, Problem> {
    token.reached_by(parts.executor.journal().as_ref()).await?;
    let stream = StreamId::new(tenant.clone(), StreamKind::Media, id);
    let loaded = parts.executor.load::<Media>(&stream).await;
    let loaded = loaded.map_err(|error| problems::of_load(&error))?;
    let record = loaded.as_ref().and_then(|loaded| loaded.state.record());
    record.cloned().ok_or_else(Problem::not_found)
}

/// Stored bytes on their way to a client.
struct Object<'a> {
    area: &'static str,
    sha256: &'a Sha256Hex,
    content_type: ContentType,
    /// Made here, of an id and an ending: nothing of it came from a client.
    file_name: String,
}

impl Object<'_> {
    async fn answer(
        &self,
        parts: &MediaParts,
        tenant: &TenantId,
        request: &HeaderMap,
    ) -> Result<Response, Problem> {
        let tag = format!("\"{}\"", self.sha256);
        let response = if is_known(request, &tag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Response::new(Body::from(self.bytes(parts, tenant).await?))
        };
        Ok(self.with_headers(response, &tag))
    }

    async fn bytes(&self, parts: &MediaParts, tenant: &TenantId) -> Result<Bytes, Problem> {
        let (area, sha256) = (self.area.to_owned(), self.sha256.as_str().to_owned());
        let key = ObjectKey {
            tenant: tenant.clone(),
            area,
            sha256,
        };
        let bytes = parts
            .objects
            .get(&key)
            .await
            .map_err(|error| problems::of_objects(&error))?;
        bytes.ok_or_else(|| {
            tracing::error!(%key, "stored bytes are missing");
            Problem::new(Code::DependencyUnavailable)
        })
    }

    fn with_headers(&self, mut response: Response, tag: &str) -> Response {
        let disposition = format!("attachment; filename=\"{}\"", self.file_name);
        let content_type = HeaderValue::from_static(self.content_type.as_str());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type);
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(header::CACHE_CONTROL, CACHE);
        insert(headers, header::ETAG, tag);
        insert(headers, header::CONTENT_DISPOSITION, &disposition);
        response
    }
}

/// Both values are ASCII by construction.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// 202: the thumbnail is being made.
fn being_made() -> Response {
    let mut response = StatusCode::ACCEPTED.into_response();
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    response
}

const fn extension(content_type: ContentType) -> &'static str {
    match content_type {
        ContentType::Png => "png",
        ContentType::Jpeg => "jpg",
        ContentType::Webp => "webp",
        ContentType::Pdf => "pdf",
    }
}
