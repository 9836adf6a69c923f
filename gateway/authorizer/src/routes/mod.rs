//! The HTTP face: `/api/v1/auth` and the published keys.

mod body;
mod login;
mod logout;
mod me;
mod metadata;
mod refresh;

use std::sync::Arc;

use axum::Router;
use invoiceapp_http::{Code, FieldError, Problem};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authorizer::Authorizer;
use crate::provider::AuthorizerError;

/// Where the public keys are.
pub const JWKS_PATH: &str = "/.well-known/jwks.json";
/// Where the issuer's metadata are.
pub const METADATA_PATH: &str = "/.well-known/openid-configuration";

fn routes() -> OpenApiRouter<Arc<Authorizer>> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(me::me))
        .routes(routes!(metadata::keys))
        .routes(routes!(metadata::metadata))
}

/// The routes, without the shell that every service's router is wrapped in.
pub fn router(authorizer: Arc<Authorizer>) -> Router {
    routes().with_state(authorizer).into()
}

/// The OpenAPI description of the routes.
#[must_use]
pub fn openapi() -> OpenApi {
    routes().into_openapi()
}

impl From<AuthorizerError> for Problem {
    fn from(error: AuthorizerError) -> Self {
        match error {
            AuthorizerError::Unauthenticated => Self::new(Code::Unauthenticated),
            AuthorizerError::TenantNeeded => Self::invalid(vec![FieldError::at(
                "/tenant",
                Code::MissingField,
                "The account exists in several tenants; name one.",
            )]),
            AuthorizerError::Throttled { retry_after } => Self::rate_limited(retry_after),
            AuthorizerError::Behind => Self::view_behind(),
            AuthorizerError::Unavailable(_) => Self::unavailable(&error),
        }
    }
}
