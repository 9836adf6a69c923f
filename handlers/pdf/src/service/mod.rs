//! The PDF service, 3005: hands out stored renderings, and previews of drafts.

mod answer;
mod handlers;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::reactor::PdfParts;

/// The service's routes and their description.
fn routes() -> OpenApiRouter<PdfParts> {
    OpenApiRouter::new().routes(routes!(handlers::pdf))
}

/// The service's router, with full public paths.
pub fn router(parts: PdfParts) -> Router {
    routes().with_state(parts).split_for_parts().0
}

/// The service's part of the OpenAPI document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
}
