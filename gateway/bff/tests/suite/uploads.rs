//! Bodies that are passed on as they come: what a client does wrong with its own is never a failure
//! of the service.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use futures::future::join_all;
use futures::stream::{self, BoxStream, StreamExt};
use invoiceapp_bff::{PATIENCE, RemoteService};
use invoiceapp_http::server::{Patience, ServerLimits};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::from;
use crate::remote::{call, echo, post, serve, service};

/// Long enough for a busy machine, short enough for a test.
const SHORT: Duration = Duration::from_millis(300);
/// Twice as many as open the circuit.
const MANY: usize = 22;
/// More than is kept for a repetition.
const LARGE: usize = 2 << 20;

type Pieces = BoxStream<'static, io::Result<Bytes>>;

fn piece() -> io::Result<Bytes> {
    Ok(Bytes::from_static(b"piece"))
}

fn upload(pieces: Pieces) -> Request<Body> {
    let request = from("203.0.113.7").method("POST").uri("/api/v1/media");
    request.body(Body::from_stream(pieces)).unwrap()
}

async fn assert_closed(service: &RemoteService) {
    let (status, seen) = call(service, post(None)).await;
    assert_eq!((status.as_u16(), &seen["body"]), (200, &"hello".into()));
}

fn broken() -> Pieces {
    let error = Err(io::ErrorKind::ConnectionReset.into());
    stream::iter([piece(), error]).boxed()
}

fn never_whole() -> Pieces {
    stream::iter([piece()]).chain(stream::pending()).boxed()
}

#[rstest]
#[case::broken(broken, StatusCode::BAD_REQUEST)]
#[case::never_whole(never_whole, StatusCode::REQUEST_TIMEOUT)]
#[tokio::test]
async fn a_body_that_does_not_come_whole_is_the_clients_failure(
    #[case] pieces: fn() -> Pieces,
    #[case] status: StatusCode,
) {
    let patience = Patience {
        body: SHORT,
        answer: SHORT,
    };
    let service = service(echo().await, patience);
    let calls = (0..MANY).map(|_| call(&service, upload(pieces())));
    for (answered, problem) in join_all(calls).await {
        assert_eq!(answered, status, "{problem}");
    }
    assert_closed(&service).await;
}

/// The first line of the answer to a request that is not sent to its end. With `hangs_up`, the client
/// says that no more will come.
async fn unfinished(front_door: SocketAddr, head: &str, hangs_up: bool) -> String {
    let mut stream = TcpStream::connect(front_door).await.unwrap();
    let head = format!("POST /api/v1/media HTTP/1.1\r\nHost: t\r\n{head}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    if hangs_up {
        stream.shutdown().await.unwrap();
    }
    let mut answer = Vec::new();
    // A reset after the last byte is as good an end as any.
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

#[rstest]
#[case::large_and_gone("Content-Length: 2097152", true, "400")]
#[case::chunked_and_gone("Transfer-Encoding: chunked", true, "400")]
#[case::small_and_gone("Content-Length: 10", true, "400")]
#[case::large_and_slow("Content-Length: 2097152", false, "408")]
#[case::chunked_and_slow("Transfer-Encoding: chunked", false, "408")]
#[case::small_and_slow("Content-Length: 10", false, "408")]
#[tokio::test]
async fn a_client_that_is_gone_or_slow_leaves_the_circuit_closed(
    #[case] head: &str,
    #[case] hangs_up: bool,
    #[case] status: &str,
) {
    let service = service(echo().await, PATIENCE);
    let limits = ServerLimits {
        body_grace: SHORT,
        ..ServerLimits::default()
    };
    let front_door = serve(Router::new().fallback_service(service.clone()), limits).await;
    let all = (0..MANY).map(|_| unfinished(front_door, head, hangs_up));
    for line in join_all(all).await {
        assert!(line.starts_with(&format!("HTTP/1.1 {status}")), "{line:?}");
    }
    assert_closed(&service).await;
}

#[tokio::test]
async fn the_time_of_an_upload_is_not_that_of_its_answer() {
    let patience = Patience {
        answer: SHORT,
        ..PATIENCE
    };
    let service = service(echo().await, patience);
    let pieces = stream::iter(0..6).then(|_| async {
        tokio::time::sleep(SHORT / 2).await;
        piece()
    });
    let (status, seen) = call(&service, upload(pieces.boxed())).await;
    assert_eq!(
        (status.as_u16(), &seen["body"]),
        (200, &"piece".repeat(6).into())
    );
}

/// A service that takes no more of a body that is there fails like one that does not answer.
#[tokio::test]
async fn a_service_that_stops_reading_is_503_and_opens_the_circuit() {
    let deaf = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let patience = Patience {
        answer: SHORT,
        ..PATIENCE
    };
    let service = service(deaf.local_addr().unwrap(), patience);
    let endless = || {
        let piece = Bytes::from(vec![b'x'; LARGE]);
        upload(stream::repeat_with(move || Ok(piece.clone())).boxed())
    };
    for (status, _) in join_all((0..MANY).map(|_| call(&service, endless()))).await {
        assert_eq!(status, 503);
    }
    let (status, _) = call(&service, post(None)).await;
    assert_eq!(status, 503);
}
