//! What passes through the door, and what does not.

use axum::body::Body;
use axum::http::Method;
use invoiceapp_bff::{BffConfig, Origin};
use rstest::rstest;
use serde_json::json;

use crate::fixture::{Door, from};

#[tokio::test]
async fn a_client_cannot_speak_for_the_inside() {
    let request = from("203.0.113.7")
        .uri("/api/v1/users")
        .header("x-forwarded-for", "9.9.9.9")
        .header("forwarded", "for=9.9.9.9")
        .header("x-invoiceapp-tenant", "rival")
        .header("connection", "keep-alive, x-secret")
        .header("x-secret", "1")
        .header("baggage", "a=b")
        .header("if-match", "\"7\"")
        .header("idempotency-key", "k");
    let seen = Door::new()
        .send(request.body(Body::empty()).unwrap())
        .await
        .json();
    let mut names: Vec<&str> = seen["headers"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["idempotency-key", "if-match", "traceparent"]);
    assert_eq!(seen["address"], "203.0.113.7");
}

#[rstest]
#[case(
    "/api/v1/invoices?q=a%20b&cursor=0a0b&limit=2",
    "if-match",
    "W/\"7\", \"8,9\" , *"
)]
#[case("/api/v1/media/1/thumbnail", "consistency-token", "41")]
#[case("/api/v1/invoices/1/pdf?download=true", "consistency-token", "41")]
#[tokio::test]
async fn conditions_and_cursors_reach_their_service_as_they_are(
    #[case] uri: &str,
    #[case] header: &str,
    #[case] value: &str,
) {
    let request = from("203.0.113.7").uri(uri).header(header, value);
    let door = Door::new();
    let seen = door.send(request.body(Body::empty()).unwrap()).await.json();
    assert_eq!(
        (&seen["uri"], &seen["headers"][header]),
        (&json!(uri), &json!(value))
    );
}

#[tokio::test]
async fn a_trusted_proxy_is_believed_about_the_address() {
    let config = BffConfig {
        trusted_proxies: vec!["10.0.0.1".parse().unwrap()],
        ..BffConfig::default()
    };
    let door = Door::with_config(config);
    let request = from("10.0.0.1")
        .uri("/api/v1/users")
        .header("x-forwarded-for", "9.9.9.9, 203.0.113.7");
    let seen = door.send(request.body(Body::empty()).unwrap()).await.json();
    assert_eq!(seen["address"], "203.0.113.7");
}

#[tokio::test]
async fn the_trace_of_the_client_goes_on() {
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = from("203.0.113.7")
        .uri("/api/v1/users")
        .header("traceparent", traceparent);
    let seen = Door::new()
        .send(request.body(Body::empty()).unwrap())
        .await
        .json();
    let own = seen["headers"]["traceparent"].as_str().unwrap();
    assert!(
        own.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"),
        "{own}"
    );
}

#[tokio::test]
async fn headers_of_one_hop_do_not_come_back() {
    let answer = Door::new().get("/api/v1/users").await;
    assert_eq!(answer.header("connection"), "");
    assert_eq!(answer.header("keep-alive"), "");
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    let door = Door::new();
    for path in [
        "/api/v1/users",
        "/api/v1/nothing",
        "/livez",
        "/api/v1/docs/",
    ] {
        let answer = door.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
    let api = door.get("/api/v1/users").await;
    assert_eq!(api.header("cache-control"), "no-store");
    assert!(
        api.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
}

#[tokio::test]
async fn text_is_compressed_for_those_who_ask() {
    let door = Door::new();
    let request = from("203.0.113.7")
        .uri("/api/v1/users")
        .header("accept-encoding", "gzip");
    let answer = door.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(answer.bytes.starts_with(&[0x1f, 0x8b]));
    let request = from("203.0.113.7")
        .uri("/api/v1/nothing")
        .header("accept-encoding", "gzip");
    let problem = door.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(problem.header("content-encoding"), "gzip");
    assert!(
        problem.bytes.starts_with(&[0x1f, 0x8b]),
        "a problem is what its headers say"
    );
    assert_eq!(
        door.get("/api/v1/users").await.header("content-encoding"),
        ""
    );
}

async fn preflight(door: &Door, origin: &str) -> String {
    let request = from("203.0.113.7")
        .method(Method::OPTIONS)
        .uri("/api/v1/users")
        .header("origin", origin)
        .header("access-control-request-method", "POST");
    let answer = door.send(request.body(Body::empty()).unwrap()).await;
    answer.header("access-control-allow-origin").to_owned()
}

#[tokio::test]
async fn no_foreign_page_may_call_unless_its_origin_is_configured() {
    let origin = "https://shop.example";
    assert_eq!(preflight(&Door::new(), origin).await, "");
    let config = BffConfig {
        cors_allowed_origins: vec![Origin::try_from(origin.to_owned()).unwrap()],
        ..BffConfig::default()
    };
    let door = Door::with_config(config);
    assert_eq!(preflight(&door, origin).await, origin);
    assert_eq!(preflight(&door, "https://evil.example").await, "");
}
