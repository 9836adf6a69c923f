//! `POST /api/v1/auth/logout`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use deserr::Deserr;
use invoiceapp_http::{Authenticated, BodyErrors, OptionalJson, Problem, ProblemBody};
use utoipa::ToSchema;

use super::body::SecretText;
use crate::authorizer::Authorizer;

/// The login to end, where it is not the access token's, or the access token has expired.
#[derive(Debug, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(super) struct LogoutBody {
    /// The refresh token of the last answer.
    #[schema(value_type = Option<String>)]
    #[deserr(default)]
    refresh_token: Option<SecretText>,
}

/// Log out.
///
/// Ends the login of the access token, of the refresh token in the body, or both. A refresh token
/// that does not count has nothing left to end, so that is a success too (RFC 7009).
#[utoipa::path(
    post,
    path = "/api/v1/auth/logout",
    tag = "auth",
    operation_id = "logout",
    request_body(content = Option<LogoutBody>),
    responses(
        (status = 204, description = "Logged out."),
        (status = 401, description = "Neither token.", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security((), ("bearer" = [])),
)]
pub(super) async fn logout(
    State(authorizer): State<Arc<Authorizer>>,
    caller: Result<Authenticated, Problem>,
    body: OptionalJson<LogoutBody>,
) -> Result<StatusCode, Problem> {
    let token = body.value.refresh_token.map(|token| token.0);
    let caller = match caller {
        Ok(caller) => Some(caller),
        Err(_) if token.is_some() => None,
        Err(problem) => return Err(problem),
    };
    let principal = caller.as_ref().map(|caller| &caller.0.principal);
    authorizer.logout(principal, token.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}
