//! The server over real sockets: limits that hold, and an end that loses nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use invoiceapp_http::json::{COMMAND_BODY_BYTES_MAX, read_body};
use invoiceapp_http::server::{ClientAddress, HttpListener, ServerLimits, StopOutcome};
use invoiceapp_http::testing::TestIssuer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Long enough for a busy machine, short enough for a test.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    outcome: JoinHandle<StopOutcome>,
}

pub(crate) async fn start(router: Router, limits: ServerLimits) -> Running {
    let listener = HttpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let (address, stop) = (listener.address(), CancellationToken::new());
    let ambient = TestIssuer::new().ambient;
    let outcome = tokio::spawn(listener.serve(router, limits, ambient, stop.clone()));
    Running {
        address,
        stop,
        outcome,
    }
}

pub(crate) fn echo() -> Router {
    async fn length(request: axum::extract::Request) -> Result<String, invoiceapp_http::Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, COMMAND_BODY_BYTES_MAX).await?;
        Ok(bytes.len().to_string())
    }
    Router::new()
        .route("/length", post(length))
        .route("/ignored", post(|| async { "did not look" }))
        .route(
            "/address",
            get(|address: ClientAddress| async move { address.0.to_string() }),
        )
}

/// Everything until the server closes.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the last byte is as good an end as any.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer of known length from a connection that stays open.
pub(crate) async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0; 1024];
    loop {
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "closed after {text}");
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        if body.len() >= length {
            return text;
        }
    }
}

async fn post_chunked(stream: &mut TcpStream, path: &str, total: usize) {
    let head = format!("POST {path} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = vec![b'x'; 64 * 1024];
    for _ in 0..total / chunk.len() {
        stream
            .write_all(format!("{:x}\r\n", chunk.len()).as_bytes())
            .await
            .unwrap();
        stream.write_all(&chunk).await.unwrap();
        stream.write_all(b"\r\n").await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused_and_the_connection_goes_on() {
    let server = start(echo(), ServerLimits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for path in ["/length", "/ignored"] {
        post_chunked(&mut stream, path, 10 << 20).await;
        let text = answer(&mut stream).await;
        let status = if path == "/length" { "413" } else { "200" };
        assert!(text.starts_with(&format!("HTTP/1.1 {status}")), "{text}");
    }
    stream
        .write_all(b"POST /length HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc")
        .await
        .unwrap();
    assert!(answer(&mut stream).await.ends_with("\r\n\r\n3"));
}

#[tokio::test]
async fn an_announced_body_that_is_too_large_need_not_be_sent() {
    let server = start(echo(), ServerLimits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /length HTTP/1.1\r\nHost: t\r\nContent-Length: 10485760\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let text = rest(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 413"), "{text}");
}

#[tokio::test]
async fn a_client_that_never_finishes_its_headers_is_hung_up_on() {
    let limits = ServerLimits {
        header_timeout: SHORT,
        ..ServerLimits::default()
    };
    let server = start(echo(), limits).await;
    for beginning in ["", "G", "PRI * HTT", "GET /address HTTP/1.1\r\nHost: t\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let text = rest(&mut stream).await;
        assert!(!text.contains("200 OK"), "{text}");
    }
}

#[tokio::test]
async fn a_body_that_trickles_in_is_given_up() {
    let limits = ServerLimits {
        body_grace: SHORT,
        ..ServerLimits::default()
    };
    let server = start(echo(), limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "POST /length HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nabc";
    stream.write_all(head.as_bytes()).await.unwrap();
    let text = rest(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_answered_for() {
    let router = Router::new().route("/", get(std::future::pending::<&'static str>));
    let limits = ServerLimits {
        request_timeout: SHORT,
        ..ServerLimits::default()
    };
    let server = start(router, limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        .await
        .unwrap();
    let text = answer(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 503"), "{text}");
    assert!(text.contains("retry-after: 1"), "{text}");
    assert!(text.contains("dependency_unavailable"), "{text}");
}

#[tokio::test]
async fn what_exceeds_the_requests_in_flight_is_shed() {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, wait) = (entered.clone(), release.clone());
    let handler = move || {
        let (enter, wait) = (enter.clone(), wait.clone());
        async move {
            enter.notify_one();
            wait.notified().await;
            "done"
        }
    };
    let limits = ServerLimits {
        requests_in_flight_max: 1,
        ..ServerLimits::default()
    };
    let server = start(Router::new().route("/", get(handler)), limits).await;
    let request = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n";
    let mut first = TcpStream::connect(server.address).await.unwrap();
    first.write_all(request).await.unwrap();
    entered.notified().await;
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(request).await.unwrap();
    assert!(answer(&mut second).await.starts_with("HTTP/1.1 503"));
    release.notify_one();
    assert!(answer(&mut first).await.ends_with("done"));
}

#[tokio::test]
async fn a_stop_answers_what_it_has_taken_and_takes_no_more() {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (enter, wait) = (entered.clone(), release.clone());
    let handler = move || {
        let (enter, wait) = (enter.clone(), wait.clone());
        async move {
            enter.notify_one();
            wait.notified().await;
            "done"
        }
    };
    let server = start(
        Router::new().route("/", get(handler)),
        ServerLimits::default(),
    )
    .await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        .await
        .unwrap();
    entered.notified().await;
    server.stop.cancel();
    release.notify_one();
    assert!(rest(&mut stream).await.ends_with("done"));
    assert_eq!(server.outcome.await.unwrap(), StopOutcome::Drained);
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let entered = Arc::new(Notify::new());
    let enter = entered.clone();
    let handler = move || {
        let enter = enter.clone();
        async move {
            enter.notify_one();
            std::future::pending::<&'static str>().await
        }
    };
    let limits = ServerLimits {
        stop_timeout: SHORT,
        ..ServerLimits::default()
    };
    let server = start(Router::new().route("/", get(handler)), limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        .await
        .unwrap();
    entered.notified().await;
    server.stop.cancel();
    assert_eq!(server.outcome.await.unwrap(), StopOutcome::CutOff(1));
}

#[tokio::test]
async fn handlers_learn_the_address_of_the_socket_and_not_of_a_header() {
    let server = start(echo(), ServerLimits::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let request = "GET /address HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    assert!(answer(&mut stream).await.ends_with("127.0.0.1"));
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let first = HttpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let error = HttpListener::bind(first.address()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {}", first.address())
    );
    assert!(std::error::Error::source(&error).is_some());
}
