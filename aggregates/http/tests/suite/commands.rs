//! Conditional and idempotent requests.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Method;
use invoiceapp_domain::Permission;
use invoiceapp_domain::ids::UserId;
use invoiceapp_http::command::detached;
use invoiceapp_journal::execute::ExpectedVersion;
use rstest::rstest;
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::fixture::{Answer, World, order, tenant};

const PATH: &str = "/api/v1/orders";

async fn with_header(world: &World, name: &str, value: &[u8]) -> Answer {
    let request = world
        .request(Method::POST, PATH)
        .header("content-type", "application/json")
        .header(name, value);
    world
        .send(request.body(Body::from(order().to_string())).unwrap())
        .await
}

async fn keyed(world: &World, key: &str, body: String) -> Value {
    let request = world
        .request(Method::POST, PATH)
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    let answer = world.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.status, 201);
    answer.json()
}

#[rstest]
#[case("\"7\"", ExpectedVersion::exactly(7))]
#[case("\"7\", W/\"8\", \"9\"", ExpectedVersion::OneOf(vec![7, 9]))]
#[case("W/\"7\"", ExpectedVersion::OneOf(Vec::new()))]
#[case("\"abc\"", ExpectedVersion::OneOf(Vec::new()))]
#[case("*", ExpectedVersion::Existing)]
#[tokio::test]
async fn if_match_names_versions(#[case] value: &str, #[case] expected: ExpectedVersion) {
    let answer = with_header(&World::new(), "if-match", value.as_bytes()).await;
    assert_eq!(answer.json()["expected_version"], format!("{expected:?}"));
}

#[rstest]
#[case("7")]
#[case("")]
#[case("*, \"7\"")]
#[case("\"7\" \"8\"")]
#[case("w/\"7\"")]
#[tokio::test]
async fn another_if_match_means_nothing(#[case] value: &str) {
    let answer = with_header(&World::new(), "if-match", value.as_bytes()).await;
    let problem = answer.problem(400, "invalid_value");
    assert_eq!(problem["errors"][0]["header"], "If-Match");
}

#[rstest]
#[case::empty(b"".to_vec())]
#[case::space(b"a b".to_vec())]
#[case::tab(b"a\tb".to_vec())]
#[case::long("x".repeat(256).into_bytes())]
#[case::not_ascii("kl\u{fc}".as_bytes().to_vec())]
#[tokio::test]
async fn a_key_outside_of_visible_ascii_is_refused(#[case] key: Vec<u8>) {
    let answer = with_header(&World::new(), "idempotency-key", &key).await;
    let problem = answer.problem(400, "invalid_value");
    assert_eq!(problem["errors"][0]["header"], "Idempotency-Key");
}

#[tokio::test]
async fn a_key_of_255_characters_is_accepted() {
    let key = "x".repeat(255);
    assert_eq!(
        with_header(&World::new(), "idempotency-key", key.as_bytes())
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn two_keys_are_refused() {
    let world = World::new();
    let request = world
        .request(Method::POST, PATH)
        .header("content-type", "application/json")
        .header("idempotency-key", "a")
        .header("idempotency-key", "b");
    let answer = world
        .send(request.body(Body::from(order().to_string())).unwrap())
        .await;
    answer.problem(400, "invalid_value");
}

#[tokio::test]
async fn every_bad_header_and_parameter_is_named_at_once() {
    let world = World::new();
    let request = world
        .request(Method::POST, "/api/v1/orders?force=true")
        .header("content-type", "application/json")
        .header("if-match", "7")
        .header("idempotency-key", "");
    let answer = world
        .send(request.body(Body::from(order().to_string())).unwrap())
        .await;
    assert_eq!(
        answer.problem(400, "unknown_field")["errors"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn the_same_request_under_the_same_key_is_the_same_command() {
    let world = World::new();
    let first = keyed(&world, "k", r#"{"currency":"EUR","lines":[]}"#.to_owned()).await;
    let again = keyed(
        &world,
        "k",
        r#"{ "lines" : [], "currency" : "EUR" }"#.to_owned(),
    )
    .await;
    assert_eq!(first["command"], again["command"]);
    assert_eq!(first["fingerprint"], again["fingerprint"]);
}

#[tokio::test]
async fn another_body_under_the_same_key_has_another_fingerprint() {
    let world = World::new();
    let first = keyed(&world, "k", r#"{"currency":"EUR","lines":[]}"#.to_owned()).await;
    let other = keyed(&world, "k", r#"{"currency":"USD","lines":[]}"#.to_owned()).await;
    assert_eq!(first["command"], other["command"]);
    assert_ne!(first["fingerprint"], other["fingerprint"]);
}

#[tokio::test]
async fn a_key_belongs_to_one_user() {
    let world = World::new();
    let somebody = UserId(Uuid::from_u128(8));
    world
        .issuer
        .allow(&tenant(), somebody, &[Permission::InvoiceCreate]);
    let first = keyed(&world, "k", order().to_string()).await;
    let token = world.issuer.token(&tenant(), somebody);
    let request = axum::http::Request::post(PATH)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .header("idempotency-key", "k")
        .body(Body::from(order().to_string()));
    let other = world.send(request.unwrap()).await.json();
    assert_ne!(first["command"], other["command"]);
    assert_eq!(first["fingerprint"], other["fingerprint"]);
}

#[tokio::test]
async fn without_a_key_every_request_is_a_command_of_its_own() {
    let world = World::new();
    let (first, second) = (world.create(&order()).await, world.create(&order()).await);
    assert_ne!(first.json()["command"], second.json()["command"]);
}

#[tokio::test]
async fn a_command_goes_on_when_its_request_is_dropped() {
    let (started, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (start, end) = (started.clone(), done.clone());
    let request = tokio::spawn(detached(async move {
        start.notify_one();
        tokio::task::yield_now().await;
        end.notify_one();
        Ok(())
    }));
    started.notified().await;
    request.abort();
    done.notified().await;
}

#[tokio::test]
async fn the_trace_of_the_client_reaches_the_command() {
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let answer = with_header(&World::new(), "traceparent", traceparent.as_bytes())
        .await
        .json();
    assert_eq!(
        answer["correlation"],
        "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"
    );
    let own = answer["traceparent"].as_str().unwrap();
    assert!(
        own.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"),
        "{own}"
    );
    assert_ne!(own, traceparent);
}
