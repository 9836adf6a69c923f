//! The media service, 3006: files come in through it, and go out as attachments.

mod download;
mod form;
mod problems;
mod resource;
mod upload;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use invoiceapp_domain::Permission;
use invoiceapp_http::{Authenticated, Problem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::parts::MediaParts;

pub use form::UPLOAD_BODY_BYTES_MAX;

/// The service's routes and their description.
fn routes() -> OpenApiRouter<MediaParts> {
    OpenApiRouter::new()
        .routes(routes!(upload::upload))
        .routes(routes!(download::file))
        .routes(routes!(download::thumbnail))
        .layer(DefaultBodyLimit::max(UPLOAD_BODY_BYTES_MAX))
}

/// The service's router.
pub fn router(parts: MediaParts) -> Router {
    routes().with_state(parts).split_for_parts().0
}

/// The service's part of the OpenAPI document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
}

/// Goes on only with one of the permissions; the answer names the first.
fn require_any(caller: &Authenticated, permissions: &[Permission]) -> Result<(), Problem> {
    if permissions
        .iter()
        .any(|permission| caller.0.may(*permission))
    {
        return Ok(());
    }
    permissions
        .first()
        .map_or(Ok(()), |permission| caller.require(*permission))
}
