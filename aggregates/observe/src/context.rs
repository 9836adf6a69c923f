//! W3C trace context: what ties a request to its logs, its events and its error answer.

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACE_ID_DIGITS: usize = 32;
const SPAN_ID_DIGITS: usize = 16;

/// Identity of one piece of work within a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
}

impl TraceContext {
    /// A context of these ids; nothing when one of them is zero, which no context may have.
    #[must_use]
    pub const fn new(trace_id: u128, span_id: u64, sampled: bool) -> Option<Self> {
        if trace_id == 0 || span_id == 0 {
            return None;
        }
        Some(Self {
            trace_id,
            span_id,
            sampled,
        })
    }

    /// Begins a trace whose ids are made of a random number (a UUIDv7 will do: its low half is random).
    #[must_use]
    pub fn begin(random: u128) -> Self {
        let low_half = u64::try_from(random & u128::from(u64::MAX)).unwrap_or(1);
        Self {
            trace_id: random.max(1),
            span_id: low_half.max(1),
            sampled: true,
        }
    }

    /// Reads a `traceparent` of version 00, or of a later version that begins alike.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let version = lower_hex(parts.next()?, 2)?;
        let trace_id = lower_hex(parts.next()?, TRACE_ID_DIGITS)?;
        let span_id = u64::try_from(lower_hex(parts.next()?, SPAN_ID_DIGITS)?).ok()?;
        let flags = lower_hex(parts.next()?, 2)?;
        let version_known = version != 0xff && (version != 0 || parts.next().is_none());
        if !version_known {
            return None;
        }
        Self::new(trace_id, span_id, flags & 1 == 1)
    }

    /// The identity that a span has where spans are exported; nothing where they are not.
    #[must_use]
    pub fn of(span: &Span) -> Option<Self> {
        Self::of_context(span.context().span().span_context())
    }

    /// The identity of the span that is entered here and now.
    #[must_use]
    pub fn current() -> Option<Self> {
        opentelemetry::Context::map_current(|context| {
            Self::of_context(context.span().span_context())
        })
    }

    fn of_context(context: &SpanContext) -> Option<Self> {
        Self::new(
            u128::from_be_bytes(context.trace_id().to_bytes()),
            u64::from_be_bytes(context.span_id().to_bytes()),
            context.is_sampled(),
        )
    }

    /// This span in another trace.
    #[must_use]
    pub const fn within(self, other: Self) -> Self {
        Self {
            span_id: self.span_id,
            ..other
        }
    }

    /// The trace id: 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The trace id as a number; a correlation id is made of it.
    #[must_use]
    pub const fn trace_number(&self) -> u128 {
        self.trace_id
    }

    /// Whether the trace is one of those that are kept.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// The span id as a number.
    #[must_use]
    pub const fn span_number(&self) -> u64 {
        self.span_id
    }

    /// The span id: 16 lower-case hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span_id)
    }

    /// The header for whatever this work calls in turn.
    #[must_use]
    pub fn traceparent(&self) -> String {
        let flags = u8::from(self.sampled);
        format!(
            "00-{:032x}-{:016x}-{flags:02x}",
            self.trace_id, self.span_id
        )
    }

    /// The context as one that came from another process.
    pub(crate) fn remote(self) -> SpanContext {
        SpanContext::new(
            TraceId::from_bytes(self.trace_id.to_be_bytes()),
            SpanId::from_bytes(self.span_id.to_be_bytes()),
            TraceFlags::NOT_SAMPLED.with_sampled(self.sampled),
            true,
            TraceState::NONE,
        )
    }
}

fn lower_hex(text: &str, digits: usize) -> Option<u128> {
    let valid = text.len() == digits
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if valid {
        u128::from_str_radix(text, 16).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_valid_traceparent_survives_the_round_trip() {
        let context = TraceContext::parse(EXAMPLE).unwrap();
        assert_eq!(context.traceparent(), EXAMPLE);
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(context.span_id(), "00f067aa0ba902b7");
        assert_eq!(
            TraceContext::of_context(&context.remote()),
            Some(context),
            "by the exporter's types too"
        );
    }

    #[test]
    fn a_traceparent_that_breaks_the_grammar_is_ignored() {
        for text in [
            "",
            "00",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceContext::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_span_that_nobody_exports_has_no_identity() {
        assert_eq!(TraceContext::of(&tracing::info_span!("work")), None);
        assert_eq!(TraceContext::current(), None);
    }
}
