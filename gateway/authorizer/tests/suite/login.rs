//! Logging in.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use crate::fixture::{Answer, EMAIL, Installation, PASSWORD, tenant, user};

fn assert_unauthenticated(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    assert_eq!(answer.body["code"], "unauthenticated");
    assert_eq!(answer.headers["content-type"], "application/problem+json");
}

/// A problem without what differs from request to request.
fn without_trace(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    body.as_object_mut().unwrap().remove("trace_id");
    body
}

#[tokio::test]
async fn the_right_password_brings_tokens_that_the_gate_accepts() {
    let installation = Installation::with_ada().await;
    let answer = installation.login(EMAIL, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 300);
    assert_eq!(answer.headers["cache-control"], "no-store");
    let caller = installation
        .gate
        .authenticate(&answer.text("access_token"))
        .await
        .unwrap();
    assert_eq!(caller.tenant(), &tenant("default"));
    assert_eq!(caller.user(), user(1));
    assert!(caller.principal.session.is_some());
}

#[tokio::test]
async fn the_e_mail_address_is_compared_without_case_and_margins() {
    let installation = Installation::with_ada().await;
    let answer = installation.login(" Ada@Example.COM ", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_account_and_a_wrong_password_get_the_same_answer() {
    let installation = Installation::with_ada().await;
    let wrong = installation.login(EMAIL, "wrong password").await;
    let unknown = installation.login("nobody@example.com", PASSWORD).await;
    let nonsense = installation.login("'; DROP TABLE users", PASSWORD).await;
    for answer in [&wrong, &unknown, &nonsense] {
        assert_unauthenticated(answer);
        assert_eq!(without_trace(answer), without_trace(&wrong));
    }
}

#[tokio::test]
async fn a_disabled_user_cannot_log_in() {
    let installation = Installation::with_ada().await;
    installation
        .users
        .set_enabled(&tenant("default"), user(1), false);
    assert_unauthenticated(&installation.login(EMAIL, PASSWORD).await);
}

#[tokio::test]
async fn a_user_without_a_password_cannot_log_in() {
    let installation = Installation::with_ada().await;
    installation
        .users
        .add(&tenant("default"), user(2), "bob@example.com");
    for password in ["", PASSWORD] {
        assert_unauthenticated(&installation.login("bob@example.com", password).await);
    }
}

#[tokio::test]
async fn the_password_chooses_among_the_tenants_of_one_address() {
    let installation = Installation::with_ada().await;
    installation
        .register(&tenant("other"), user(2), EMAIL, "another password")
        .await;
    let answer = installation.login(EMAIL, "another password").await;
    let caller = installation
        .gate
        .authenticate(&answer.text("access_token"))
        .await
        .unwrap();
    assert_eq!(
        (caller.tenant(), caller.user()),
        (&tenant("other"), user(2))
    );
}

#[tokio::test]
async fn a_password_shared_by_two_tenants_needs_the_tenant_named() {
    let installation = Installation::with_ada().await;
    installation
        .register(&tenant("other"), user(2), EMAIL, PASSWORD)
        .await;
    let answer = installation.login(EMAIL, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.body["errors"][0]["pointer"], "/tenant");

    let named = |name: &str| json!({"username": EMAIL, "password": PASSWORD, "tenant": name});
    let answer = installation
        .post("/api/v1/auth/login", &named("other"))
        .await;
    let caller = installation
        .gate
        .authenticate(&answer.text("access_token"))
        .await
        .unwrap();
    assert_eq!(caller.tenant(), &tenant("other"));
    for name in ["third", "../other", ""] {
        assert_unauthenticated(&installation.post("/api/v1/auth/login", &named(name)).await);
    }
}

#[tokio::test]
async fn a_new_password_replaces_the_old_and_ends_the_sessions() {
    let installation = Installation::with_ada().await;
    let before = installation.login(EMAIL, PASSWORD).await;
    installation
        .issuer
        .set_password(&tenant("default"), user(1), "a new password".into())
        .await
        .unwrap();
    assert_unauthenticated(&installation.login(EMAIL, PASSWORD).await);
    assert_unauthenticated(&installation.refresh(&before.text("refresh_token")).await);
    assert!(
        installation
            .gate
            .authenticate(&before.text("access_token"))
            .await
            .is_err()
    );
    assert_eq!(
        installation.login(EMAIL, "a new password").await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_directory_that_is_down_is_503_and_not_a_wrong_password() {
    let installation = Installation::with_ada().await;
    *installation.users.down.lock().unwrap() = true;
    let answer = installation.login(EMAIL, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers.contains_key("retry-after"));
    assert!(!answer.body.to_string().contains("down"));
}

#[rstest]
#[case::empty("", 400)]
#[case::no_object("[]", 400)]
#[case::cut("{\"username\":", 400)]
#[case::nothing_said("{}", 400)]
#[case::numbers("{\"username\": 1, \"password\": 2}", 400)]
#[case::unknown_field("{\"username\": \"a\", \"password\": \"b\", \"admin\": true}", 400)]
#[case::said_twice("{\"username\": \"a\", \"username\": \"b\", \"password\": \"c\"}", 400)]
#[tokio::test]
async fn a_body_that_does_not_fit_is_400(#[case] body: &'static str, #[case] status: u16) {
    let installation = Installation::new().await;
    let request = Request::post("/api/v1/auth/login")
        .header("content-type", "application/json")
        .body(Body::from(body))
        .unwrap();
    let answer = installation.call(request).await;
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
}

#[tokio::test]
async fn every_error_of_a_body_is_named_and_no_value_repeated() {
    let installation = Installation::new().await;
    let body = json!({"username": 7, "secret": "hunter2", "tenant": []});
    let answer = installation.post("/api/v1/auth/login", &body).await;
    let errors = answer.body["errors"].as_array().unwrap();
    let mut pointers: Vec<&str> = errors
        .iter()
        .map(|error| error["pointer"].as_str().unwrap())
        .collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/password", "/secret", "/tenant", "/username"]);
    assert!(!answer.body.to_string().contains("hunter2"));
}

#[tokio::test]
async fn many_logins_at_once_all_succeed() {
    let installation = Installation::new().await;
    let names: Vec<String> = (0..12)
        .map(|index| format!("user{index}@example.com"))
        .collect();
    for (index, name) in (10_u128..).zip(&names) {
        installation
            .register(&tenant("default"), user(index), name, PASSWORD)
            .await;
    }
    let logins = names.iter().map(|name| installation.login(name, PASSWORD));
    for answer in futures::future::join_all(logins).await {
        assert_eq!(answer.status, StatusCode::OK);
    }
}
