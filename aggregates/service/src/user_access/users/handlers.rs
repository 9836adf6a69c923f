//! The handlers of users.

use std::sync::Arc;

use axum::extract::State;
use deserr::Deserr;
use invoiceapp_access::PermissionSource;
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::text::RoleCode;
use invoiceapp_domain::user::{User, UserCommand};
use invoiceapp_domain::{Permission, StreamId, StreamKind};
use invoiceapp_http::query::Flag;
use invoiceapp_http::{
    Authenticated, BodyDigest, BodyErrors, CommandAnswer, CommandRequest, ConsistencyToken, Json,
    List, ListPage, NoBody, NoParameters, PathId, PathIds, Problem, ProblemBody, QueryAnswer, Text,
    Unread,
};
use invoiceapp_journal::execute::{Executed, Prepared};
use invoiceapp_journal::loaded::Loaded;
use invoiceapp_projections::Condition;
use invoiceapp_projections::views::user::{ACTIVE, EMAIL, ROLES, SEARCH, role_mark};

use super::bodies::{ProfileBody, UserBody};
use super::resource::{UserResource, render};
use super::{administrators, registration};
use crate::grants::ViewGrants;
use crate::parts::{Refusal, ServiceParts};
use crate::user_access::{UserAccessParts, ceiling};

type Answer = Result<CommandAnswer<UserResource>, Problem>;

/// Which users a list has.
#[derive(Debug, Clone, Default, Deserr)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(in crate::user_access) struct UserFilter {
    /// Exactly this e-mail address.
    #[deserr(default)]
    email: Option<String>,
    /// This text in e-mail address or name.
    #[deserr(default)]
    q: Option<String>,
    /// Only those with this role.
    #[deserr(default)]
    role: Option<Text<RoleCode>>,
    /// Only active ones, or only disabled ones.
    #[deserr(default)]
    active: Option<Text<Flag>>,
}

impl UserFilter {
    fn conditions(self) -> Vec<Condition> {
        let active = self.active.map(|flag| i64::from(flag.0.0));
        [
            self.email
                .map(|email| Condition::Equals(EMAIL, email.to_lowercase().into())),
            self.q
                .map(|text| Condition::Contains(SEARCH, text.to_lowercase())),
            self.role
                .map(|role| Condition::Contains(ROLES, role_mark(role.as_str()))),
            active.map(|active| Condition::Equals(ACTIVE, active.into())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Register a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = UserBody,
    responses((status = 201, body = UserResource), (status = 400, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`email_taken`")))]
pub(in crate::user_access) async fn register(
    State(parts): State<UserAccessParts>,
    request: CommandRequest,
    body: Unread<Json<UserBody>>,
) -> Answer {
    request.require(Permission::UserCreate)?;
    let body = body.read().await?;
    let executed = registration::register(&parts, &request, body.value).await?;
    let resource = render(&executed.loaded).ok_or_else(Problem::not_found)?;
    let location = format!("/api/v1/users/{}", resource.id);
    Ok(CommandAnswer::created(
        location,
        resource,
        &executed.committed,
    ))
}

/// List users, newest first.
#[utoipa::path(get, path = "/api/v1/users", tag = "users",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
        ("count" = Option<bool>, Query), ("email" = Option<String>, Query),
        ("q" = Option<String>, Query), ("role" = Option<String>, Query),
        ("active" = Option<bool>, Query)),
    responses((status = 200, body = ListPage<UserResource>)))]
pub(in crate::user_access) async fn list(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    list: List<UserFilter>,
) -> Result<ListPage<UserResource>, Problem> {
    caller.require(Permission::UserGetAll)?;
    service.wait(token).await?;
    let conditions = list.filter.conditions();
    let query = service.list_query(&caller, StreamKind::User, list.page, conditions);
    service.page::<User, _>(&query, list.page, render).await
}

/// Read a user with the permissions that the roles come to.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", params(("id" = String, Path)),
    responses((status = 200, body = UserResource), (status = 404, body = ProblemBody)))]
pub(in crate::user_access) async fn get(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    PathId(id): PathId<UserId>,
    _: NoParameters,
) -> Result<QueryAnswer<UserResource>, Problem> {
    caller.require(Permission::UserGetById)?;
    service.wait(token).await?;
    let stream = StreamId::new(caller.tenant().clone(), StreamKind::User, id);
    let loaded = service.required::<User>(&stream).await?;
    let mut resource = render(&loaded).ok_or_else(Problem::not_found)?;
    let source = ViewGrants::new(service.views.clone());
    let grants = source.grants(caller.tenant(), id).await;
    let grants = grants
        .map_err(|error| Problem::unavailable(&error))?
        .unwrap_or_default();
    resource.permissions = Some(grants.permissions.iter().map(ToString::to_string).collect());
    Ok(QueryAnswer::document(resource, loaded.version))
}

/// Change a user's profile or password.
///
/// Another password ends the user's logins.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users", params(("id" = String, Path)),
    request_body = ProfileBody,
    responses((status = 200, body = UserResource), (status = 404, body = ProblemBody)))]
pub(in crate::user_access) async fn change(
    State(parts): State<UserAccessParts>,
    request: CommandRequest,
    PathId(id): PathId<UserId>,
    body: Unread<Json<ProfileBody>>,
) -> Answer {
    request.require(Permission::UserUpdate)?;
    let body = body.read().await?;
    answer(registration::change(&parts, &request, id, body).await?)
}

