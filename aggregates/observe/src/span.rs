//! Spans that continue what began in another process or at another time.
//!
//! Work with one cause (a request that was passed on, an event that is published, a job) is a child of
//! it, so that one trace shows all that a request set in motion. Work with several causes (a batch)
//! links to them.

use opentelemetry::trace::TraceContextExt;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::context::TraceContext;

/// Most links of one span; a batch that carries more shows the first of them.
pub const LINKS_MAX: usize = 64;
/// Most events of one batch that get a span of their own; the batch's span counts all of them.
pub const EVENT_SPANS_MAX: usize = 64;

/// Makes a span that was not entered yet the child of a context from elsewhere.
pub fn follow(span: &Span, cause: Option<TraceContext>) {
    let Some(cause) = cause.filter(|_| !span.is_disabled()) else {
        return;
    };
    let parent = opentelemetry::Context::new().with_remote_span_context(cause.remote());
    // Fails where no spans are exported, and then nobody misses the parent.
    let _ = span.set_parent(parent);
}

/// The same with a `traceparent` as it was stored with an event.
pub fn follow_traceparent(span: &Span, traceparent: Option<&str>) {
    if !span.is_disabled() {
        follow(span, traceparent.and_then(TraceContext::parse));
    }
}

/// Links a span to the contexts that it works for, the first [`LINKS_MAX`] of them, each once.
pub fn link(span: &Span, causes: impl IntoIterator<Item = TraceContext>) {
    if span.is_disabled() {
        return;
    }
    let mut linked: Vec<TraceContext> = Vec::new();
    for cause in causes {
        if linked.len() == LINKS_MAX {
            return;
        }
        if !linked.contains(&cause) {
            linked.push(cause);
            span.add_link(cause.remote());
        }
    }
}

/// Names a span anew, once it is known what it is about.
pub fn rename(span: &Span, name: String) {
    if !span.is_disabled() {
        span.context().span().update_name(name);
    }
}

/// Says that the work of a span failed, by a word of a bounded set (`timeout`, `unavailable`).
pub fn fail(span: &Span, kind: &'static str) {
    if !span.is_disabled() {
        span.set_attribute("error.type", kind);
        // No description: an error's text may name what no trace should.
        span.set_status(opentelemetry::trace::Status::error(""));
    }
}
