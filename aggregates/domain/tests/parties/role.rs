//! The rules of roles.

use std::collections::BTreeSet;

use invoiceapp_domain::patch::Patch;
use invoiceapp_domain::role::{
    Role, RoleChange, RoleCommand, RoleDefinition, RoleEvent, RoleRefusal,
};
use invoiceapp_domain::{Decider, Permission};

use crate::support::{facts, given, given_in, of, system_context};

const READ: [Permission; 2] = [Permission::InvoiceGetById, Permission::InvoiceGetAll];

fn definition(system: bool) -> RoleDefinition {
    RoleDefinition {
        code: of("auditor"),
        name: of("Auditor"),
        description: None,
        permissions: BTreeSet::from(READ),
        system,
    }
}

fn defined(system: bool) -> Vec<RoleEvent> {
    vec![
        RoleEvent::RoleDefined {
            code: of("auditor"),
            name: of("Auditor"),
            description: None,
            system,
        },
        RoleEvent::PermissionsGranted {
            permissions: BTreeSet::from(READ),
        },
    ]
}

fn change_permissions(permissions: impl IntoIterator<Item = Permission>) -> RoleCommand {
    let permissions = Some(permissions.into_iter().collect());
    RoleCommand::Change(RoleChange {
        permissions,
        ..RoleChange::default()
    })
}

fn removed() -> Vec<RoleEvent> {
    let mut events = defined(false);
    events.push(RoleEvent::RoleRemoved {});
    events
}

#[test]
fn a_role_is_defined_with_its_permissions() {
    given::<Role>(vec![])
        .when(RoleCommand::Define(definition(false)))
        .then_expect_events(facts::<Role>(defined(false)));
}

#[test]
fn a_role_cannot_be_defined_again() {
    given::<Role>(defined(false))
        .when(RoleCommand::Define(definition(false)))
        .then_expect_error(RoleRefusal::RoleExists);
    assert_eq!(RoleRefusal::RoleExists.code(), "role_code_taken");
}

#[test]
fn the_code_of_a_removed_role_is_not_used_again() {
    given::<Role>(removed())
        .when(RoleCommand::Define(definition(false)))
        .then_expect_error(RoleRefusal::CodeUsed);
    assert_eq!(RoleRefusal::CodeUsed.code(), "role_code_taken");
}

#[test]
fn other_permissions_are_granted_and_withdrawn_as_facts_of_their_own() {
    given::<Role>(defined(false))
        .when(change_permissions([
            Permission::InvoiceGetAll,
            Permission::AuditRead,
        ]))
        .then_expect_events(facts::<Role>(vec![
            RoleEvent::PermissionsGranted {
                permissions: BTreeSet::from([Permission::AuditRead]),
            },
            RoleEvent::PermissionsWithdrawn {
                permissions: BTreeSet::from([Permission::InvoiceGetById]),
            },
        ]));
}

#[test]
fn a_role_is_renamed_and_described_in_one_command() {
    let change = RoleChange {
        name: Some(of("Reader")),
        description: Patch::Set(of("Reads")),
        permissions: None,
    };
    given::<Role>(defined(false))
        .when(RoleCommand::Change(change))
        .then_expect_events(facts::<Role>(vec![
            RoleEvent::RoleRenamed { name: of("Reader") },
            RoleEvent::RoleDescribed {
                description: Some(of("Reads")),
            },
        ]));
}

#[test]
fn a_change_to_what_is_changes_nothing() {
    given::<Role>(defined(false))
        .when(change_permissions(READ))
        .then_expect_events(vec![]);
}

#[test]
fn a_role_is_removed_and_then_not_found() {
    given::<Role>(defined(false))
        .when(RoleCommand::Remove)
        .then_expect_events(facts::<Role>(vec![RoleEvent::RoleRemoved {}]));
    assert_eq!(Role::fold(&removed()).record(), None);
    given::<Role>(removed())
        .when(RoleCommand::Remove)
        .then_expect_error(RoleRefusal::NotFound);
}

#[test]
fn a_role_that_is_not_there_is_not_found() {
    for command in [
        RoleCommand::Change(RoleChange::default()),
        RoleCommand::Remove,
    ] {
        given::<Role>(vec![])
            .when(command)
            .then_expect_error(RoleRefusal::NotFound);
    }
    assert_eq!(RoleRefusal::NotFound.code(), "not_found");
}

#[test]
fn nobody_defines_changes_or_removes_a_system_role() {
    given::<Role>(vec![])
        .when(RoleCommand::Define(definition(true)))
        .then_expect_error(RoleRefusal::SystemRole);
    for command in [change_permissions([]), RoleCommand::Remove] {
        given::<Role>(defined(true))
            .when(command)
            .then_expect_error(RoleRefusal::SystemRole);
    }
    assert_eq!(RoleRefusal::SystemRole.code(), "system_role");
}

#[test]
fn the_system_defines_its_roles_and_extends_them() {
    given_in::<Role>(system_context(), vec![])
        .when(RoleCommand::Define(definition(true)))
        .then_expect_events(facts::<Role>(defined(true)));
    given_in::<Role>(system_context(), defined(true))
        .when(change_permissions(
            READ.into_iter().chain([Permission::AuditRead]),
        ))
        .then_expect_events(facts::<Role>(vec![RoleEvent::PermissionsGranted {
            permissions: BTreeSet::from([Permission::AuditRead]),
        }]));
}

#[test]
fn the_system_roles_have_the_permissions_of_the_original() {
    let [administrator, accountant] = RoleDefinition::system_roles().unwrap();
    assert_eq!(administrator.code, of("administrator"));
    assert_eq!(administrator.permissions.len(), Permission::ALL.len());
    assert!(
        Permission::ALL[..Permission::ORIGINAL_COUNT]
            .iter()
            .all(|permission| administrator.permissions.contains(permission))
    );
    assert_eq!(accountant.code, of("accountant"));
    assert_eq!(
        accountant.permissions,
        Permission::ACCOUNTANT.iter().copied().collect()
    );
    assert!(administrator.system && accountant.system);
}
