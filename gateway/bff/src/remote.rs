//! A service in another process: a deadline for every call, bounded retries of what may be
//! repeated, and a circuit that opens when the service is gone, so that a client learns it at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::request::Parts;
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use axum::response::IntoResponse;
use backon::{ExponentialBuilder, Retryable};
use futures::future::BoxFuture;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use invoiceapp_http::server::ClientAddress;
use invoiceapp_http::trace::{TRACEPARENT, TraceContext};
use invoiceapp_http::{Code, Problem};
use invoiceapp_observe::metrics::metrics;
use invoiceapp_observe::span::fail;
use recloser::{AsyncRecloser, Recloser};
use thiserror::Error;
use tower::Service;
use tower_http::timeout::TimeoutBody;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::headers::FORWARDED_FOR;
use crate::routes::UpstreamName;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest wait for the head of an answer. Longer than a service's own wait for its views, shorter
/// than the front door's patience with a request.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest pause between two pieces of an answer's body.
const BODY_STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Idle connections that are kept to a service, and for how long.
const IDLE_CONNECTIONS_MAX: usize = 64;
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// Calls after the first, of a request that may be repeated.
const RETRIES_MAX: usize = 2;
const RETRY_WAIT_FIRST: Duration = Duration::from_millis(50);
const RETRY_WAIT_MAX: Duration = Duration::from_millis(500);
/// Largest body that is kept for a repetition; a larger one is sent once, as it comes.
const RETRY_BODY_BYTES_MAX: u64 = 1 << 20;

/// The circuit opens when half of so many calls have failed,
const CIRCUIT_CALLS: usize = 10;
const CIRCUIT_FAILURE_RATE: f32 = 0.5;
/// stays open for so long,
const CIRCUIT_OPEN_WAIT: Duration = Duration::from_secs(2);
/// and closes after so many trials.
const CIRCUIT_TRIALS: usize = 2;

