//! From a bearer token to a caller with present rights.

use std::sync::Arc;

use invoiceapp_access::{AccessError, EndedSessions, Grants, SessionId};
use invoiceapp_domain::{Actor, Permission};
use serde_json::json;
use uuid::Uuid;

use crate::fixture::{NOW, World, claims_with, jwks, tenant, user};

#[tokio::test]
async fn a_caller_may_do_what_the_source_says_and_no_more() {
    let world = World::new();
    let caller = world
        .gate()
        .authenticate(&world.good_token())
        .await
        .unwrap();
    assert_eq!(caller.actor(), Actor::User(user()));
    assert_eq!(caller.require(Permission::InvoiceGetById), Ok(()));
    let permission = Permission::InvoiceIssue;
    assert_eq!(
        caller.require(permission),
        Err(AccessError::Denied { permission })
    );
}

#[tokio::test]
async fn a_permission_taken_away_is_gone_at_the_next_call() {
    let world = World::new();
    let gate = world.gate();
    let token = world.good_token();
    assert!(
        gate.authenticate(&token)
            .await
            .unwrap()
            .may(Permission::InvoiceGetById)
    );
    world
        .grants
        .users
        .lock()
        .unwrap()
        .insert((tenant(), user()), Grants::default());
    assert!(
        !gate
            .authenticate(&token)
            .await
            .unwrap()
            .may(Permission::InvoiceGetById)
    );
}

#[tokio::test]
async fn an_unknown_or_disabled_user_is_unauthenticated() {
    let world = World::new();
    let gate = world.gate();
    let token = world.good_token();
    assert!(gate.authenticate(&token).await.is_ok());
    world.grants.users.lock().unwrap().clear();
    assert_eq!(
        gate.authenticate(&token).await,
        Err(AccessError::Unauthenticated)
    );
}

#[tokio::test]
async fn the_same_user_of_another_tenant_is_somebody_else() {
    let world = World::new();
    let claims = claims_with(&json!({"tenant": "other"}));
    let token = world.es256.token(&world.es256.header(), &claims);
    assert_eq!(
        world.gate().authenticate(&token).await,
        Err(AccessError::Unauthenticated)
    );
}

#[tokio::test]
async fn without_a_permission_source_nobody_gets_in() {
    let world = World::new();
    *world.grants.down.lock().unwrap() = true;
    let outcome = world.gate().authenticate(&world.good_token()).await;
    assert_eq!(outcome, Err(AccessError::Unavailable));
}

#[tokio::test]
async fn without_keys_nobody_gets_in() {
    let world = World::new();
    *world.source.keys.lock().unwrap() = None;
    let outcome = world.gate().authenticate(&world.good_token()).await;
    assert_eq!(outcome, Err(AccessError::Unavailable));
}

#[derive(Debug)]
struct Ended(SessionId);

impl EndedSessions for Ended {
    fn is_ended(&self, session: &SessionId) -> bool {
        *session == self.0
    }
}

#[tokio::test]
async fn a_token_of_an_ended_session_is_refused() {
    let world = World::new();
    let token = world.good_token();
    let other = world
        .gate()
        .with_ended_sessions(Arc::new(Ended(Uuid::from_u128(0x6).into())));
    assert!(other.authenticate(&token).await.is_ok());
    let ended = world
        .gate()
        .with_ended_sessions(Arc::new(Ended(Uuid::from_u128(0x5).into())));
    assert_eq!(
        ended.authenticate(&token).await,
        Err(AccessError::Unauthenticated)
    );
}

#[tokio::test]
async fn an_api_key_is_not_a_credential_yet() {
    let world = World::new();
    assert_eq!(
        world.gate().authenticate("iak_abc").await,
        Err(AccessError::Unauthenticated)
    );
}

#[tokio::test]
async fn a_remembered_token_still_ends_on_time() {
    let world = World::new();
    let gate = world.gate();
    let token = world.good_token();
    assert!(gate.authenticate(&token).await.is_ok());
    world.clock.set_seconds(NOW + 329);
    assert!(gate.authenticate(&token).await.is_ok());
    world.clock.set_seconds(NOW + 330);
    assert_eq!(
        gate.authenticate(&token).await,
        Err(AccessError::TokenExpired)
    );
    assert_eq!(
        gate.authenticate(&token).await,
        Err(AccessError::TokenExpired)
    );
}

#[tokio::test]
async fn a_remembered_token_is_refused_once_its_key_is_withdrawn() {
    let world = World::new();
    let gate = world.gate();
    let token = world.good_token();
    assert!(gate.authenticate(&token).await.is_ok());
    *world.source.keys.lock().unwrap() = Some(jwks(&[&world.rs256]));
    world.keys.refresh().await.unwrap();
    assert_eq!(
        gate.authenticate(&token).await,
        Err(AccessError::Unauthenticated)
    );
}
