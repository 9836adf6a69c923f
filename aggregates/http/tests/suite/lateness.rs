//! Who is late, the client or the service, and who has to make room for others.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, StreamBody, combinators::BoxBody};
use hyper::body::Frame;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use invoiceapp_http::server::ServerLimits;
use invoiceapp_http::testing::TestIssuer;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::server::{Running, SHORT, answer, echo, rest, start};

/// Longer than a busy machine takes for anything here.
const LONG: Duration = Duration::from_secs(60);
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

type RequestBody = BoxBody<Bytes, Infallible>;

/// A connection in HTTP/2, and what ends with it.
async fn connect_http2(server: &Running) -> (SendRequest<RequestBody>, JoinHandle<()>) {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    let ended = tokio::spawn(async move {
        let _ended = connection.await;
    });
    (client, ended)
}

fn request(server: &Running, path: &str, body: RequestBody) -> hyper::Request<RequestBody> {
    let uri = format!("http://{}{path}", server.address);
    let method = if path == "/address" { "GET" } else { "POST" };
    hyper::Request::builder()
        .method(method)
        .uri(uri)
        .body(body)
        .unwrap()
}

fn no_body() -> RequestBody {
    Empty::new().boxed()
}

/// A body whose first piece comes, and nothing after it.
fn never_whole() -> RequestBody {
    use futures::{StreamExt as _, stream};
    let first = stream::iter([Ok(Frame::data(Bytes::from_static(b"a")))]);
    BodyExt::boxed(StreamBody::new(first.chain(stream::pending())))
}

#[tokio::test]
async fn who_never_sends_the_rest_of_a_body_keeps_nobody_out() {
    const SLOTS: usize = 2;
    let limits = ServerLimits {
        requests_in_flight_max: SLOTS,
        drain_timeout: LONG,
        ..ServerLimits::default()
    };
    let server = start(echo(), limits).await;
    let (mut client, _connection) = connect_http2(&server).await;
    let mut kept = Vec::new();
    for _ in 0..4 * SLOTS {
        client.ready().await.unwrap();
        let sent = client.send_request(request(&server, "/ignored", never_whole()));
        kept.push(tokio::spawn(sent));
        // Each is let in after the ones before it, and so is somebody else.
        let let_in = async {
            loop {
                let sent = client.send_request(request(&server, "/address", no_body()));
                if sent.await.unwrap().status() == 200 {
                    return;
                }
            }
        };
        tokio::time::timeout(LONG / 2, let_in).await.unwrap();
    }
    assert!(
        kept.iter().all(|sent| !sent.is_finished()),
        "they are still being drained"
    );
}

#[tokio::test]
async fn an_http2_connection_that_is_not_used_is_closed() {
    let limits = ServerLimits {
        idle_timeout: SHORT,
        ..ServerLimits::default()
    };
    let server = start(echo(), limits).await;
    let (mut client, connection) = connect_http2(&server).await;
    let sent = client.send_request(request(&server, "/address", no_body()));
    assert_eq!(sent.await.unwrap().status(), 200);
    tokio::time::timeout(LONG, connection)
        .await
        .unwrap()
        .unwrap();
}

/// Sends a body of six bytes, one at a time, and six times as long as a pause.
async fn trickle(stream: &mut TcpStream, pause: Duration) {
    let head = "POST /length HTTP/1.1\r\nHost: t\r\nContent-Length: 6\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..6 {
        tokio::time::sleep(pause).await;
        // The server may have given up by then.
        let _ = stream.write_all(b"x").await;
    }
}

#[tokio::test]
async fn the_time_of_an_upload_is_not_that_of_its_answer() {
    let limits = ServerLimits {
        request_timeout: SHORT,
        ..ServerLimits::default()
    };
    let server = start(echo(), limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    trickle(&mut stream, SHORT / 2).await;
    let text = answer(&mut stream).await;
    assert!(
        text.starts_with("HTTP/1.1 200") && text.ends_with('6'),
        "{text}"
    );
}

#[tokio::test]
async fn a_body_has_only_so_much_time_at_whatever_pace() {
    let limits = ServerLimits {
        request_timeout: LONG,
        body_timeout: SHORT,
        body_bytes_per_second_min: 1,
        ..ServerLimits::default()
    };
    let server = start(echo(), limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    trickle(&mut stream, SHORT / 2).await;
    let text = rest(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
    assert!(text.contains("request_timeout"), "{text}");
}

fn problem(text: &str) -> Value {
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn what_the_server_refuses_names_the_clients_trace_or_one_of_its_own() {
    let silent = Router::new().route("/", get(std::future::pending::<&'static str>));
    let late = ServerLimits {
        request_timeout: SHORT,
        ..ServerLimits::default()
    };
    let full = ServerLimits {
        requests_in_flight_max: 0,
        ..ServerLimits::default()
    };
    let in_its_shell = TestIssuer::new().shell("silent").wrap(silent.clone());
    for (router, limits) in [(silent.clone(), late), (in_its_shell, late), (silent, full)] {
        let server = start(router, limits).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let traced = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n");
        for (header, wanted) in [(traced.as_str(), Some(TRACE)), ("", None)] {
            let request = format!("GET / HTTP/1.1\r\nHost: t\r\n{header}\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let text = answer(&mut stream).await;
            let problem = problem(&text);
            assert_eq!(problem["status"], 503, "{text}");
            assert_eq!(problem["instance"], "/", "{text}");
            let trace = problem["trace_id"].as_str().unwrap();
            assert_eq!(trace.len(), TRACE.len(), "{text}");
            assert!(wanted.is_none_or(|wanted| wanted == trace), "{text}");
        }
    }
}
