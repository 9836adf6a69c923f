//! What goes back when all is well.

use axum::http::Method;

use crate::fixture::{World, known, order};

#[tokio::test]
async fn a_command_answers_with_version_position_and_place() {
    let answer = World::new().create(&order()).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("etag"), "\"3\"");
    assert_eq!(answer.header("consistency-token"), "41");
    assert!(answer.header("location").starts_with("/api/v1/orders/"));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn an_answer_that_was_given_before_says_so() {
    let path = format!("/api/v1/orders/{}", known());
    let answer = World::new().json(Method::PATCH, &path, "{}").await;
    assert_eq!(answer.header("idempotency-replayed"), "true");
}

#[tokio::test]
async fn a_document_has_its_version_as_etag() {
    let answer = World::new()
        .get(&format!("/api/v1/orders/{}", known()))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("etag"), "\"7\"");
}

#[tokio::test]
async fn every_answer_carries_the_constant_headers() {
    let world = World::new();
    for path in ["/api/v1/orders", "/api/v1/nothing"] {
        let answer = world.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
}
