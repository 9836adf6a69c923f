//! The product service, 3002: what is sold, how it is taxed, what it cost when.

mod bodies;
mod handlers;
mod resource;

pub(crate) use bodies::VatBody;
pub(crate) use resource::VatResource;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::parts::ServiceParts;

/// The service's routes and their description.
fn routes() -> OpenApiRouter<ServiceParts> {
    OpenApiRouter::new()
        .routes(routes!(handlers::create, handlers::list))
        .routes(routes!(handlers::get, handlers::change, handlers::archive))
        .routes(routes!(handlers::restore))
        .routes(routes!(handlers::set_price, handlers::prices))
}

/// The service's router.
pub fn router(parts: ServiceParts) -> Router {
    routes().with_state(parts).split_for_parts().0
}

/// The service's part of the OpenAPI document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
}
