//! W3C trace context: what ties a request to its logs, its events and its error answer.
//!
//! An inbound `traceparent` is taken up; `baggage` and `tracestate` are not.

use axum::http::{HeaderMap, HeaderName};
use invoiceapp_domain::Ambient;
use uuid::Uuid;

/// The header of W3C Trace Context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

const TRACE_ID_DIGITS: usize = 32;
const SPAN_ID_DIGITS: usize = 16;

/// Identity of one request within a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
}

impl TraceContext {
    /// Continues the client's trace, or begins one.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap, ambient: &dyn Ambient) -> Self {
        let fresh = ambient.new_id().as_u128();
        let parent = headers
            .get(TRACEPARENT)
            .and_then(|value| value.to_str().ok())
            .and_then(Self::parse);
        // The low half of a UUIDv7 is its random part.
        let span_id = u64::try_from(fresh & u128::from(u64::MAX))
            .unwrap_or(1)
            .max(1);
        Self {
            trace_id: parent.map_or(fresh.max(1), |parent| parent.trace_id),
            span_id,
            sampled: parent.is_none_or(|parent| parent.sampled),
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
        (version_known && trace_id != 0 && span_id != 0).then_some(Self {
            trace_id,
            span_id,
            sampled: flags & 1 == 1,
        })
    }

    /// The trace id: 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }

    /// The trace id as the correlation id of the events that come of the request.
    #[must_use]
    pub fn correlation_id(&self) -> Uuid {
        Uuid::from_u128(self.trace_id)
    }

    /// The header for whatever this request calls in turn.
    #[must_use]
    pub fn traceparent(&self) -> String {
        let flags = u8::from(self.sampled);
        format!(
            "00-{:032x}-{:016x}-{flags:02x}",
            self.trace_id, self.span_id
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
}
