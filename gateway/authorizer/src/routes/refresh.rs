//! `POST /api/v1/auth/refresh`.

use std::sync::Arc;

use axum::extract::State;
use invoiceapp_http::{Json, Problem, ProblemBody};

use super::body::{RefreshBody, TokenAnswer};
use crate::authorizer::Authorizer;

/// Exchange a refresh token for fresh tokens.
///
/// A refresh token is good once. One that comes a second time ends the login it came from.
#[utoipa::path(
    post,
    path = "/api/v1/auth/refresh",
    tag = "auth",
    operation_id = "refresh",
    request_body = RefreshBody,
    responses(
        (status = 200, description = "Refreshed.", body = TokenAnswer),
        (status = 400, description = "Malformed body.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 401, description = "The token does not count.", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(super) async fn refresh(
    State(authorizer): State<Arc<Authorizer>>,
    body: Json<RefreshBody>,
) -> Result<axum::Json<TokenAnswer>, Problem> {
    Ok(axum::Json(
        authorizer
            .refresh(&body.value.refresh_token.0)
            .await?
            .into(),
    ))
}
