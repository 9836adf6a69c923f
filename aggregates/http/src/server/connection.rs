//! One connection: HTTP/1.1 or HTTP/2, whichever the client speaks.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use invoiceapp_domain::Ambient;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::paced::{Leftover, PacedBody};
use super::refusal::Asked;
use super::stall::StallGuard;
use super::{AnswerClock, ClientAddress, Patience, ServerLimits};

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
    ambient: Arc<dyn Ambient>,
    requests: Arc<Semaphore>,
}

impl Endpoint {
    pub(super) fn new(router: Router, limits: ServerLimits, ambient: Arc<dyn Ambient>) -> Self {
        let requests = Arc::new(Semaphore::new(limits.requests_in_flight_max));
        Self {
            router,
            limits,
            ambient,
            requests,
        }
    }

    async fn answer(&self, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
        let asked = Asked::of(&request);
        let refuse = |detail: &'static str| asked.refuse(detail, self.ambient.as_ref());
        // Shed at once: a queue in front of an overloaded process only makes every answer late.
        let Ok(permit) = self.requests.try_acquire() else {
            return refuse("Too many requests are being served; try again.");
        };
        let (leftover, clock) = (Leftover::default(), AnswerClock::start());
        let (mut parts, body) = request.into_parts();
        let waits = parts.headers.contains_key(header::EXPECT);
        parts.extensions.insert(ClientAddress(peer.ip()));
        parts.extensions.insert(asked.trace.clone());
        let body = PacedBody::new(body, waits, leftover.clone(), &self.limits);
        let body = clock.watch(Body::new(body));
        let served = self
            .router
            .clone()
            .oneshot(Request::from_parts(parts, body));
        let patience = Patience {
            body: self.limits.body_timeout,
            answer: self.limits.request_timeout,
        };
        let response = tokio::select! {
            biased;
            served = served => match served {
                Ok(response) => response,
                Err(never) => match never {},
            },
            () = clock.late(patience) => {
                refuse("The request took too long; repeat it with its idempotency key.")
            }
        };
        // Who never sends the rest of a body must not keep others out meanwhile.
        drop(permit);
        leftover.drain(&self.limits).await;
        response
    }
}

/// Whether a connection is used.
#[derive(Debug, Default)]
struct Usage {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A request under way; its end counts however it comes about.
struct Use(Arc<Usage>);

impl Drop for Use {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

impl Usage {
    fn begin(self: &Arc<Self>) -> Use {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Use(Arc::clone(self))
    }

    /// Comes to its end when nothing was asked, and nothing under way, for that long.
    async fn idle(&self, timeout: Duration) {
        loop {
            let begun = self.begun.load(Ordering::Relaxed);
            tokio::time::sleep(timeout).await;
            let still = self.begun.load(Ordering::Relaxed) == begun;
            if still && self.ended.load(Ordering::Relaxed) == begun {
                return;
            }
        }
    }
}

/// Serves one connection to its end; after the stop, what is under way on it.
pub(super) async fn serve_connection(
    endpoint: Endpoint,
    stream: TcpStream,
    peer: SocketAddr,
    stop: CancellationToken,
) {
    // Small answers must not wait for a full segment; without it they are only slower.
    let _ = stream.set_nodelay(true);
    let limits = endpoint.limits;
    let usage = Arc::new(Usage::default());
    let service = service_fn({
        let usage = Arc::clone(&usage);
        move |request| {
            let (endpoint, under_way) = (endpoint.clone(), usage.begin());
            async move {
                let response = endpoint.answer(peer, request).await;
                drop(under_way);
                Ok::<_, Infallible>(response)
            }
        }
    });
    let io = TokioIo::new(StallGuard::new(stream, limits.write_stall_timeout));
    let builder = http_builder(limits.header_timeout);
    let mut connection = pin!(builder.serve_connection(io, service));
    // hyper's own header timeout begins when it knows the protocol, which it learns from the
    // first bytes; this one covers the client that never sends them.
    let silent = async {
        tokio::time::sleep(limits.header_timeout).await;
        if usage.begun.load(Ordering::Relaxed) > 0 {
            std::future::pending::<()>().await;
        }
    };
    let over = async {
        stop.run_until_cancelled(usage.idle(limits.idle_timeout))
            .await
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = silent => return,
        _ = over => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients hang up and talk nonsense all day; it is not this program's error.
        tracing::debug!(error = %error, "a connection ended early");
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
