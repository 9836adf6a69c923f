//! The layers around a service's router, the same for every service: trace context, one log line
//! and metrics per request, problem+json for every error however it came about, panics caught,
//! headers that always go out.

use std::any::Any;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Extensions, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use invoiceapp_access::Gate;
use invoiceapp_domain::{Ambient, TenantId};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::code::Code;
use crate::metrics::{Answered, HttpMetrics};
use crate::problem::Problem;
use crate::server::TraceSlot;
use crate::trace::{TraceContext, of_request};

/// The route label of a request that no route matched.
pub const ROUTE_UNMATCHED: &str = "unmatched";

/// What the extractors of this crate need from the process.
#[derive(Debug, Clone)]
pub struct SharedParts {
    /// Checks tokens and permissions.
    pub gate: Arc<Gate>,
    /// Time and fresh identities.
    pub ambient: Arc<dyn Ambient>,
}

impl SharedParts {
    /// The parts that the shell put into a request.
    ///
    /// # Errors
    /// 500 when the router was not wrapped by [`Shell::wrap`], which is a mistake of the program.
    pub fn of(extensions: &Extensions) -> Result<Self, Problem> {
        extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!("a router is served without its shell");
            Problem::new(Code::InternalError)
        })
    }
}

/// What becomes known about a request while it is served, for its span and the lines inside of it.
#[derive(Debug, Clone)]
pub struct RequestFacts(Arc<Facts>);

#[derive(Debug)]
struct Facts {
    tenant: OnceLock<TenantId>,
    span: Span,
}

impl RequestFacts {
    /// Remembers whose request it is.
    pub fn set_tenant(&self, tenant: &TenantId) {
        // Twice when two extractors authenticate; the token is the same.
        if self.0.tenant.set(tenant.clone()).is_ok() {
            self.0.span.record("tenant", tenant.as_str());
        }
    }
}

/// In a response: the route's label, where the router's own pattern says too little (a gateway).
#[derive(Debug, Clone, Copy)]
pub struct RouteLabel(pub &'static str);

/// Wraps the routers of one service.
#[derive(Debug, Clone)]
pub struct Shell {
    service: &'static str,
    shared: SharedParts,
    metrics: HttpMetrics,
}

impl Shell {
    /// A shell for the service of that name (`invoice`, `bff`); the name is in logs and metrics.
    #[must_use]
    pub fn new(service: &'static str, shared: SharedParts, metrics: HttpMetrics) -> Self {
        Self {
            service,
            shared,
            metrics,
        }
    }

    /// Puts the layers around a router. Call it last, once, on a router that has its state.
    pub fn wrap(&self, router: Router) -> Router {
        router
            .layer(CatchPanicLayer::custom(panic_answer))
            .layer(from_fn(fill_problem))
            .layer(from_fn_with_state(self.clone(), observe))
    }
}

/// The message of a panic may hold anything, so it is not repeated; the panic hook has printed it.
fn panic_answer(_message: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Problem::new(Code::InternalError).into_response()
}

/// Every error answer becomes a problem that names its request.
async fn fill_problem(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let trace_id = request
        .extensions()
        .get::<TraceContext>()
        .map(TraceContext::trace_id);
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<Problem>();
    let problem = match problem {
        Some(problem) => problem,
        None if needs_problem(&response) => Problem::new(Code::for_status(response.status())),
        None => return response,
    };
    let mut filled = problem.response(Some(path), trace_id);
    let headers = response.headers_mut();
    for describes_old_body in [
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
        header::ETAG,
    ] {
        headers.remove(describes_old_body);
    }
    for (name, value) in filled.headers() {
        headers.insert(name, value.clone());
    }
    *filled.headers_mut() = std::mem::take(headers);
    *filled.extensions_mut() = std::mem::take(response.extensions_mut());
    filled
}

/// Plain text or nothing at all is what libraries answer with; JSON was written on purpose.
fn needs_problem(response: &Response) -> bool {
    let failed = response.status().is_client_error() || response.status().is_server_error();
    let media_type = response.headers().get(header::CONTENT_TYPE);
    failed && media_type.is_none_or(|value| value.as_bytes().starts_with(b"text/plain"))
}

async fn observe(State(shell): State<Shell>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method_label(request.method());
    let pattern = request.extensions().get::<MatchedPath>().cloned();
    let span = span_of(shell.service, method);
    let trace = of_request(&span, request.headers(), shell.shared.ambient.as_ref());
    let exported = TraceContext::of(&span);
    if exported.is_none() {
        span.record("trace_id", trace.trace_id());
    }
    let facts = RequestFacts(Arc::new(Facts {
        tenant: OnceLock::new(),
        span: span.clone(),
    }));
    if let Some(slot) = request.extensions().get::<TraceSlot>() {
        slot.fill(trace);
    }
    request.extensions_mut().insert(trace);
    request.extensions_mut().insert(facts);
    request.extensions_mut().insert(shell.shared.clone());

    let in_flight = shell.metrics.begin(shell.service);
    let mut response = next.run(request).instrument(span.clone()).await;
    drop(in_flight);

    let label = response.extensions().get::<RouteLabel>();
    let route = match (label, &pattern) {
        (Some(label), _) => label.0,
        (None, Some(pattern)) => pattern.as_str(),
        (None, None) => ROUTE_UNMATCHED,
    };
    let answered = Answered {
        method,
        route,
        status: response.status(),
        duration: started.elapsed(),
        trace: exported,
    };
    shell.metrics.record(shell.service, &answered);
    span.in_scope(|| conclude(&span, &answered));
    set_constant_headers(&mut response);
    response
}

/// The span of a request. The names are those of OpenTelemetry's conventions for HTTP; the path and
/// the query are not in it, because they are the client's.
fn span_of(service: &'static str, method: &'static str) -> Span {
    tracing::info_span!(
        "request",
        otel.name = method,
        otel.kind = "server",
        http.request.method = method,
        http.route = Empty,
        http.response.status_code = Empty,
        service,
        tenant = Empty,
        trace_id = Empty,
    )
}

/// One line, and what the span says about the request's end.
fn conclude(span: &Span, request: &Answered<'_>) {
    let Answered {
        method,
        route,
        status,
        duration,
        ..
    } = *request;
    invoiceapp_observe::span::rename(span, format!("{method} {route}"));
    tracing::record_all!(
        span,
        http.route = route,
        http.response.status_code = status.as_u16()
    );
    if status.is_server_error() {
        // What a client did wrong is no failure of the server.
        invoiceapp_observe::span::fail(span, "server_error");
    }
    // No query, body, token or address: the line may leave this machine. Service, tenant and trace
    // are the span's.
    tracing::info!(
        method,
        route,
        status = status.as_u16(),
        duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
}

/// A client may invent methods; a label may not grow with them.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

const CONSTANT_HEADERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

/// Answers are somebody's data unless the handler says otherwise.
fn set_constant_headers(response: &mut Response) {
    let switching = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    for (name, value) in CONSTANT_HEADERS {
        headers.entry(name).or_insert(value);
    }
    if !switching {
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
}
