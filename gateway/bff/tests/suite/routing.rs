//! Every row of the table leads somewhere, and nothing else does.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Method;
use invoiceapp_bff::{ROUTES, UpstreamName};
use rstest::rstest;

use crate::fixture::{Door, from};

#[tokio::test]
async fn every_row_reaches_its_service_with_every_method() {
    let door = Door::new();
    for rule in ROUTES {
        let path = rule.prefix.replace("{}", "0190");
        for path in [path.clone(), format!("{path}/below?a=b")] {
            for method in [
                Method::GET,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
            ] {
                let request = from("203.0.113.7").method(method.clone()).uri(&path);
                let answer = door.send(request.body(Body::from("four")).unwrap()).await;
                let seen = answer.json();
                assert_eq!(answer.status, 200, "{method} {path}");
                assert_eq!(seen["service"], rule.upstream.as_str(), "{method} {path}");
                assert_eq!(seen["uri"], path, "the path goes through unchanged");
                assert_eq!(seen["method"], method.as_str());
                assert_eq!(seen["length"], 4);
            }
        }
    }
}

#[test]
fn every_service_has_a_row() {
    let served: BTreeSet<_> = ROUTES.iter().map(|rule| rule.upstream).collect();
    assert_eq!(served, UpstreamName::ALL.into_iter().collect());
}

#[rstest]
#[case("/api/v1/nothing")]
#[case("/api/v1/")]
#[case("/api/v1")]
#[case("/api/v2/users")]
#[case("/users")]
#[case("/api/v1//users")]
#[case("/api/v1/../users")]
#[case("/metrics")]
#[case("/favicon.ico")]
#[case("/.well-known")]
#[case("/.well-known/security.txt")]
#[tokio::test]
async fn an_unknown_path_is_a_problem(#[case] path: &str) {
    Door::new().get(path).await.problem(404, "not_found");
}

#[rstest]
#[case("/.well-known/jwks.json")]
#[case("/.well-known/openid-configuration")]
#[tokio::test]
async fn whoever_verifies_tokens_finds_the_keys_without_one(#[case] path: &str) {
    let answer = Door::new().get(path).await;
    assert_eq!(answer.status, 200);
    let seen = answer.json();
    assert_eq!(seen["service"], UpstreamName::Authorizer.as_str());
    assert_eq!(seen["uri"], path);
    assert_eq!(seen["headers"]["authorization"], serde_json::Value::Null);
}

#[tokio::test]
async fn health_is_answered_here() {
    let door = Door::new();
    assert_eq!(door.get("/livez").await.status, 200);
    let ready = door.get("/readyz").await;
    assert_eq!(ready.status, 200);
    assert_eq!(ready.json()["parts"]["journal"]["state"], "ready");
}

#[tokio::test]
async fn metrics_name_the_row_and_not_the_path() {
    let door = Door::new();
    door.get("/api/v1/invoices/4711/pdf").await;
    let management = invoiceapp_bff::management_router(
        door.registry.clone(),
        invoiceapp_http::health::Health::new(door.issuer.ambient.clone()),
    );
    let request = axum::http::Request::get("/metrics")
        .body(Body::empty())
        .unwrap();
    let response = tower::ServiceExt::oneshot(management, request)
        .await
        .unwrap();
    let bytes = http_body_util::BodyExt::collect(response.into_body())
        .await
        .unwrap()
        .to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(
        text.contains(r#"route="/api/v1/invoices/{}/pdf",service="bff",status="200"} 1"#),
        "{text}"
    );
    assert!(!text.contains("4711"), "{text}");
}
