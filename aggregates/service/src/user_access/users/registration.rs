//! Registering a user, and giving one another password.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::role::Role;
use invoiceapp_domain::text::RoleCode;
use invoiceapp_domain::user::{ProfileChange, Registration, User, UserCommand};
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_http::{BodyDigest, Code, CommandRequest, FieldError, Json, Problem};
use invoiceapp_journal::execute::{Executed, Prepared};
use invoiceapp_journal::loaded::Loaded;
use invoiceapp_journal::port::Guard;
use invoiceapp_schemas::CommandStamp;

use super::bodies::{ProfileBody, UserBody};
use crate::parts::{Refusal, ServiceParts};
use crate::user_access::{
    HashedPassword, Password, PasswordError, StagedCredential, UserAccessParts, ceiling,
    credentials,
};

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
    let asked = (&registration, hashed.as_ref().map(|it| it.0.as_str()));
    let stamp = request.stamp(registration_digest(asked));
    let user = UserId(parts.service.ambient.new_id());
    let stream = StreamId::new(request.tenant().clone(), StreamKind::User, user);
    let staging = stage(parts, &stream.tenant, stamp, hashed).await?;
    let (service, caller) = (parts.service.clone(), request.caller.clone());
    let prepare = move |_| {
        let (service, caller) = (service.clone(), caller.clone());
        let (requested, registration) = (requested.clone(), registration.clone());
        async move {
            let given = ceiling::roles(&service, &caller, &requested).await;
            given.map_err(Refusal::Prepared)?;
            let guards = existing(&service, caller.tenant(), &requested)
                .await
                .map_err(Refusal::Prepared)?;
            Ok(Prepared {
                command: UserCommand::Register(registration),
                guards,
            })
        }
    };
    let outcome = parts
        .service
        .execute_with::<User, _, _>(request, stamp, stream, prepare)
        .await;
    conclude(parts, stamp, staging, outcome).await
}

/// Changes the profile, and the password if there is one.
pub(super) async fn change(
    parts: &UserAccessParts,
    request: &CommandRequest,
    user: UserId,
    body: Json<ProfileBody>,
) -> Result<Executed<User>, Problem> {
    let (mut value, whole) = (body.value, body.digest);
    let hashed = hash(parts, request, value.password.take()).await?;
    let change = value.into_change();
    let digest = match &hashed {
        Some(hashed) => change_digest(&change, &hashed.0),
        None => whole,
    };
    let stamp = request.stamp(digest);
    let stream = StreamId::new(request.tenant().clone(), StreamKind::User, user);
    let staging = stage(parts, &stream.tenant, stamp, hashed).await?;
    let sets_password = staging != Staging::WithoutPassword;
    let (service, caller) = (parts.service.clone(), request.caller.clone());
    let prepare = move |loaded: Option<Arc<Loaded<User>>>| {
        let (service, caller) = (service.clone(), caller.clone());
        let command = UserCommand::ChangeProfile(change.clone());
        async move {
            if sets_password {
                let given = ceiling::user(&service, &caller, loaded.as_deref()).await;
                given.map_err(Refusal::Prepared)?;
            }
            Ok(Prepared::<User>::new(command))
        }
    };
    let outcome = parts
        .service
        .execute_with::<User, _, _>(request, stamp, stream, prepare)
        .await;
    conclude(parts, stamp, staging, outcome).await
}

/// What was done about the password of a command before the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Staging {
    /// It has none.
    WithoutPassword,
    /// Nothing: the command was done already.
    Done,
    /// It was staged.
    Staged,
}

/// Stages the password of a command, if it has one.
async fn stage(
    parts: &UserAccessParts,
    tenant: &TenantId,
    stamp: CommandStamp,
    hashed: Option<HashedPassword>,
) -> Result<Staging, Problem> {
    let Some(hash) = hashed else {
        return Ok(Staging::WithoutPassword);
    };
    let drawn = parts.credentials.draw_turn().await;
    let turn = drawn.map_err(|error| password_problem(&error))?;
    // A repeat of a command that is done brings nothing new; an old password least of all.
    if is_done(&parts.service, stamp.id).await? {
        return Ok(Staging::Done);
    }
    let staged = StagedCredential {
        stamp,
        tenant: tenant.clone(),
        hash,
        staged_at: parts.service.ambient.now(),
        turn,
    };
    let outcome = parts.credentials.stage(&staged).await;
    outcome.map_err(|error| password_problem(&error))?;
    Ok(Staging::Staged)
}

/// Does with the staged password what the outcome of the command asks for. Only a refusal says that
/// nothing was committed: after any other failure, it may have been.
async fn conclude(
    parts: &UserAccessParts,
    stamp: CommandStamp,
    staging: Staging,
    outcome: Result<Executed<User>, Problem>,
) -> Result<Executed<User>, Problem> {
    match &outcome {
        Ok(executed) if staging != Staging::WithoutPassword => {
            finish(parts, executed, stamp).await?;
        }
        Err(problem) if staging == Staging::Staged && problem.code().status().is_client_error() => {
            let journal = parts.service.executor.journal();
            credentials::withdraw(parts.credentials.as_ref(), journal.as_ref(), stamp).await;
        }
        Ok(_) | Err(_) => {}
    }
    outcome
}

/// Hands the command's password over to the user that the command was for: on a repeat, that of the
/// first time.
async fn finish(
    parts: &UserAccessParts,
    executed: &Executed<User>,
    stamp: CommandStamp,
) -> Result<(), Problem> {
    let user = executed.committed.stream.key.parse();
    let user = user.map_err(|error: <UserId as FromStr>::Err| Problem::internal(&error))?;
    credentials::hand_over(parts.credentials.as_ref(), user, stamp).await;
    Ok(())
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
fn registration_digest((registration, hash): (&Registration, Option<&str>)) -> BodyDigest {
    let asked = (
        registration.email.as_str(),
        registration.first_name.as_str(),
        registration.last_name.as_str(),
        registration
            .roles
            .iter()
            .map(RoleCode::as_str)
            .collect::<Vec<_>>(),
        hash,
    );
    // Strings always have a JSON form.
    BodyDigest::of_bytes(&serde_json::to_vec(&asked).unwrap_or_default())
}

/// The same of a change with a password.
fn change_digest(change: &ProfileChange, hash: &str) -> BodyDigest {
    let asked = (
        change.email.as_ref().map(|email| email.as_str()),
        change.first_name.as_ref().map(|name| name.as_str()),
        change.last_name.as_ref().map(|name| name.as_str()),
        hash,
    );
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
