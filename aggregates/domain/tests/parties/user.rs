//! The rules of users.

use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::text::RoleCode;
use invoiceapp_domain::user::{
    ProfileChange, ROLES_MAX, Registration, User, UserCommand, UserEvent, UserRefusal, UserStatus,
};
use invoiceapp_domain::{ClaimChange, Decider};
use rstest::rstest;

use crate::support::{claims_of, facts, given, of};

fn registered() -> UserEvent {
    UserEvent::UserRegistered {
        email: of("ada@example.com"),
        first_name: of("Ada"),
        last_name: of("Lovelace"),
    }
}

fn assigned(role: &str) -> UserEvent {
    UserEvent::RoleAssigned { role: of(role) }
}

fn registration(roles: impl IntoIterator<Item = RoleCode>) -> UserCommand {
    UserCommand::Register(Registration {
        email: of("ada@example.com"),
        first_name: of("Ada"),
        last_name: of("Lovelace"),
        roles: roles.into_iter().collect(),
    })
}

fn many_roles(count: usize) -> impl Iterator<Item = RoleCode> {
    (0..count).map(|index| of(&format!("role-{index}")))
}

fn administrator() -> Vec<UserEvent> {
    vec![registered(), assigned("administrator")]
}

fn disabled() -> Vec<UserEvent> {
    vec![registered(), UserEvent::UserDisabled {}]
}

fn key(email: &str) -> invoiceapp_domain::ClaimKey {
    of::<EmailAddress>(email).claim_key()
}

#[test]
fn a_user_is_registered_with_roles() {
    given::<User>(vec![])
        .when(registration([of("accountant"), of("approver")]))
        .then_expect_events(facts::<User>(vec![
            registered(),
            assigned("accountant"),
            assigned("approver"),
        ]));
}

#[test]
fn a_registered_user_claims_the_address() {
    let claims = claims_of::<User>(&[], &registration([]));
    assert_eq!(claims, vec![ClaimChange::Take(key("ADA@example.com"))]);
}

#[test]
fn a_user_cannot_be_registered_again() {
    given::<User>(vec![registered()])
        .when(registration([]))
        .then_expect_error(UserRefusal::UserExists);
    assert_eq!(UserRefusal::UserExists.code(), "user_exists");
}

#[test]
fn a_user_has_a_limited_number_of_roles() {
    given::<User>(vec![])
        .when(registration(many_roles(ROLES_MAX + 1)))
        .then_expect_error(UserRefusal::TooManyRoles);
    let mut events = vec![registered()];
    events.extend(many_roles(ROLES_MAX).map(|role| UserEvent::RoleAssigned { role }));
    given::<User>(events)
        .when(UserCommand::AssignRole {
            role: of("one-more"),
        })
        .then_expect_error(UserRefusal::TooManyRoles);
    assert_eq!(UserRefusal::TooManyRoles.code(), "too_many_roles");
}

#[test]
fn another_address_moves_the_claim() {
    let change = UserCommand::ChangeProfile(ProfileChange {
        email: Some(of("ada@example.org")),
        ..ProfileChange::default()
    });
    let claims = claims_of::<User>(&[registered()], &change);
    let expected = vec![
        ClaimChange::Release(key("ada@example.com")),
        ClaimChange::Take(key("ada@example.org")),
    ];
    assert_eq!(claims, expected);
    given::<User>(vec![registered()])
        .when(change)
        .then_expect_events(facts::<User>(vec![UserEvent::UserEmailChanged {
            email: of("ada@example.org"),
        }]));
}

#[test]
fn another_case_of_the_address_keeps_the_claim() {
    let change = UserCommand::ChangeProfile(ProfileChange {
        email: Some(of("Ada@Example.com")),
        ..ProfileChange::default()
    });
    assert_eq!(claims_of::<User>(&[registered()], &change), vec![]);
}

#[test]
fn a_user_is_renamed() {
    let change = ProfileChange {
        last_name: Some(of("King")),
        ..ProfileChange::default()
    };
    given::<User>(vec![registered()])
        .when(UserCommand::ChangeProfile(change))
        .then_expect_events(facts::<User>(vec![UserEvent::UserRenamed {
            first_name: of("Ada"),
            last_name: of("King"),
        }]));
}

#[test]
fn a_profile_that_stays_the_same_changes_nothing() {
    let change = ProfileChange {
        email: Some(of("ada@example.com")),
        first_name: Some(of("Ada")),
        last_name: None,
    };
    given::<User>(vec![registered()])
        .when(UserCommand::ChangeProfile(change))
        .then_expect_events(vec![]);
}

#[test]
fn a_role_is_assigned_and_revoked() {
    given::<User>(vec![registered()])
        .when(UserCommand::AssignRole {
            role: of("approver"),
        })
        .then_expect_events(facts::<User>(vec![assigned("approver")]));
    given::<User>(vec![registered(), assigned("approver")])
        .when(UserCommand::RevokeRole {
            role: of("approver"),
            other_administrator: false,
        })
        .then_expect_events(facts::<User>(vec![UserEvent::RoleRevoked {
            role: of("approver"),
        }]));
}

