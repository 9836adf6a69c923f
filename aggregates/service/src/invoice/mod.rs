//! The invoice service, 3001: drafts, issue, delivery, payments, and the dashboard over them.

mod adjustments;
mod bodies;
mod commands;
mod dashboard;
mod drafting;
mod expected;
mod filling;
mod history;
mod issuing;
mod payments;
mod queries;
mod resource;
mod resource_parts;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::number_series::{handlers as number_series, register as number_register};
use crate::parts::ServiceParts;

fn routes() -> OpenApiRouter<ServiceParts> {
    OpenApiRouter::new()
        .routes(routes!(commands::create, queries::list))
        .routes(routes!(queries::get, commands::change))
        .routes(routes!(commands::add_line))
        .routes(routes!(commands::change_line, commands::remove_line))
        .routes(routes!(commands::discard))
        .routes(routes!(issuing::issue))
        .routes(routes!(issuing::send))
        .routes(routes!(payments::record))
        .routes(routes!(payments::reverse))
        .routes(routes!(history::history))
        .routes(routes!(dashboard::dashboard))
        .routes(routes!(number_series::define, number_series::list))
        .routes(routes!(number_series::get))
        .routes(routes!(number_register::numbers))
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
