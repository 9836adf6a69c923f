//! The user access service, 3003: users, roles, and the organisation that they
//! belong to.

mod ceiling;
pub(crate) mod credentials;
mod organization;
mod roles;
mod users;

pub use credentials::{
    CredentialHandOver, CredentialStore, HAND_OVER_INTERVAL, HashedPassword, Password,
    PasswordError, STAGED_PAGE_MAX, STAGED_TIME_MAX, StagedCredential, Turn,
};
pub(crate) use organization::{AddressBody, AddressResource, NetDaysBody};

use std::sync::Arc;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::parts::ServiceParts;

/// The parts of this service.
#[derive(Debug, Clone)]
pub struct UserAccessParts {
    /// What every service has.
    pub service: ServiceParts,
    /// Where passwords go.
    pub credentials: Arc<dyn CredentialStore>,
}

fn routes() -> OpenApiRouter<UserAccessParts> {
    OpenApiRouter::new()
        .routes(routes!(users::handlers::register, users::handlers::list))
        .routes(routes!(
            users::handlers::get,
            users::handlers::change,
            users::handlers::disable
        ))
        .routes(routes!(users::handlers::enable))
        .routes(routes!(
            users::handlers::assign_role,
            users::handlers::revoke_role
        ))
        .routes(routes!(roles::handlers::define, roles::handlers::list))
        .routes(routes!(
            roles::handlers::get,
            roles::handlers::change,
            roles::handlers::remove
        ))
        .routes(routes!(
            organization::handlers::get,
            organization::handlers::describe
        ))
}

/// The service's router.
pub fn router(parts: UserAccessParts) -> Router {
    routes().with_state(parts).split_for_parts().0
}

/// The service's part of the OpenAPI document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes().into_openapi()
}
