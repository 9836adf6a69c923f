//! Refresh tokens: rotation, reuse, end of life.

use axum::http::StatusCode;
use invoiceapp_authorizer::tokens::{REFRESH_TOKEN_SECONDS, SESSION_SECONDS_MAX};

use crate::fixture::{EMAIL, Installation, PASSWORD, tenant, user};

async fn logged_in() -> (Installation, String) {
    let installation = Installation::with_ada().await;
    let token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("refresh_token");
    (installation, token)
}

#[tokio::test]
async fn a_refresh_brings_fresh_tokens_of_the_same_session() {
    let (installation, first) = logged_in().await;
    let answer = installation.refresh(&first).await;
    assert_eq!(answer.status, StatusCode::OK);
    let second = answer.text("refresh_token");
    assert_ne!(first, second);
    let caller = installation
        .gate
        .authenticate(&answer.text("access_token"))
        .await
        .unwrap();
    let again = installation.refresh(&second).await.text("access_token");
    let later = installation.gate.authenticate(&again).await.unwrap();
    assert_eq!(caller.principal.session, later.principal.session);
}

#[tokio::test]
async fn a_token_used_twice_ends_its_session_and_no_other() {
    let (installation, first) = logged_in().await;
    let other_session = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("refresh_token");
    let answer = installation.refresh(&first).await;
    let (second, access) = (answer.text("refresh_token"), answer.text("access_token"));
    assert!(installation.gate.authenticate(&access).await.is_ok());
    assert_eq!(
        installation.refresh(&first).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert!(installation.gate.authenticate(&access).await.is_err());
    assert_eq!(
        installation.refresh(&second).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        installation.refresh(&other_session).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn of_many_who_present_one_token_at_once_one_is_served_and_the_session_ends() {
    let (installation, first) = logged_in().await;
    let answers = futures::future::join_all((0..16).map(|_| installation.refresh(&first))).await;
    let served: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::OK)
        .collect();
    assert_eq!(served.len(), 1);
    let refused = answers
        .iter()
        .filter(|answer| answer.status == StatusCode::UNAUTHORIZED);
    assert_eq!(refused.count(), 15);
    let successor = served[0].text("refresh_token");
    assert_eq!(
        installation.refresh(&successor).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn an_unused_token_expires() {
    let (installation, token) = logged_in().await;
    installation.clock.advance_seconds(REFRESH_TOKEN_SECONDS);
    assert_eq!(
        installation.refresh(&token).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_session_ends_however_often_it_is_refreshed() {
    let (installation, mut token) = logged_in().await;
    let step = REFRESH_TOKEN_SECONDS - 1;
    let mut age = 0;
    while age + step < SESSION_SECONDS_MAX {
        installation.clock.advance_seconds(step);
        age += step;
        token = installation.refresh(&token).await.text("refresh_token");
    }
    installation
        .clock
        .advance_seconds(SESSION_SECONDS_MAX - age);
    assert_eq!(
        installation.refresh(&token).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_disabled_user_cannot_refresh_and_can_again_once_enabled() {
    let (installation, token) = logged_in().await;
    installation
        .users
        .set_enabled(&tenant("default"), user(1), false);
    assert_eq!(
        installation.refresh(&token).await.status,
        StatusCode::UNAUTHORIZED
    );
    installation
        .users
        .set_enabled(&tenant("default"), user(1), true);
    assert_eq!(installation.refresh(&token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_outage_does_not_spend_the_token() {
    let (installation, token) = logged_in().await;
    *installation.users.down.lock().unwrap() = true;
    assert_eq!(
        installation.refresh(&token).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    *installation.users.down.lock().unwrap() = false;
    assert_eq!(installation.refresh(&token).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sessions_ended_for_a_user_cannot_be_refreshed() {
    let (installation, token) = logged_in().await;
    let owner = tenant("default");
    installation
        .issuer
        .end_sessions_of_user(&owner, user(1))
        .await
        .unwrap();
    assert_eq!(
        installation.refresh(&token).await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let (installation, _) = logged_in().await;
    let access_token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("access_token");
    let long = "x".repeat(100_000);
    for token in ["", "x", access_token.as_str(), long.as_str(), "' OR 1=1 --"] {
        let answer = installation.refresh(token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.body["code"], "unauthenticated");
    }
}

#[tokio::test]
async fn a_refresh_token_is_no_access_token() {
    let (installation, token) = logged_in().await;
    let answer = installation.get("/api/v1/auth/me", Some(&token)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}
