//! What the relay shows of itself in traces: each event as a part of the request that it came of, each
//! batch linked to what it carries. The names are those of OpenTelemetry's conventions for messaging.

use invoiceapp_observe::TraceContext;
use invoiceapp_observe::span::{EVENT_SPANS_MAX, fail, follow, link};
use tracing::Span;
use tracing::field::Empty;

use crate::encoder::Prepared;

/// The span of a relay that has got the lease, until it knows where to go on.
pub(crate) fn of_takeover() -> Span {
    tracing::info_span!(parent: None, "relay takeover", otel.kind = "internal", service = "relay")
}

/// The takeover came to nothing.
pub(crate) fn not_taken_over(span: &Span) {
    fail(span, "not_taken_over");
}

/// The span of a batch, from its first record on the way to the last one's confirmation and the
/// checkpoint behind it.
pub(crate) fn of_batch(records: &[Prepared]) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "relay batch",
        otel.kind = "producer",
        messaging.system = "kafka",
        messaging.operation.type = "send",
        messaging.batch.message_count = records.len(),
        service = "relay",
    );
    link(&span, records.iter().filter_map(|record| record.cause));
    span
}

/// The span of one record; none for what a batch carries beyond the first few.
pub(crate) fn of_record(nth: usize, record: &Prepared) -> Span {
    if nth >= EVENT_SPANS_MAX {
        return Span::none();
    }
    let span = tracing::info_span!(
        parent: None,
        "send",
        otel.name = format_args!("send {}", record.topic),
        otel.kind = "producer",
        messaging.system = "kafka",
        messaging.operation.name = "send",
        messaging.operation.type = "send",
        messaging.destination.name = &*record.topic,
        messaging.destination.partition.id = record.partition,
        messaging.kafka.offset = Empty,
        messaging.message.id = %record.event_id,
        invoiceapp.position = record.position,
        service = "relay",
        tenant = record.tenant.as_str(),
    );
    follow(&span, record.cause);
    span
}

/// The broker has confirmed the record, at this offset.
pub(crate) fn delivered(span: &Span, offset: i64) {
    span.record("messaging.kafka.offset", offset);
}

/// The broker has not.
pub(crate) fn failed(span: &Span) {
    fail(span, "delivery_failed");
}

/// The context that an event was stored with.
pub(crate) fn cause(traceparent: Option<&str>) -> Option<TraceContext> {
    traceparent.and_then(TraceContext::parse)
}
