//! `GET /api/v1/auth/me`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::request::Parts;
use invoiceapp_http::caller::authenticate;
use invoiceapp_http::shell::SharedParts;
use invoiceapp_http::{Authenticated, Code, ConsistencyToken, NoParameters, Problem, ProblemBody};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::authorizer::Authorizer;

/// The calling user.
#[derive(Serialize, ToSchema)]
pub(super) struct MeUser {
    /// User id.
    id: Uuid,
    /// E-mail address, which is the user name.
    email: String,
    /// Given name.
    first_name: String,
    /// Family name.
    last_name: String,
}

/// Who the caller is and what they may do now.
#[derive(Serialize, ToSchema)]
pub(super) struct MeAnswer {
    /// The calling user.
    user: MeUser,
    /// The tenant that the caller works in.
    tenant: String,
    /// Codes of the roles.
    roles: Vec<String>,
    /// Effective permissions.
    permissions: Vec<&'static str>,
}

/// Who am I?
///
/// With a `Consistency-Token`, roles and permissions are those of that position or later.
#[utoipa::path(
    get,
    path = "/api/v1/auth/me",
    tag = "auth",
    operation_id = "me",
    responses(
        (status = 200, description = "The caller.", body = MeAnswer),
        (status = 400, description = "A query parameter, or no position.", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = ProblemBody,
            content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn me(
    State(authorizer): State<Arc<Authorizer>>,
    mut caller: Authenticated,
    ConsistencyToken(token): ConsistencyToken,
    _: NoParameters,
    parts: Parts,
) -> Result<axum::Json<MeAnswer>, Problem> {
    if let Some(position) = token {
        authorizer.wait_for(position).await?;
        // The gate has looked at the rights before what was waited for.
        caller = authenticate(&parts.headers, &SharedParts::of(&parts.extensions)?).await?;
    }
    let Authenticated(caller) = caller;
    let profile = authorizer.profile(caller.tenant(), caller.user()).await?;
    // Gone between the gate's look and ours.
    let profile = profile.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let user = MeUser {
        id: caller.user().0,
        email: profile.email,
        first_name: profile.first_name,
        last_name: profile.last_name,
    };
    let permissions = caller
        .grants
        .permissions
        .iter()
        .map(|permission| permission.as_str());
    Ok(axum::Json(MeAnswer {
        user,
        tenant: caller.tenant().to_string(),
        roles: caller.grants.roles.clone(),
        permissions: permissions.collect(),
    }))
}
