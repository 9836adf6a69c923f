//! Who am I, and the end of a login.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use invoiceapp_access::Grants;
use invoiceapp_domain::Permission;
use serde_json::json;

use crate::fixture::{Answer, EMAIL, Installation, PASSWORD, tenant, user};

const ME: &str = "/api/v1/auth/me";
const LOGOUT: &str = "/api/v1/auth/logout";

#[tokio::test]
async fn the_caller_is_told_who_they_are_and_what_they_may() {
    let installation = Installation::with_ada().await;
    let token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("access_token");
    let answer = installation.get(ME, Some(&token)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let expected = json!({
        "user": {
            "id": user(1), "email": EMAIL, "first_name": "Ada", "last_name": "Lovelace",
        },
        "tenant": "default",
        "roles": ["reader"],
        "permissions": ["invoice.get_by_id"],
    });
    assert_eq!(answer.body, expected);
}

#[tokio::test]
async fn a_role_taken_away_is_gone_with_the_same_token() {
    let installation = Installation::with_ada().await;
    let token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("access_token");
    let caller = installation.gate.authenticate(&token).await.unwrap();
    assert!(caller.may(Permission::InvoiceGetById));
    installation
        .users
        .set_grants(&tenant("default"), user(1), Grants::default());
    let caller = installation.gate.authenticate(&token).await.unwrap();
    assert!(caller.require(Permission::InvoiceGetById).is_err());
    assert_eq!(
        installation.get(ME, Some(&token)).await.body["permissions"],
        json!([])
    );
}

async fn me_after(installation: &Installation, token: &str, position: &str) -> Answer {
    let request = Request::get(ME)
        .header("authorization", format!("Bearer {token}"))
        .header("consistency-token", position);
    installation
        .call(request.body(Body::empty()).unwrap())
        .await
}

#[tokio::test]
async fn who_has_seen_a_change_is_told_what_came_of_it() {
    let installation = Installation::with_ada().await;
    let token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("access_token");
    let users = &installation.users;
    users.catch_up(7, |users| {
        users.set_grants(&tenant("default"), user(1), Grants::default());
    });
    let answer = me_after(&installation, &token, "7").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["permissions"], json!([]), "{answer:?}");

    users.catch_up(7, |_| {});
    let early = me_after(&installation, &token, "8").await;
    assert_eq!(early.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(early.body["code"], "view_behind");
    users.catch_up(8, |users| {
        users.set_enabled(&tenant("default"), user(1), false);
    });
    let disabled = me_after(&installation, &token, "8").await;
    assert_eq!(disabled.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_question_that_cannot_be_read_is_refused() {
    let installation = Installation::with_ada().await;
    let token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("access_token");
    let answer = me_after(&installation, &token, "yesterday").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.body["errors"][0]["header"], "Consistency-Token");
    let unknown = format!("{ME}?verbose=1");
    let answer = installation.get(&unknown, Some(&token)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.body["errors"][0]["parameter"], "verbose");
    let nobody = installation.get(&unknown, None).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_is_told_anything_without_a_token_that_counts() {
    let installation = Installation::with_ada().await;
    let token = installation
        .login(EMAIL, PASSWORD)
        .await
        .text("access_token");
    for bearer in [None, Some("x"), Some("iak_abc")] {
        let answer = installation.get(ME, bearer).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.body["code"], "unauthenticated");
    }
    installation.clock.advance_seconds(330);
    let answer = installation.get(ME, Some(&token)).await;
    assert_eq!(answer.body["code"], "token_expired");
}

#[tokio::test]
async fn logging_out_with_the_access_token_ends_the_session() {
    let installation = Installation::with_ada().await;
    let tokens = installation.login(EMAIL, PASSWORD).await;
    let request = Request::post(LOGOUT)
        .header(
            "authorization",
            format!("Bearer {}", tokens.text("access_token")),
        )
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        installation.call(request).await.status,
        StatusCode::NO_CONTENT
    );
    let me = installation
        .get(ME, Some(&tokens.text("access_token")))
        .await;
    assert_eq!(me.status, StatusCode::UNAUTHORIZED);
    let refreshed = installation.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn logging_out_with_the_refresh_token_ends_the_session() {
    let installation = Installation::with_ada().await;
    let tokens = installation.login(EMAIL, PASSWORD).await;
    let body = json!({"refresh_token": tokens.text("refresh_token")});
    assert_eq!(
        installation.post(LOGOUT, &body).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        installation.post(LOGOUT, &body).await.status,
        StatusCode::NO_CONTENT
    );
    let refreshed = installation.refresh(&tokens.text("refresh_token")).await;
    assert_eq!(refreshed.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn logging_out_needs_one_of_the_tokens() {
    let installation = Installation::with_ada().await;
    assert_eq!(
        installation.post(LOGOUT, &json!({})).await.status,
        StatusCode::UNAUTHORIZED
    );
}