/// Methods whose names a client cannot invent.
const HTTP_METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// A key with which a command may be sent again.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Why a service gave no answer.
#[derive(Debug, Error)]
enum CallError {
    #[error("the service cannot be reached")]
    Connect(#[source] hyper_util::client::legacy::Error),
    #[error("the connection to the service was lost")]
    Lost(#[source] hyper_util::client::legacy::Error),
    #[error("the service has not answered in time")]
    Timeout,
    #[error("the service is not called, because it failed again and again")]
    CircuitOpen,
    #[error("the request cannot be addressed to the service")]
    Address(#[source] axum::http::Error),
}

impl CallError {
    /// Its name in metrics and spans.
    const fn outcome(&self) -> &'static str {
        match self {
            Self::Connect(_) | Self::Lost(_) | Self::Address(_) => "error",
            Self::Timeout => "timeout",
            Self::CircuitOpen => "circuit_open",
        }
    }

    /// Whether another attempt may do better right away. A service that was silent for all its time
    /// would be for another one, and the client has waited long enough.
    const fn may_pass_at_once(&self) -> bool {
        !matches!(self, Self::CircuitOpen | Self::Timeout)
    }

    /// Nothing was sent, so that anything may be sent again.
    const fn sent_nothing(&self) -> bool {
        matches!(self, Self::Connect(_))
    }
}

/// A service at an address.
#[derive(Debug, Clone)]
pub struct RemoteService {
    name: UpstreamName,
    authority: Authority,
    client: Client<HttpConnector, Body>,
    circuit: Arc<AsyncRecloser>,
    answer_timeout: Duration,
}

impl RemoteService {
    /// The service of that name at `host:port`, spoken to in plain HTTP/1.1, with that much time for
    /// each answer.
    #[must_use]
    pub fn new(name: UpstreamName, authority: Authority, answer_timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(connector);
        let circuit = Recloser::custom()
            .error_rate(CIRCUIT_FAILURE_RATE)
            .closed_len(CIRCUIT_CALLS)
            .half_open_len(CIRCUIT_TRIALS)
            .open_wait(CIRCUIT_OPEN_WAIT)
            .build();
        Self {
            name,
            authority,
            client,
            circuit: Arc::new(AsyncRecloser::from(circuit)),
            answer_timeout,
        }
    }

    async fn answer(self, request: Request<Body>) -> Response<Body> {
        match self.forward(request).await {
            Ok(response) => response,
            Err(error) => {
                tracing::warn!(upstream = self.name.as_str(), "no answer from a service");
                Problem::unavailable(&error).into_response()
            }
        }
    }

    async fn forward(&self, request: Request<Body>) -> Result<Response<Body>, CallError> {
        let (mut parts, body) = request.into_parts();
        parts.uri = self.address(&parts.uri)?;
        forward_address(&mut parts.headers, ClientAddress::of(&parts.extensions));
        // The address of this hop belongs into the header.
        parts.headers.remove(header::HOST);
        let repeatable = is_repeatable(&parts.method, &parts.headers);
        let Some(body) = small_body(&parts.headers, body).await else {
            return Ok(Problem::new(Code::MalformedRequest).into_response());
        };
        let template = Template { parts };
        match body {
            KeptBody::Whole(bytes) => {
                let waits = ExponentialBuilder::default()
                    .with_min_delay(RETRY_WAIT_FIRST)
                    .with_max_delay(RETRY_WAIT_MAX)
                    .with_max_times(RETRIES_MAX)
                    .with_jitter();
                let call = || self.call_once(template.request(Body::from(bytes.clone())));
                call.retry(waits)
                    .when(|error| error.may_pass_at_once() && (repeatable || error.sent_nothing()))
                    .await
            }
            KeptBody::Stream(body) => self.call_once(template.request(body)).await,
        }
    }

    /// One attempt: a span of its own, whose context the service continues.
    async fn call_once(&self, mut request: Request<Body>) -> Result<Response<Body>, CallError> {
        let span = self.span_of(request.method());
        if let Some(context) = TraceContext::of(&span)
            && let Ok(value) = HeaderValue::try_from(context.traceparent())
        {
            request.headers_mut().insert(TRACEPARENT, value);
        }
        let answer = self.attempt(request).instrument(span.clone()).await;
        let outcome = match &answer {
            Ok(response) => {
                span.record("http.response.status_code", response.status().as_u16());
                if response.status().is_server_error() {
                    fail(&span, "server_error");
                }
                "ok"
            }
            Err(error) => {
                fail(&span, error.outcome());
                error.outcome()
            }
        };
        metrics()
            .upstream_requests
            .with_label_values(&[self.name.as_str(), outcome])
            .inc();
        answer
    }

    fn span_of(&self, method: &Method) -> Span {
        let method = if HTTP_METHODS.contains(method) {
            method.as_str()
        } else {
            "_OTHER"
        };
        let service = self.name.as_str();
        tracing::info_span!(
            "upstream request",
            otel.name = format_args!("{method} {service}"),
            otel.kind = "client",
            http.request.method = method,
            http.response.status_code = Empty,
            peer.service = service,
            server.address = self.authority.host(),
            server.port = self.authority.port_u16(),
        )
    }

    async fn attempt(&self, request: Request<Body>) -> Result<Response<Body>, CallError> {
        let call = async {
            match tokio::time::timeout(self.answer_timeout, self.client.request(request)).await {
                Ok(Ok(response)) => Ok(response),
                Ok(Err(error)) if error.is_connect() => Err(CallError::Connect(error)),
                Ok(Err(error)) => Err(CallError::Lost(error)),
                Err(_) => Err(CallError::Timeout),
            }
        };
        match self.circuit.call(call).await {
            Ok(response) => {
                Ok(response.map(|body| Body::new(TimeoutBody::new(BODY_STALL_TIMEOUT, body))))
            }
            Err(recloser::Error::Inner(error)) => Err(error),
            Err(recloser::Error::Rejected) => Err(CallError::CircuitOpen),
        }
    }

    fn address(&self, uri: &Uri) -> Result<Uri, CallError> {
        let path = uri.path_and_query().cloned();
        Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(path.unwrap_or(PathAndQuery::from_static("/")))
            .build()
            .map_err(CallError::Address)
    }
}

impl Service<Request<Body>> for RemoteService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}

/// The head of a request, from which any number of equal ones are made.
struct Template {
    parts: Parts,
}

impl Template {
    fn request(&self, body: Body) -> Request<Body> {
        let mut request = Request::new(body);
        *request.method_mut() = self.parts.method.clone();
        *request.uri_mut() = self.parts.uri.clone();
        *request.headers_mut() = self.parts.headers.clone();
        request
    }
}

enum KeptBody {
    Whole(Bytes),
    Stream(Body),
}

/// A body that says that it is small is read before the call, so that it can be sent again.
/// `None` when it did not come whole.
async fn small_body(headers: &HeaderMap, body: Body) -> Option<KeptBody> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length <= RETRY_BODY_BYTES_MAX => {
            let limit = usize::try_from(length).ok()?;
            to_bytes(body, limit).await.ok().map(KeptBody::Whole)
        }
        None if body.is_end_stream() => Some(KeptBody::Whole(Bytes::new())),
        _ => Some(KeptBody::Stream(body)),
    }
}

/// Whether sending it twice is the same as sending it once: it reads, or its key makes it so.
fn is_repeatable(method: &Method, headers: &HeaderMap) -> bool {
    method.is_safe() || headers.contains_key(IDEMPOTENCY_KEY)
}

/// Tells the service where the request came from; what a client wrote there is gone already.
fn forward_address(headers: &mut HeaderMap, address: ClientAddress) {
    if let Ok(value) = HeaderValue::try_from(address.0.to_string()) {
        headers.insert(FORWARDED_FOR, value);
    }
}
