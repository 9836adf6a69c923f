//! Tokens and permissions, before anything else is looked at.

use axum::body::Body;
use axum::http::{Method, Request};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Permission, TenantId};
use jiff::SignedDuration;
use rstest::rstest;
use uuid::Uuid;

use crate::fixture::{World, tenant, user};

fn bare(path: &str) -> axum::http::request::Builder {
    Request::builder().uri(path)
}

#[tokio::test]
async fn a_request_without_a_token_is_asked_for_one() {
    let answer = World::new()
        .send(bare("/api/v1/orders").body(Body::empty()).unwrap())
        .await;
    answer.problem(401, "unauthenticated");
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

#[rstest]
#[case::other_scheme("Basic dXNlcjpwYXNz".to_owned())]
#[case::no_token("Bearer ".to_owned())]
#[case::nonsense("Bearer not.a.token".to_owned())]
#[case::spaces("Bearer a b".to_owned())]
#[case::monster(format!("Bearer {}", "x".repeat(10_000)))]
#[tokio::test]
async fn a_token_that_is_none_is_refused(#[case] value: String) {
    let request = bare("/api/v1/orders")
        .header("authorization", value)
        .body(Body::empty());
    World::new()
        .send(request.unwrap())
        .await
        .problem(401, "unauthenticated");
}

#[tokio::test]
async fn two_tokens_are_no_token() {
    let world = World::new();
    let token = format!("Bearer {}", world.issuer.token(&tenant(), user()));
    let request = world
        .request(Method::GET, "/api/v1/orders")
        .header("authorization", token);
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    answer.problem(401, "unauthenticated");
}

#[tokio::test]
async fn an_expired_token_says_so() {
    let world = World::new();
    let request = world
        .request(Method::GET, "/api/v1/orders")
        .body(Body::empty())
        .unwrap();
    world.issuer.ambient.advance(SignedDuration::from_mins(10));
    let answer = world.send(request).await;
    answer.problem(401, "token_expired");
    assert!(answer.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn a_missing_permission_is_named_before_the_body_is_looked_at() {
    let world = World::new();
    world
        .issuer
        .allow(&tenant(), user(), &[Permission::InvoiceGetById]);
    let refused = world.json(Method::POST, "/api/v1/orders", "not json").await;
    let problem = refused.problem(403, "permission_denied");
    assert_eq!(problem["permission"], "invoice.create");
    let refused = world
        .get("/api/v1/orders")
        .await
        .problem(403, "permission_denied");
    assert_eq!(refused["permission"], "invoice.get_all");
}

#[tokio::test]
async fn a_permission_that_is_taken_away_stops_working_at_once() {
    let world = World::new();
    assert_eq!(world.get("/api/v1/orders").await.status, 200);
    world.issuer.allow(&tenant(), user(), &[]);
    world
        .get("/api/v1/orders")
        .await
        .problem(403, "permission_denied");
}

#[tokio::test]
async fn the_tenant_comes_from_the_token() {
    let world = World::new();
    let rival = TenantId::parse("rival").unwrap();
    let somebody = UserId(Uuid::from_u128(8));
    world
        .issuer
        .allow(&rival, somebody, &[Permission::InvoiceGetAll]);
    let token = world.issuer.token(&rival, somebody);
    let request = bare("/api/v1/orders")
        .header("authorization", format!("bearer {token}"))
        .header("x-tenant", "acme")
        .body(Body::empty());
    let answer = world.send(request.unwrap()).await;
    assert_eq!(answer.json()["data"][0]["tenant"], "rival");
}
