//! Registering a user: the credential first, then the event.

use std::collections::BTreeSet;

use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::role::Role;
use invoiceapp_domain::text::RoleCode;
use invoiceapp_domain::user::{Registration, User, UserCommand};
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_http::{BodyDigest, Code, CommandRequest, FieldError, Problem};
use invoiceapp_journal::execute::{Executed, Prepared};
use invoiceapp_journal::port::Guard;

use super::bodies::UserBody;
use crate::parts::{Refusal, ServiceParts};
use crate::user_access::{HashedPassword, Password, PasswordError, UserAccessParts};

/// Registers the user and keeps the password, if there is one.
pub(super) async fn register(
    parts: &UserAccessParts,
    request: &CommandRequest,
    body: UserBody,
) -> Result<Executed<User>, Problem> {
    let requested: Vec<RoleCode> = body.roles.into_iter().map(|role| role.0).collect();
    let registration = Registration {
        email: body.email.0,
        first_name: body.first_name.0,
        last_name: body.last_name.0,
        roles: requested.iter().cloned().collect(),
    };
    let hashed = hash(parts, request, body.password).await?;
    let stamp = request.stamp(digest(&registration, hashed.as_ref()));
    let user = UserId(parts.service.ambient.new_id());
    let stream = StreamId::new(request.tenant().clone(), StreamKind::User, user);
    if let Some(hashed) = hashed
        && !is_done(&parts.service, stamp.id).await?
    {
        let stored = parts.credentials.store(&stream.tenant, user, hashed).await;
        stored.map_err(|error| password_problem(&error))?;
    }
    let (service, tenant) = (parts.service.clone(), stream.tenant.clone());
    let prepare = move |_| {
        let (service, tenant) = (service.clone(), tenant.clone());
        let (requested, registration) = (requested.clone(), registration.clone());
        async move {
            let guards = existing(&service, &tenant, &requested)
                .await
                .map_err(Refusal::Prepared)?;
            Ok(Prepared {
                command: UserCommand::Register(registration),
                guards,
            })
        }
    };
    parts
        .service
        .execute_with::<User, _, _>(request, stamp, stream, prepare)
        .await
}

/// The versions at which the roles exist.
async fn existing(
    service: &ServiceParts,
    tenant: &TenantId,
    roles: &[RoleCode],
) -> Result<Vec<Guard>, Problem> {
    let mut guards = Vec::new();
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for (place, role) in roles.iter().enumerate() {
        match existing_role(service, tenant, role).await? {
            Some(guard) if seen.insert(role) => guards.push(guard),
            Some(_) => {}
            None => errors.push(FieldError::at(
                format!("/roles/{place}"),
                Code::InvalidValue,
                "There is no such role.",
            )),
        }
    }
    if errors.is_empty() {
        Ok(guards)
    } else {
        Err(Problem::invalid(errors))
    }
}

/// The version at which a role exists.
pub(super) async fn existing_role(
    service: &ServiceParts,
    tenant: &TenantId,
    role: &RoleCode,
) -> Result<Option<Guard>, Problem> {
    let stream = StreamId::new(tenant.clone(), StreamKind::Role, role);
    let loaded = service.load::<Role>(&stream).await?;
    let defined = loaded.filter(|loaded| loaded.state.record().is_some());
    Ok(defined.map(|loaded| Guard {
        stream,
        version: loaded.version,
    }))
}

/// The hash of the password, salted by the command's identity: a repeated command has the same.
async fn hash(
    parts: &UserAccessParts,
    request: &CommandRequest,
    password: Option<String>,
) -> Result<Option<HashedPassword>, Problem> {
    let Some(password) = password else {
        return Ok(None);
    };
    let id = request.stamp(BodyDigest::of_bytes(&[])).id;
    let hashed = parts
        .credentials
        .hash(Password::new(password), id.0.as_bytes())
        .await;
    hashed.map(Some).map_err(|error| password_problem(&error))
}

/// What was asked, without the password itself: a fingerprint is kept for ever, and must not be
/// something that a password can be guessed from quickly.
fn digest(registration: &Registration, hashed: Option<&HashedPassword>) -> BodyDigest {
    let asked = (
        registration.email.as_str(),
        registration.first_name.as_str(),
        registration.last_name.as_str(),
        registration
            .roles
            .iter()
            .map(RoleCode::as_str)
            .collect::<Vec<_>>(),
        hashed.map(|hashed| hashed.0.as_str()),
    );
    // Strings always have a JSON form.
    BodyDigest::of_bytes(&serde_json::to_vec(&asked).unwrap_or_default())
}

async fn is_done(
    service: &ServiceParts,
    command: invoiceapp_schemas::CommandId,
) -> Result<bool, Problem> {
    let receipt = service.executor.journal().receipt_of(command).await;
    receipt
        .map(|receipt| receipt.is_some())
        .map_err(|error| Problem::from(&error))
}

fn password_problem(error: &PasswordError) -> Problem {
    match error {
        PasswordError::Refused(sentence) => Problem::invalid(vec![FieldError::at(
            "/password",
            Code::InvalidValue,
            sentence.clone(),
        )]),
        PasswordError::Unavailable(_) => Problem::unavailable(error),
    }
}
