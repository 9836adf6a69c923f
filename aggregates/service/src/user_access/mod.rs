//! The user access service, 3003: users, roles, and the organisation that they
//! belong to.

mod organization;
mod roles;
mod users;

pub(crate) use organization::{AddressBody, AddressResource, NetDaysBody};

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use thiserror::Error;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::parts::ServiceParts;

/// A password as a client sent it; it never enters the journal.
pub struct Password(String);

impl Password {
    /// Takes a password that the store's policy will judge.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The password itself, for the store alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password")
    }
}

/// Why a password was not taken.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// It breaks the policy; the sentence says how.
    #[error("{0}")]
    Refused(String),
    /// The store cannot be written now.
    #[error("the credential store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A password as it may be stored, and as a command's fingerprint may contain it.
#[derive(Clone)]
pub struct HashedPassword(pub String);

impl std::fmt::Debug for HashedPassword {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HashedPassword")
    }
}

/// The identity provider's credentials. A credential has no effect before its user is registered
/// in the journal, so it is stored first: a crash between the two leaves nothing that matters.
#[async_trait]
pub trait CredentialStore: Send + Sync + std::fmt::Debug {
    /// Hashes a password. The salt is derived from `salt_source`, which is unique per command, so
    /// that a repeated command has the same hash.
    ///
    /// # Errors
    /// [`PasswordError`].
    async fn hash(
        &self,
        password: Password,
        salt_source: &[u8],
    ) -> Result<HashedPassword, PasswordError>;

    /// Keeps the credential of a user.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    async fn store(
        &self,
        tenant: &TenantId,
        user: UserId,
        password: HashedPassword,
    ) -> Result<(), PasswordError>;
}

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
