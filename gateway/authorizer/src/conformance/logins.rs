//! Logging in.

use std::net::{IpAddr, Ipv4Addr};

use invoiceapp_access::TOKEN_LIFETIME_SECONDS_MAX;
use secrecy::ExposeSecret;

use super::{PASSWORD, Person, Subject, assert_refused};
use crate::provider::AuthorizerError;

pub(super) async fn all(subject: &Subject) {
    the_right_password_brings_tokens_that_the_gate_accepts(subject).await;
    whatever_is_wrong_is_refused_alike(subject).await;
    a_disabled_user_stays_out_until_enabled(subject).await;
    the_password_chooses_among_the_tenants_of_one_address(subject).await;
    a_password_is_the_same_in_either_unicode_form(subject).await;
    a_new_password_replaces_the_old_and_ends_the_sessions(subject).await;
    the_sixth_try_in_a_minute_waits(subject).await;
    a_token_that_was_changed_is_refused(subject).await;
}

async fn the_right_password_brings_tokens_that_the_gate_accepts(subject: &Subject) {
    let person = subject.person(1).await;
    let tokens = subject.tokens(&person).await;
    assert!((1..=TOKEN_LIFETIME_SECONDS_MAX).contains(&tokens.expires_in));
    let caller = subject.caller(&tokens).await.expect("let in");
    assert_eq!(
        (caller.tenant(), caller.user()),
        (&person.tenant, person.user)
    );
    assert!(caller.principal.session.is_some(), "a session is named");
    let typed = format!(" {} ", person.email.to_uppercase());
    let again = subject.try_in(&typed, PASSWORD, None, person.address).await;
    assert!(again.is_ok(), "case and margins of an address do not count");
}

async fn whatever_is_wrong_is_refused_alike(subject: &Subject) {
    let person = subject.person(2).await;
    for password in ["wrong password", "", &"x".repeat(100_000)] {
        assert_refused(subject.log_in(&person, password).await, "a wrong password");
    }
    let elsewhere = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 102));
    for (username, tenant) in [
        ("nobody@example.com", None),
        ("'; DROP TABLE users", None),
        (person.user.to_string().as_str(), None),
        (person.email.as_str(), Some("third")),
        (person.email.as_str(), Some("../default")),
    ] {
        let outcome = subject.try_in(username, PASSWORD, tenant, elsewhere).await;
        assert_refused(outcome, username);
    }
    let without_password = Person::new(3);
    let (tenant, user) = (&without_password.tenant, without_password.user);
    subject
        .users
        .register(tenant, user, &without_password.email)
        .await;
    let outcome = subject.log_in(&without_password, PASSWORD).await;
    assert_refused(outcome, "a user without a password");
}

async fn a_disabled_user_stays_out_until_enabled(subject: &Subject) {
    let person = subject.person(4).await;
    let tokens = subject.tokens(&person).await;
    let (tenant, user) = (&person.tenant, person.user);
    subject.users.set_enabled(tenant, user, false).await;
    assert_refused(subject.log_in(&person, PASSWORD).await, "a disabled user");
    assert_refused(
        subject.refresh(&tokens.refresh_token).await,
        "a disabled user's refresh",
    );
    assert!(subject.caller(&tokens).await.is_err());
    subject.users.set_enabled(tenant, user, true).await;
    assert!(subject.log_in(&person, PASSWORD).await.is_ok());
}

async fn the_password_chooses_among_the_tenants_of_one_address(subject: &Subject) {
    let person = subject.person(5).await;
    let twin = person.twin();
    subject.admit(&twin, "another password").await;
    let tokens = subject.log_in(&person, "another password").await;
    let caller = subject.caller(&tokens.expect("logs in")).await;
    let caller = caller.expect("let in");
    assert_eq!((caller.tenant(), caller.user()), (&twin.tenant, twin.user));

    let (tenant, user) = (&twin.tenant, twin.user);
    subject.users.set_password(tenant, user, PASSWORD).await;
    let outcome = subject.log_in(&person, PASSWORD).await;
    assert!(
        matches!(outcome, Err(AuthorizerError::TenantNeeded)),
        "{:?}",
        outcome.err()
    );
    for one in [&person, &twin] {
        let named = Some(one.tenant.as_str());
        let tokens = subject
            .try_in(&one.email, PASSWORD, named, one.address)
            .await;
        let caller = subject.caller(&tokens.expect("logs in")).await;
        let caller = caller.expect("let in");
        assert_eq!((caller.tenant(), caller.user()), (&one.tenant, one.user));
    }
}

async fn a_password_is_the_same_in_either_unicode_form(subject: &Subject) {
    let person = Person::new(6);
    subject.admit(&person, "Zürich-Genève 1").await;
    let decomposed = "Zu\u{308}rich-Gene\u{300}ve 1";
    assert!(subject.log_in(&person, decomposed).await.is_ok());
    let plain = subject.log_in(&person, "Zurich-Geneve 1").await;
    assert_refused(plain, "another spelling");
}

async fn a_new_password_replaces_the_old_and_ends_the_sessions(subject: &Subject) {
    let person = subject.person(7).await;
    let before = subject.tokens(&person).await;
    let (tenant, user) = (&person.tenant, person.user);
    subject
        .users
        .set_password(tenant, user, "a new password")
        .await;
    assert_refused(subject.log_in(&person, PASSWORD).await, "the old password");
    assert_refused(
        subject.refresh(&before.refresh_token).await,
        "a session of the old password",
    );
    assert!(subject.log_in(&person, "a new password").await.is_ok());
}

async fn the_sixth_try_in_a_minute_waits(subject: &Subject) {
    let person = subject.person(8).await;
    for _ in 0..5 {
        let outcome = subject.log_in(&person, "wrong password").await;
        assert_refused(outcome, "a wrong password");
    }
    let sixth = subject.log_in(&person, PASSWORD).await;
    assert!(
        matches!(sixth, Err(AuthorizerError::Throttled { .. })),
        "{:?}",
        sixth.err()
    );
}

async fn a_token_that_was_changed_is_refused(subject: &Subject) {
    let person = subject.person(9).await;
    let tokens = subject.tokens(&person).await;
    let good = tokens.access_token.expose_secret();
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let (header, _) = message.split_once('.').expect("three parts");
    let twisted: String = signature.chars().rev().collect();
    for token in [
        format!("{message}.{twisted}"),
        format!("{message}."),
        format!("{header}.e30.{signature}"),
    ] {
        assert!(subject.gate.authenticate(&token).await.is_err(), "{token}");
    }
    let refresh = tokens.refresh_token.expose_secret();
    assert!(subject.gate.authenticate(refresh).await.is_err());
}
