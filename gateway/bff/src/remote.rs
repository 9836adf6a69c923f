//! A service in another process: a deadline for every call, bounded retries of what may be
//! repeated, and a circuit that opens when the service is gone, so that a client learns it at once.
//! What a client does wrong with its own body says nothing about the service.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::request::Parts;
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use axum::response::IntoResponse;
use backon::{ExponentialBuilder, Retryable};
use futures::future::BoxFuture;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use invoiceapp_http::Problem;
use invoiceapp_http::json::read_body;
use invoiceapp_http::server::{AnswerClock, BodyFailure, ClientAddress, Patience};
use invoiceapp_http::trace::{TRACEPARENT, TraceContext};
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
/// Longest waits for a client's body and for the head of an answer. A body usually fails at the front
/// door's own listener before. An answer may take longer than a service's own wait for its views, and
/// less than the front door's patience with a request.
pub const PATIENCE: Patience = Patience {
    body: Duration::from_secs(125),
    answer: Duration::from_secs(15),
};
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
const RETRY_BODY_BYTES_MAX: usize = 1 << 20;
/// Where a key makes no repetition harmless: a refresh token that comes twice ends its session.
const NEVER_REPEATED: &str = "/api/v1/auth/";

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
    #[error("the client has not sent its body whole")]
    Body(BodyFailure),
}

impl CallError {
    /// Its name in metrics and spans; none when the service has no part in it.
    const fn outcome(&self) -> Option<&'static str> {
        match self {
            Self::Connect(_) | Self::Lost(_) | Self::Address(_) => Some("error"),
            Self::Timeout => Some("timeout"),
            Self::CircuitOpen => Some("circuit_open"),
            Self::Body(_) => None,
        }
    }

    /// Whether another attempt may do better right away. A service that was silent for all its time
    /// would be for another one, and the client has waited long enough.
    const fn may_pass_at_once(&self) -> bool {
        !matches!(self, Self::CircuitOpen | Self::Timeout | Self::Body(_))
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
    patience: Patience,
}

impl RemoteService {
    /// The service of that name at `host:port`, spoken to in plain HTTP/1.1, with that much patience
    /// for each attempt.
    #[must_use]
    pub fn new(name: UpstreamName, authority: Authority, patience: Patience) -> Self {
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
            patience,
        }
    }

    async fn answer(self, request: Request<Body>) -> Response<Body> {
        match self.forward(request).await {
            Ok(response) => response,
            Err(CallError::Body(failure)) => failure.problem().into_response(),
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
        let repeatable = is_repeatable(&parts);
        let body = match kept_body(&parts.headers, body).await {
            Ok(body) => body,
            Err(problem) => return Ok(problem.into_response()),
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
                Some("ok")
            }
            Err(error) => {
                if let Some(outcome) = error.outcome() {
                    fail(&span, outcome);
                }
                error.outcome()
            }
        };
        if let Some(outcome) = outcome {
            metrics()
                .upstream_requests
                .with_label_values(&[self.name.as_str(), outcome])
                .inc();
        }
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

    /// The circuit judges what the service does. A call that the client's body has spoilt is given up
    /// without a judgement.
    async fn attempt(&self, request: Request<Body>) -> Result<Response<Body>, CallError> {
        let clock = AnswerClock::start();
        let request = request.map(|body| clock.watch(body));
        let call = self.call_of_service(request, &clock);
        tokio::select! {
            biased;
            judged = self.circuit.call(call) => match judged {
                Ok(response) => {
                    Ok(response.map(|body| Body::new(TimeoutBody::new(BODY_STALL_TIMEOUT, body))))
                }
                Err(recloser::Error::Inner(error)) => Err(error),
                Err(recloser::Error::Rejected) => Err(CallError::CircuitOpen),
            },
            failure = clock.body_failed(self.patience.body) => Err(CallError::Body(failure)),
        }
    }

    /// What the service says, or how it fails; without an end when it is the client that failed.
    async fn call_of_service(
        &self,
        request: Request<Body>,
        clock: &AnswerClock,
    ) -> Result<Response<Incoming>, CallError> {
        let answered = tokio::select! {
            biased;
            answered = self.client.request(request) => answered,
            () = clock.late(self.patience) => return Err(CallError::Timeout),
        };
        match answered {
            Ok(response) => Ok(response),
            Err(error) if error.is_connect() => Err(CallError::Connect(error)),
            Err(_) if clock.body_failure().is_some() => std::future::pending().await,
            Err(error) => Err(CallError::Lost(error)),
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
async fn kept_body(headers: &HeaderMap, body: Body) -> Result<KeptBody, Problem> {
    let length = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    match length {
        Some(length) if length <= RETRY_BODY_BYTES_MAX => {
            read_body(headers, body, length).await.map(KeptBody::Whole)
        }
        None if body.is_end_stream() => Ok(KeptBody::Whole(Bytes::new())),
        _ => Ok(KeptBody::Stream(body)),
    }
}

/// Whether sending it twice is the same as sending it once: it reads, or its key makes it so.
fn is_repeatable(parts: &Parts) -> bool {
    let by_key = parts.headers.contains_key(IDEMPOTENCY_KEY)
        && !parts.uri.path().starts_with(NEVER_REPEATED);
    parts.method.is_safe() || by_key
}

/// Tells the service where the request came from; what a client wrote there is gone already.
fn forward_address(headers: &mut HeaderMap, address: ClientAddress) {
    if let Ok(value) = HeaderValue::try_from(address.0.to_string()) {
        headers.insert(FORWARDED_FOR, value);
    }
}
