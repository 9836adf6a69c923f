//! Refresh and logout.

use secrecy::{ExposeSecret, SecretString};

use super::{Subject, assert_refused};

pub(super) async fn all(subject: &Subject) {
    a_refresh_brings_fresh_tokens_of_the_same_session(subject).await;
    a_refresh_token_used_twice_ends_its_session_and_no_other(subject).await;
    what_is_no_refresh_token_of_ours_is_refused(subject).await;
    a_logout_by_refresh_token_ends_the_session(subject).await;
    a_logout_by_access_token_ends_the_session(subject).await;
}

async fn a_refresh_brings_fresh_tokens_of_the_same_session(subject: &Subject) {
    let person = subject.person(20).await;
    let first = subject.tokens(&person).await;
    let second = subject.refresh(&first.refresh_token).await;
    let second = second.expect("refreshes");
    assert_ne!(
        first.refresh_token.expose_secret(),
        second.refresh_token.expose_secret()
    );
    let third = subject.refresh(&second.refresh_token).await;
    let third = third.expect("refreshes");
    let mut sessions = Vec::new();
    for tokens in [&first, &second, &third] {
        let caller = subject.caller(tokens).await.expect("let in");
        assert_eq!(
            (caller.tenant(), caller.user()),
            (&person.tenant, person.user)
        );
        sessions.push(caller.principal.session);
    }
    sessions.dedup();
    assert_eq!(sessions.len(), 1, "{sessions:?}");
}

async fn a_refresh_token_used_twice_ends_its_session_and_no_other(subject: &Subject) {
    let person = subject.person(21).await;
    let first = subject.tokens(&person).await;
    let other = subject.tokens(&person).await;
    let second = subject.refresh(&first.refresh_token).await;
    let second = second.expect("refreshes");
    assert_refused(
        subject.refresh(&first.refresh_token).await,
        "a spent refresh token",
    );
    assert_refused(
        subject.refresh(&second.refresh_token).await,
        "the successor of a token that was used twice",
    );
    assert!(subject.refresh(&other.refresh_token).await.is_ok());
}

async fn what_is_no_refresh_token_of_ours_is_refused(subject: &Subject) {
    let person = subject.person(22).await;
    let tokens = subject.tokens(&person).await;
    let foreign = subject.users.foreign_refresh_token().await;
    let huge = "x".repeat(100_000);
    for text in [
        "",
        "x",
        "a.b.c",
        "' OR 1=1 --",
        huge.as_str(),
        tokens.access_token.expose_secret(),
        foreign.as_str(),
    ] {
        let token = SecretString::from(text);
        assert_refused(subject.refresh(&token).await, "no refresh token of ours");
        let logout = subject.authorizer.logout(None, Some(&token)).await;
        assert!(logout.is_ok(), "{logout:?}");
    }
    assert!(subject.refresh(&tokens.refresh_token).await.is_ok());
}

async fn a_logout_by_refresh_token_ends_the_session(subject: &Subject) {
    let person = subject.person(23).await;
    let tokens = subject.tokens(&person).await;
    let other = subject.tokens(&person).await;
    assert!(subject.caller(&tokens).await.is_ok());
    for _ in 0..2 {
        let token = Some(&tokens.refresh_token);
        let outcome = subject.authorizer.logout(None, token).await;
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    assert_refused(
        subject.refresh(&tokens.refresh_token).await,
        "an ended session",
    );
    assert!(subject.caller(&tokens).await.is_err());
    assert!(subject.caller(&other).await.is_ok());
}

async fn a_logout_by_access_token_ends_the_session(subject: &Subject) {
    let person = subject.person(24).await;
    let tokens = subject.tokens(&person).await;
    let caller = subject.caller(&tokens).await.expect("let in");
    for _ in 0..2 {
        let principal = Some(&caller.principal);
        let outcome = subject.authorizer.logout(principal, None).await;
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    assert!(subject.caller(&tokens).await.is_err());
    assert_refused(
        subject.refresh(&tokens.refresh_token).await,
        "an ended session",
    );
}
