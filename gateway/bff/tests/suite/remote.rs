//! A service in another process, over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request as AxumRequest;
use axum::http::{Request, StatusCode};
use axum::routing::any;
use axum::{Json, Router};
use http_body_util::BodyExt;
use invoiceapp_bff::{PATIENCE, RemoteService, UpstreamName, behind_front_door};
use invoiceapp_http::server::{ClientAddress, HttpListener, Patience, ServerLimits};
use invoiceapp_http::testing::TestIssuer;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::fixture::from;

/// Answers with what it was sent, behind a front door at the loopback address.
pub(crate) async fn echo() -> SocketAddr {
    let echo = |request: AxumRequest| async move {
        let address = ClientAddress::of(request.extensions()).0.to_string();
        let uri = request.uri().to_string();
        let host = request.headers()["host"].to_str().unwrap().to_owned();
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&body).into_owned();
        Json(json!({"address": address, "uri": uri, "host": host, "body": body}))
    };
    let router = Router::new().fallback(echo);
    let router = behind_front_door(router, vec![[127, 0, 0, 1].into()]);
    serve(router, ServerLimits::default()).await
}

pub(crate) async fn serve(router: Router, limits: ServerLimits) -> SocketAddr {
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = HttpListener::bind(any_port).await.unwrap();
    let address = listener.address();
    let ambient = TestIssuer::new().ambient;
    tokio::spawn(listener.serve(router, limits, ambient, CancellationToken::new()));
    address
}

/// Hangs up on the first `cuts` connections once a request has come, and counts the connections.
async fn cutting(cuts: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let (behind, count) = (echo().await, Arc::new(AtomicUsize::new(0)));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (address, counted) = (listener.local_addr().unwrap(), Arc::clone(&count));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            if counted.fetch_add(1, Ordering::SeqCst) < cuts {
                let _request = socket.read(&mut [0; 64]).await;
                continue;
            }
            let mut onward = tokio::net::TcpStream::connect(behind).await.unwrap();
            tokio::spawn(async move {
                let _ended = tokio::io::copy_bidirectional(&mut socket, &mut onward).await;
            });
        }
    });
    (address, count)
}

pub(crate) fn service(address: SocketAddr, patience: Patience) -> RemoteService {
    let authority = address.to_string().parse().unwrap();
    RemoteService::new(UpstreamName::Invoice, authority, patience)
}

pub(crate) async fn call(service: &RemoteService, request: Request<Body>) -> (StatusCode, Value) {
    let response = service.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

pub(crate) fn post(key: Option<&str>) -> Request<Body> {
    let request = from("203.0.113.7")
        .method("POST")
        .uri("/api/v1/invoices?a=b%20c");
    let request = request.header("content-length", "5");
    let request = match key {
        Some(key) => request.header("idempotency-key", key),
        None => request,
    };
    request.body(Body::from("hello")).unwrap()
}

#[tokio::test]
async fn a_service_gets_path_query_body_and_the_clients_address() {
    let address = echo().await;
    let (status, seen) = call(&service(address, PATIENCE), post(None)).await;
    assert_eq!(status, 200);
    assert_eq!(
        seen,
        json!({
            "address": "203.0.113.7", "uri": "/api/v1/invoices?a=b%20c",
            "host": address.to_string(), "body": "hello",
        })
    );
}

#[tokio::test]
async fn a_command_with_a_key_is_sent_again_when_the_connection_is_cut() {
    let (address, connections) = cutting(2).await;
    let (status, seen) = call(&service(address, PATIENCE), post(Some("k"))).await;
    assert_eq!((status.as_u16(), &seen["body"]), (200, &json!("hello")));
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

/// A key is no protection there: a refresh token that comes twice ends its session.
#[tokio::test]
async fn what_changes_a_login_is_never_sent_twice_even_with_a_key() {
    for path in ["refresh", "login", "logout"] {
        let (address, connections) = cutting(2).await;
        let mut request = post(Some("k"));
        *request.uri_mut() = format!("/api/v1/auth/{path}").parse().unwrap();
        let (status, _) = call(&service(address, PATIENCE), request).await;
        assert_eq!(status, 503, "{path}");
        assert_eq!(connections.load(Ordering::SeqCst), 1, "{path}");
    }
}

#[tokio::test]
async fn a_command_without_a_key_is_never_sent_twice() {
    let (address, connections) = cutting(2).await;
    let (status, _) = call(&service(address, PATIENCE), post(None)).await;
    assert_eq!(status, 503);
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn retries_come_to_an_end() {
    let (address, connections) = cutting(usize::MAX).await;
    let (status, _) = call(&service(address, PATIENCE), post(Some("k"))).await;
    assert_eq!(status, 503);
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_503_and_says_when_to_come_again() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let service = service(listener.local_addr().unwrap(), PATIENCE);
    drop(listener);
    let response = service.oneshot(post(None)).await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
}

#[tokio::test]
async fn a_service_that_fails_again_and_again_is_left_alone_for_a_while_and_found_again() {
    // Ten fill the ring, the next one opens the circuit.
    const FAILURES: usize = 11;
    let (address, connections) = cutting(FAILURES).await;
    let service = service(address, PATIENCE);
    for _ in 0..2 * FAILURES {
        assert_eq!(call(&service, post(None)).await.0, 503);
    }
    assert_eq!(connections.load(Ordering::SeqCst), FAILURES);
    let healed = async {
        while call(&service, post(None)).await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let healed = tokio::time::timeout(Duration::from_secs(30), healed).await;
    healed.expect("the circuit closes when the service is back");
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_503_within_its_time_and_is_not_asked_again() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let silent = any(move || {
        counter.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<()>()
    });
    let address = serve(Router::new().fallback(silent), ServerLimits::default()).await;
    let short = service(
        address,
        Patience {
            answer: Duration::from_millis(50),
            ..PATIENCE
        },
    );
    let (status, _) = call(&short, post(Some("k"))).await;
    assert_eq!(status, 503);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