#[test]
fn a_role_that_the_user_has_is_assigned_again_without_an_event() {
    given::<User>(vec![registered(), assigned("approver")])
        .when(UserCommand::AssignRole {
            role: of("approver"),
        })
        .then_expect_events(Vec::new());
}

#[test]
fn a_role_that_the_user_does_not_have_cannot_be_revoked() {
    given::<User>(vec![registered()])
        .when(UserCommand::RevokeRole {
            role: of("approver"),
            other_administrator: true,
        })
        .then_expect_error(UserRefusal::RoleNotAssigned);
    assert_eq!(UserRefusal::RoleNotAssigned.code(), "role_not_assigned");
}

#[rstest]
#[case(UserCommand::Disable { other_administrator: false })]
#[case(UserCommand::RevokeRole { role: of("administrator"), other_administrator: false })]
fn the_last_administrator_keeps_role_and_access(#[case] command: UserCommand) {
    given::<User>(administrator())
        .when(command)
        .then_expect_error(UserRefusal::LastAdministrator);
    assert_eq!(UserRefusal::LastAdministrator.code(), "last_administrator");
}

#[rstest]
#[case(UserCommand::Disable { other_administrator: true })]
#[case(UserCommand::RevokeRole { role: of("administrator"), other_administrator: true })]
fn an_administrator_among_others_may_go(#[case] command: UserCommand) {
    assert!(
        given::<User>(administrator())
            .when(command)
            .inspect_result()
            .is_ok()
    );
}

#[test]
fn a_disabled_administrator_is_not_the_last_one() {
    let mut events = administrator();
    events.push(UserEvent::UserDisabled {});
    let command = UserCommand::RevokeRole {
        role: of("administrator"),
        other_administrator: false,
    };
    assert!(given::<User>(events).when(command).inspect_result().is_ok());
}

#[test]
fn a_user_is_disabled_and_enabled() {
    given::<User>(vec![registered()])
        .when(UserCommand::Disable {
            other_administrator: false,
        })
        .then_expect_events(facts::<User>(vec![UserEvent::UserDisabled {}]));
    given::<User>(disabled())
        .when(UserCommand::Enable)
        .then_expect_events(facts::<User>(vec![UserEvent::UserEnabled {}]));
}

#[test]
fn a_disabled_user_cannot_be_disabled() {
    given::<User>(disabled())
        .when(UserCommand::Disable {
            other_administrator: true,
        })
        .then_expect_error(UserRefusal::AlreadyDisabled);
    assert_eq!(UserRefusal::AlreadyDisabled.code(), "user_disabled");
}

#[test]
fn an_active_user_cannot_be_enabled() {
    given::<User>(vec![registered()])
        .when(UserCommand::Enable)
        .then_expect_error(UserRefusal::AlreadyActive);
    assert_eq!(UserRefusal::AlreadyActive.code(), "user_active");
}

#[test]
fn a_user_who_is_not_there_is_not_found() {
    let commands = [
        UserCommand::ChangeProfile(ProfileChange::default()),
        UserCommand::AssignRole {
            role: of("approver"),
        },
        UserCommand::RevokeRole {
            role: of("approver"),
            other_administrator: true,
        },
        UserCommand::Disable {
            other_administrator: true,
        },
        UserCommand::Enable,
    ];
    for command in commands {
        given::<User>(vec![])
            .when(command)
            .then_expect_error(UserRefusal::NotFound);
    }
    assert_eq!(UserRefusal::NotFound.code(), "not_found");
}

#[test]
fn every_change_of_rights_begins_a_security_epoch() {
    let epoch = |events: &[UserEvent]| User::fold(events).record().unwrap().security_epoch;
    let mut events = vec![registered()];
    let changes = [
        assigned("approver"),
        UserEvent::RoleRevoked {
            role: of("approver"),
        },
        UserEvent::UserDisabled {},
        UserEvent::UserEnabled {},
    ];
    for change in changes {
        let before = epoch(&events);
        events.push(change);
        assert_eq!(epoch(&events), before + 1);
    }
    let before = epoch(&events);
    events.push(UserEvent::UserEmailChanged {
        email: of("ada@example.org"),
    });
    assert_eq!(epoch(&events), before);
    let state = User::fold(&events);
    assert_eq!(state.record().unwrap().status, UserStatus::Active);
    assert_eq!(state.record().unwrap().email, of("ada@example.org"));
}

#[test]
fn an_event_without_fields_is_still_an_object() {
    let text = serde_json::to_string(&UserEvent::UserDisabled {}).unwrap();
    assert_eq!(text, r#"{"UserDisabled":{}}"#);
}
