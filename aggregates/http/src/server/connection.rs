//! One connection: HTTP/1.1 or HTTP/2, whichever the client speaks.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use super::paced::{Leftover, PacedBody};
use super::stall::StallGuard;
use super::{ClientAddress, ServerLimits};
use crate::code::Code;
use crate::problem::Problem;

const HTTP1_BUFFER_BYTES_MAX: usize = 64 * 1024;
const HTTP1_HEADERS_MAX: usize = 100;
const HTTP2_HEADER_LIST_BYTES_MAX: u32 = 32 * 1024;
const HTTP2_CONCURRENT_STREAMS_MAX: u32 = 100;
const HTTP2_PENDING_RESETS_MAX: usize = 20;
const HTTP2_PING_INTERVAL: Duration = Duration::from_secs(20);
const HTTP2_PING_TIMEOUT: Duration = Duration::from_secs(10);

/// What the connections of one listener share.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    router: Router,
    limits: ServerLimits,
    requests: Arc<Semaphore>,
}

impl Endpoint {
    pub(super) fn new(router: Router, limits: ServerLimits) -> Self {
        let requests = Arc::new(Semaphore::new(limits.requests_in_flight_max));
        Self {
            router,
            limits,
            requests,
        }
    }

    async fn answer(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let refuse = |detail: &'static str| {
            let problem = Problem::new(Code::DependencyUnavailable).with_detail(detail);
            problem.response(Some(path.clone()), None)
        };
        // Shed at once: a queue in front of an overloaded process only makes every answer late.
        let Ok(_permit) = self.requests.try_acquire() else {
            return refuse("Too many requests are being served; try again.");
        };
        let leftover = Leftover::default();
        let (mut parts, body) = request.into_parts();
        let waits = parts.headers.contains_key(header::EXPECT);
        parts.extensions.insert(ClientAddress(peer.ip()));
        let body = Body::new(PacedBody::new(body, waits, leftover.clone(), &self.limits));
        let served = self
            .router
            .clone()
            .oneshot(Request::from_parts(parts, body));
        let response = match tokio::time::timeout(self.limits.request_timeout, served).await {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => refuse("The request took too long; repeat it with its idempotency key."),
        };
        leftover.drain(&self.limits).await;
        response
    }
}

/// Serves one connection to its end, or until the watcher's shutdown has let it finish.
pub(super) async fn serve_connection(
    endpoint: Endpoint,
    stream: TcpStream,
    peer: SocketAddr,
    watcher: Watcher,
) {
    // Small answers must not wait for a full segment; without it they are only slower.
    let _ = stream.set_nodelay(true);
    let limits = endpoint.limits;
    let spoke = Arc::new(AtomicBool::new(false));
    let service = service_fn({
        let spoke = Arc::clone(&spoke);
        move |request| {
            spoke.store(true, Ordering::Relaxed);
            let endpoint = endpoint.clone();
            async move { Ok::<_, Infallible>(endpoint.answer(peer, request).await) }
        }
    });
    let io = TokioIo::new(StallGuard::new(stream, limits.write_stall_timeout));
    let builder = http_builder(limits.header_timeout);
    let connection = watcher.watch(builder.serve_connection(io, service).into_owned());
    // hyper's own header timeout begins when it knows the protocol, which it learns from the
    // first bytes; this one covers the client that never sends them.
    let silent = async {
        tokio::time::sleep(limits.header_timeout).await;
        if spoke.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            // Clients hang up and talk nonsense all day; it is not this program's error.
            tracing::debug!(error = %error, "a connection ended early");
        },
        () = silent => {}
    }
}

fn http_builder(header_timeout: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HTTP1_BUFFER_BYTES_MAX)
        .max_headers(HTTP1_HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HTTP2_PING_INTERVAL)
        .keep_alive_timeout(HTTP2_PING_TIMEOUT)
        .max_concurrent_streams(HTTP2_CONCURRENT_STREAMS_MAX)
        .max_pending_accept_reset_streams(HTTP2_PENDING_RESETS_MAX)
        .max_header_list_size(HTTP2_HEADER_LIST_BYTES_MAX);
    builder
}
