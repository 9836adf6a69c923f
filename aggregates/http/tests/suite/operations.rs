//! What operators look at: health and metrics.

use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use invoiceapp_http::Shell;
use invoiceapp_http::health::{Health, Need, health_router};
use invoiceapp_http::metrics::{HttpMetrics, metrics_router};
use invoiceapp_http::testing::TestIssuer;
use prometheus::Registry;
use serde_json::Value;
use tower::ServiceExt;

use crate::fixture::routes;

async fn fetch(router: &axum::Router, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn readiness_names_each_part_and_its_state() {
    let issuer = TestIssuer::new();
    let health = Health::new(issuer.ambient.clone());
    let (journal, mail) = (
        health.part("journal", Need::Hard),
        health.part("mail", Need::Soft),
    );
    let router = issuer.shell("test").wrap(health_router(health.clone()));
    let (status, body) = fetch(&router, "/readyz").await;
    let report: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &report["parts"]["journal"]["state"]),
        (503, &Value::from("starting"))
    );

    journal.ready();
    mail.failing("no connection");
    let (status, body) = fetch(&router, "/readyz").await;
    let report: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert_eq!(report["parts"]["mail"]["reason"], "no connection");
    assert!(report["parts"]["mail"]["since"].is_string());

    journal.failing("disk full");
    assert_eq!(fetch(&router, "/readyz").await.0, 503);
    assert_eq!(
        fetch(&router, "/livez").await.0,
        200,
        "liveness never looks at parts"
    );

    journal.ready();
    health.set_draining();
    assert_eq!(fetch(&router, "/readyz").await.0, 503);
}

#[tokio::test]
async fn a_state_that_is_reported_again_keeps_its_beginning() {
    let issuer = TestIssuer::new();
    let health = Health::new(issuer.ambient.clone());
    let part = health.part("journal", Need::Hard);
    part.ready();
    let since = health.report().parts["journal"].since;
    issuer.ambient.advance(jiff::SignedDuration::from_secs(60));
    part.ready();
    assert_eq!(health.report().parts["journal"].since, since);
    part.failing("down");
    assert_ne!(health.report().parts["journal"].since, since);
}

#[tokio::test]
async fn metrics_count_by_route_and_never_by_what_a_client_sends() {
    let issuer = TestIssuer::new();
    let registry = Registry::new();
    let metrics = HttpMetrics::register(&registry).unwrap();
    let router = Shell::new("orders", issuer.shared(), metrics).wrap(routes());
    for path in [
        "/api/v1/orders/1",
        "/api/v1/orders/2",
        "/nobody-4711",
        "/nobody-4712",
    ] {
        fetch(&router, path).await;
    }
    let odd = Request::builder()
        .method(Method::from_bytes(b"BREW").unwrap())
        .uri("/api/v1/orders");
    router
        .clone()
        .oneshot(odd.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let (status, text) = fetch(&metrics_router(registry), "/metrics").await;
    assert_eq!(status, 200);
    let line = r#"invoiceapp_http_requests_total{method="GET",route="/api/v1/orders/{id}",service="orders",status="401"} 2"#;
    assert!(text.contains(line), "{text}");
    assert!(
        text.contains(r#"route="unmatched",service="orders",status="404"} 2"#),
        "{text}"
    );
    assert!(text.contains(r#"method="OTHER""#), "{text}");
    assert!(!text.contains("4711") && !text.contains("BREW"), "{text}");
}
