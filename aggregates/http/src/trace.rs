//! The trace context of a request: continued from the client's, or begun here.
//!
//! An inbound `traceparent` is taken up; `baggage` and `tracestate` are not.

use axum::http::{HeaderMap, HeaderName};
use invoiceapp_domain::Ambient;
pub use invoiceapp_observe::TraceContext;
use invoiceapp_observe::span::follow;
use tracing::Span;

/// The header of W3C Trace Context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The context that the client sent along.
#[must_use]
pub fn of_client(headers: &HeaderMap) -> Option<TraceContext> {
    headers
        .get(TRACEPARENT)
        .and_then(|value| value.to_str().ok())
        .and_then(TraceContext::parse)
}

/// Continues the client's trace, or begins one, with an identity of our own in it.
#[must_use]
pub fn from_headers(headers: &HeaderMap, ambient: &dyn Ambient) -> TraceContext {
    let begun = TraceContext::begin(ambient.new_id().as_u128());
    of_client(headers).map_or(begun, |client| begun.within(client))
}

/// The identity of a request that a span was opened for: the span's own where spans are exported, and
/// otherwise one that is made for it.
#[must_use]
pub fn of_request(span: &Span, headers: &HeaderMap, ambient: &dyn Ambient) -> TraceContext {
    follow(span, of_client(headers));
    TraceContext::of(span).unwrap_or_else(|| from_headers(headers, ambient))
}
