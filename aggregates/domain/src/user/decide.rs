//! The rules of users.

use super::command::{ProfileChange, Registration, UserCommand};
use super::event::UserEvent;
use super::refusal::UserRefusal;
use super::state::{User, UserRecord, UserStatus};
use crate::decider::{ClaimChange, Decision};
use crate::role::RoleDefinition;
use crate::text::RoleCode;

/// Most roles that one user has.
pub const ROLES_MAX: usize = 50;

type Outcome = Result<Decision<UserEvent>, UserRefusal>;

pub(super) fn decide(user: &User, command: &UserCommand) -> Outcome {
    match command {
        UserCommand::Register(registration) => register(user, registration),
        UserCommand::ChangeProfile(change) => change_profile(registered(user)?, change),
        UserCommand::AssignRole { role } => assign_role(registered(user)?, role),
        UserCommand::RevokeRole {
            role,
            other_administrator,
        } => revoke_role(registered(user)?, role, *other_administrator),
        UserCommand::Disable {
            other_administrator,
        } => disable(registered(user)?, *other_administrator),
        UserCommand::Enable => enable(registered(user)?),
    }
}

fn registered(user: &User) -> Result<&UserRecord, UserRefusal> {
    user.record().ok_or(UserRefusal::NotFound)
}

fn register(user: &User, registration: &Registration) -> Outcome {
    if user.record().is_some() {
        return Err(UserRefusal::UserExists);
    }
    if registration.roles.len() > ROLES_MAX {
        return Err(UserRefusal::TooManyRoles);
    }
    let mut events = vec![UserEvent::UserRegistered {
        email: registration.email.clone(),
        first_name: registration.first_name.clone(),
        last_name: registration.last_name.clone(),
    }];
    let assigned = registration.roles.iter().cloned();
    events.extend(assigned.map(|role| UserEvent::RoleAssigned { role }));
    Ok(Decision::events(events).with_claim(ClaimChange::Take(registration.email.claim_key())))
}

fn change_profile(record: &UserRecord, change: &ProfileChange) -> Outcome {
    let mut events = Vec::new();
    let mut claims = Vec::new();
    if let Some(email) = change
        .email
        .as_ref()
        .filter(|email| **email != record.email)
    {
        events.push(UserEvent::UserEmailChanged {
            email: email.clone(),
        });
        let (held, wanted) = (record.email.claim_key(), email.claim_key());
        if held != wanted {
            claims.push(ClaimChange::Release(held));
            claims.push(ClaimChange::Take(wanted));
        }
    }
    let first_name = change.first_name.as_ref().unwrap_or(&record.first_name);
    let last_name = change.last_name.as_ref().unwrap_or(&record.last_name);
    if (first_name, last_name) != (&record.first_name, &record.last_name) {
        events.push(UserEvent::UserRenamed {
            first_name: first_name.clone(),
            last_name: last_name.clone(),
        });
    }
    Ok(Decision {
        events,
        claims,
        number: None,
    })
}

fn assign_role(record: &UserRecord, role: &RoleCode) -> Outcome {
    if record.roles.contains(role) {
        return Ok(Decision::events(Vec::new()));
    }
    if record.roles.len() >= ROLES_MAX {
        return Err(UserRefusal::TooManyRoles);
    }
    Ok(Decision::event(UserEvent::RoleAssigned {
        role: role.clone(),
    }))
}

fn revoke_role(record: &UserRecord, role: &RoleCode, other_administrator: bool) -> Outcome {
    if !record.roles.contains(role) {
        return Err(UserRefusal::RoleNotAssigned);
    }
    let administers = role.as_str() == RoleDefinition::ADMINISTRATOR;
    if administers && record.is_active_administrator() && !other_administrator {
        return Err(UserRefusal::LastAdministrator);
    }
    Ok(Decision::event(UserEvent::RoleRevoked {
        role: role.clone(),
    }))
}

fn disable(record: &UserRecord, other_administrator: bool) -> Outcome {
    if record.status == UserStatus::Disabled {
        return Err(UserRefusal::AlreadyDisabled);
    }
    if record.is_active_administrator() && !other_administrator {
        return Err(UserRefusal::LastAdministrator);
    }
    Ok(Decision::event(UserEvent::UserDisabled {}))
}

fn enable(record: &UserRecord) -> Outcome {
    match record.status {
        UserStatus::Disabled => Ok(Decision::event(UserEvent::UserEnabled {})),
        UserStatus::Active => Err(UserRefusal::AlreadyActive),
    }
}
