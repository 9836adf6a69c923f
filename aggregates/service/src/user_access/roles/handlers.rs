//! The handlers of roles.

use axum::extract::State;
use invoiceapp_domain::role::{Role, RoleCommand};
use invoiceapp_domain::text::RoleCode;
use invoiceapp_domain::{Permission, StreamId, StreamKind};

use invoiceapp_http::json::Nothing;
use invoiceapp_http::{
    Authenticated, BodyDigest, CommandAnswer, CommandRequest, ConsistencyToken, Json, List,
    ListPage, NoBody, NoParameters, PathId, Problem, ProblemBody, QueryAnswer, Unread,
};
use invoiceapp_journal::execute::Executed;

use super::bodies::{RoleBody, RoleChangeBody};
use super::resource::{RoleResource, render};
use crate::parts::ServiceParts;
use crate::user_access::{UserAccessParts, ceiling};

type Answer = Result<CommandAnswer<RoleResource>, Problem>;

/// Define a role.
#[utoipa::path(post, path = "/api/v1/roles", tag = "roles", request_body = RoleBody,
    responses((status = 201, body = RoleResource), (status = 409, body = ProblemBody)))]
pub(in crate::user_access) async fn define(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    request: CommandRequest,
    body: Unread<Json<RoleBody>>,
) -> Answer {
    request.require(Permission::RoleCreate)?;
    let body = body.read().await?;
    let definition = body.value.into_definition();
    ceiling::permissions(&request.caller, &definition.permissions)?;
    let stream = stream_of(&request, &definition.code);
    let executed = run(
        &service,
        &request,
        body.digest,
        stream,
        RoleCommand::Define(definition),
    )
    .await?;
    let resource = render(&executed.loaded).ok_or_else(Problem::not_found)?;
    let location = format!("/api/v1/roles/{}", resource.code);
    Ok(CommandAnswer::created(
        location,
        resource,
        &executed.committed,
    ))
}

/// List roles, newest first.
#[utoipa::path(get, path = "/api/v1/roles", tag = "roles",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
        ("count" = Option<bool>, Query)),
    responses((status = 200, body = ListPage<RoleResource>)))]
pub(in crate::user_access) async fn list(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    list: List<Nothing>,
) -> Result<ListPage<RoleResource>, Problem> {
    caller.require(Permission::RoleGetAll)?;
    service.wait(token).await?;
    let query = service.list_query(&caller, StreamKind::Role, list.page, Vec::new());
    service.page::<Role, _>(&query, list.page, render).await
}

/// Read a role.
#[utoipa::path(get, path = "/api/v1/roles/{code}", tag = "roles", params(("code" = String, Path)),
    responses((status = 200, body = RoleResource), (status = 404, body = ProblemBody)))]
pub(in crate::user_access) async fn get(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    PathId(code): PathId<RoleCode>,
    _: NoParameters,
) -> Result<QueryAnswer<RoleResource>, Problem> {
    caller.require(Permission::RoleGetById)?;
    service.wait(token).await?;
    let stream = StreamId::new(caller.tenant().clone(), StreamKind::Role, code);
    service.document::<Role, _>(&stream, render).await
}

/// Change a role.
#[utoipa::path(patch, path = "/api/v1/roles/{code}", tag = "roles",
    params(("code" = String, Path)), request_body = RoleChangeBody,
    responses((status = 200, body = RoleResource),
        (status = 409, body = ProblemBody, description = "`system_role`")))]
pub(in crate::user_access) async fn change(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    request: CommandRequest,
    PathId(code): PathId<RoleCode>,
    body: Unread<Json<RoleChangeBody>>,
) -> Answer {
    request.require(Permission::RoleUpdate)?;
    let body = body.read().await?;
    let stream = stream_of(&request, &code);
    let change = body.value.into_change();
    if let Some(permissions) = &change.permissions {
        ceiling::permissions(&request.caller, permissions)?;
    }
    let command = RoleCommand::Change(change);
    let executed = run(&service, &request, body.digest, stream, command).await?;
    let resource = render(&executed.loaded).ok_or_else(Problem::not_found)?;
    Ok(CommandAnswer::ok(resource, &executed.committed))
}

/// Remove a role: nobody has its permissions any more.
#[utoipa::path(delete, path = "/api/v1/roles/{code}", tag = "roles",
    params(("code" = String, Path)),
    responses((status = 204), (status = 409, body = ProblemBody, description = "`system_role`")))]
pub(in crate::user_access) async fn remove(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    request: CommandRequest,
    PathId(code): PathId<RoleCode>,
    body: Unread<NoBody>,
) -> Result<CommandAnswer<()>, Problem> {
    request.require(Permission::RoleDelete)?;
    let body = body.read().await?;
    let stream = stream_of(&request, &code);
    let executed = run(&service, &request, body.digest, stream, RoleCommand::Remove).await?;
    Ok(CommandAnswer::no_content(&executed.committed))
}

fn stream_of(request: &CommandRequest, code: &RoleCode) -> StreamId {
    StreamId::new(request.tenant().clone(), StreamKind::Role, code)
}

async fn run(
    service: &ServiceParts,
    request: &CommandRequest,
    digest: BodyDigest,
    stream: StreamId,
    command: RoleCommand,
) -> Result<Executed<Role>, Problem> {
    service
        .execute::<Role>(request, digest, stream, command)
        .await
}
