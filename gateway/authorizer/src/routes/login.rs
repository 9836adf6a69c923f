//! `POST /api/v1/auth/login`.

use std::sync::Arc;

use axum::extract::State;
use deserr::Deserr;
use invoiceapp_http::server::ClientAddress;
use invoiceapp_http::{BodyErrors, Json, Problem, ProblemBody};
use utoipa::ToSchema;

use super::body::{SecretText, TokenAnswer};
use crate::authorizer::{Authorizer, LoginAttempt};

/// What a person types in.
#[derive(Debug, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(super) struct LoginBody {
    /// The e-mail address.
    #[schema(value_type = String, example = "admin@example.com")]
    username: SecretText,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: SecretText,
    /// Only for a person who has accounts in several tenants.
    #[deserr(default)]
    tenant: Option<String>,
}

/// Log in.
///
/// Five tries per minute for an account from an address; then 429 says when to come again.
#[utoipa::path(
    post,
    path = "/api/v1/auth/login",
    tag = "auth",
    operation_id = "login",
    request_body = LoginBody,
    responses(
        (status = 200, description = "Logged in.", body = TokenAnswer),
        (status = 400, description = "Malformed body.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 401, description = "Wrong user name or password.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 429, description = "Too many tries.", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(super) async fn login(
    State(authorizer): State<Arc<Authorizer>>,
    client: ClientAddress,
    body: Json<LoginBody>,
) -> Result<axum::Json<TokenAnswer>, Problem> {
    let attempt = LoginAttempt {
        username: body.value.username.0,
        password: body.value.password.0,
        tenant: body.value.tenant,
        address: client.limit_key(),
    };
    Ok(axum::Json(authorizer.login(attempt).await?.into()))
}
