//! The rules of roles.

use std::collections::BTreeSet;

use super::command::{RoleChange, RoleCommand, RoleDefinition};
use super::event::RoleEvent;
use super::refusal::RoleRefusal;
use super::state::{Role, RoleRecord};
use crate::decider::{Actor, Context, Decision};
use crate::permission::Permission;

type Outcome = Result<Decision<RoleEvent>, RoleRefusal>;

pub(super) fn decide(role: &Role, command: &RoleCommand, context: &Context) -> Outcome {
    match command {
        RoleCommand::Define(definition) => define(role, definition, context),
        RoleCommand::Change(change) => self::change(changeable(role, context)?, change),
        RoleCommand::Remove => {
            changeable(role, context)?;
            Ok(Decision::event(RoleEvent::RoleRemoved {}))
        }
    }
}

fn define(role: &Role, definition: &RoleDefinition, context: &Context) -> Outcome {
    match role {
        Role::Undefined => {}
        Role::Defined(_) => return Err(RoleRefusal::RoleExists),
        Role::Removed => return Err(RoleRefusal::CodeUsed),
    }
    if definition.system && !is_system(context) {
        return Err(RoleRefusal::SystemRole);
    }
    let mut events = vec![RoleEvent::RoleDefined {
        code: definition.code.clone(),
        name: definition.name.clone(),
        description: definition.description.clone(),
        system: definition.system,
    }];
    events.extend(granted(&BTreeSet::new(), &definition.permissions));
    Ok(Decision::events(events))
}

fn change(record: &RoleRecord, change: &RoleChange) -> Outcome {
    let mut events = Vec::new();
    if let Some(name) = change.name.as_ref().filter(|name| **name != record.name) {
        events.push(RoleEvent::RoleRenamed { name: name.clone() });
    }
    let description = change.description.applied_to(record.description.as_ref());
    if description != record.description {
        events.push(RoleEvent::RoleDescribed { description });
    }
    if let Some(wanted) = &change.permissions {
        events.extend(granted(&record.permissions, wanted));
        let withdrawn: BTreeSet<Permission> =
            record.permissions.difference(wanted).copied().collect();
        if !withdrawn.is_empty() {
            events.push(RoleEvent::PermissionsWithdrawn {
                permissions: withdrawn,
            });
        }
    }
    Ok(Decision::events(events))
}

fn granted(held: &BTreeSet<Permission>, wanted: &BTreeSet<Permission>) -> Option<RoleEvent> {
    let permissions: BTreeSet<Permission> = wanted.difference(held).copied().collect();
    (!permissions.is_empty()).then_some(RoleEvent::PermissionsGranted { permissions })
}

/// A role that the actor may change. A new version of the system may grant a system role a new
/// permission; nobody else may touch it.
fn changeable<'role>(
    role: &'role Role,
    context: &Context,
) -> Result<&'role RoleRecord, RoleRefusal> {
    let record = role.record().ok_or(RoleRefusal::NotFound)?;
    if record.system && !is_system(context) {
        return Err(RoleRefusal::SystemRole);
    }
    Ok(record)
}

const fn is_system(context: &Context) -> bool {
    match context.actor {
        Actor::System(_) => true,
        Actor::User(_) => false,
    }
}