/// Lock a user out; the history stays.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users", params(("id" = String, Path)),
    responses((status = 204),
        (status = 409, body = ProblemBody, description = "`last_administrator`")))]
pub(in crate::user_access) async fn disable(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    request: CommandRequest,
    PathId(id): PathId<UserId>,
    body: Unread<NoBody>,
) -> Result<CommandAnswer<()>, Problem> {
    request.require(Permission::UserDelete)?;
    let body = body.read().await?;
    let command = |other_administrator| UserCommand::Disable {
        other_administrator,
    };
    let executed = guarded(&service, &request, body.digest, id, command).await?;
    Ok(CommandAnswer::no_content(&executed.committed))
}

/// Let a user in again.
#[utoipa::path(post, path = "/api/v1/users/{id}/enable", tag = "users",
    params(("id" = String, Path)),
    responses((status = 200, body = UserResource), (status = 404, body = ProblemBody)))]
pub(in crate::user_access) async fn enable(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    request: CommandRequest,
    PathId(id): PathId<UserId>,
    body: Unread<NoBody>,
) -> Answer {
    request.require(Permission::UserUpdate)?;
    let body = body.read().await?;
    let stream = stream_of(&request, id);
    let (parts, caller) = (service.clone(), request.caller.clone());
    let prepare = move |loaded: Option<Arc<Loaded<User>>>| {
        let (parts, caller) = (parts.clone(), caller.clone());
        async move {
            let given = ceiling::user(&parts, &caller, loaded.as_deref()).await;
            given.map_err(Refusal::Prepared)?;
            Ok(Prepared::new(UserCommand::Enable))
        }
    };
    let stamp = request.stamp(body.digest);
    answer(
        service
            .execute_with::<User, _, _>(&request, stamp, stream, prepare)
            .await?,
    )
}

/// Give a user a role. One that the user has already changes nothing.
#[utoipa::path(put, path = "/api/v1/users/{id}/roles/{code}", tag = "users",
    params(("id" = String, Path), ("code" = String, Path)),
    responses((status = 200, body = UserResource), (status = 404, body = ProblemBody)))]
pub(in crate::user_access) async fn assign_role(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    request: CommandRequest,
    PathIds((id, role)): PathIds<(UserId, RoleCode)>,
    body: Unread<NoBody>,
) -> Answer {
    request.require(Permission::UserUpdate)?;
    let body = body.read().await?;
    let stream = stream_of(&request, id);
    let (parts, caller) = (service.clone(), request.caller.clone());
    let prepare = move |_| {
        let (parts, caller, role) = (parts.clone(), caller.clone(), role.clone());
        async move {
            let given = ceiling::roles(&parts, &caller, [&role]).await;
            given.map_err(Refusal::Prepared)?;
            let tenant = caller.tenant();
            let guard = registration::existing_role(&parts, tenant, &role).await;
            let guard = guard.map_err(Refusal::Prepared)?;
            let guard = guard.ok_or_else(|| Refusal::prepared(Problem::not_found()))?;
            Ok(Prepared {
                command: UserCommand::AssignRole { role },
                guards: vec![guard],
            })
        }
    };
    let stamp = request.stamp(body.digest);
    answer(
        service
            .execute_with::<User, _, _>(&request, stamp, stream, prepare)
            .await?,
    )
}

/// Take a role from a user.
#[utoipa::path(delete, path = "/api/v1/users/{id}/roles/{code}", tag = "users",
    params(("id" = String, Path), ("code" = String, Path)),
    responses((status = 200, body = UserResource),
        (status = 409, body = ProblemBody, description = "`last_administrator`")))]
pub(in crate::user_access) async fn revoke_role(
    State(UserAccessParts { service, .. }): State<UserAccessParts>,
    request: CommandRequest,
    PathIds((id, role)): PathIds<(UserId, RoleCode)>,
    body: Unread<NoBody>,
) -> Answer {
    request.require(Permission::UserUpdate)?;
    let body = body.read().await?;
    let command = move |other_administrator| UserCommand::RevokeRole {
        role: role.clone(),
        other_administrator,
    };
    answer(guarded(&service, &request, body.digest, id, command).await?)
}

fn stream_of(request: &CommandRequest, id: UserId) -> StreamId {
    StreamId::new(request.tenant().clone(), StreamKind::User, id)
}

fn answer(executed: Executed<User>) -> Answer {
    let resource = render(&executed.loaded).ok_or_else(Problem::not_found)?;
    Ok(CommandAnswer::ok(resource, &executed.committed))
}

/// A command that may take an administrator away: it stands on another one being there.
async fn guarded(
    service: &ServiceParts,
    request: &CommandRequest,
    digest: BodyDigest,
    id: UserId,
    command: impl Fn(bool) -> UserCommand + Clone + Send + Sync + 'static,
) -> Result<Executed<User>, Problem> {
    let stream = stream_of(request, id);
    let (parts, user) = (service.clone(), stream.clone());
    let prepare = move |_| {
        let (parts, user, command) = (parts.clone(), user.clone(), command.clone());
        async move {
            let other = administrators::other_than(&parts, &user).await;
            let other = other.map_err(Refusal::Prepared)?;
            Ok(Prepared {
                command: command(other.is_some()),
                guards: other.into_iter().collect(),
            })
        }
    };
    service
        .execute_with::<User, _, _>(request, request.stamp(digest), stream, prepare)
        .await
}
