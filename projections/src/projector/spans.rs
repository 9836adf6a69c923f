//! What a projector shows of itself in traces and metrics: each batch linked to the requests whose
//! events it folds, and in the trace of each of those requests that its event has reached the view.

use invoiceapp_observe::TraceContext;
use invoiceapp_observe::metrics::metrics;
use invoiceapp_observe::span::{EVENT_SPANS_MAX, fail, follow, link};
use invoiceapp_schemas::RecordedEvent;
use tracing::Span;

/// A batch at work.
pub(super) struct Batch {
    pub(super) span: Span,
    events: Vec<Span>,
    count: usize,
}

impl Batch {
    /// Begins the spans of a batch and of the first of its events. `view` is what is kept.
    pub(super) fn begin(view: &'static str, events: &[RecordedEvent]) -> Self {
        let span = tracing::info_span!(
            parent: None,
            "project batch",
            otel.name = format_args!("project {view} batch"),
            otel.kind = "consumer",
            messaging.operation.type = "process",
            messaging.batch.message_count = events.len(),
            service = "projector",
        );
        let mut batch = Self {
            span,
            events: Vec::new(),
            count: events.len(),
        };
        if !batch.span.is_disabled() {
            let first = events.iter().take(EVENT_SPANS_MAX);
            let causes: Vec<_> = first.clone().map(cause_of).collect();
            link(&batch.span, causes.iter().copied().flatten());
            let spans = first
                .zip(causes)
                .map(|(event, cause)| of_event(view, event, cause));
            batch.events = spans.collect();
        }
        batch
    }

    /// The batch is written, or another projector was faster.
    pub(super) fn committed(self, view: &'static str) {
        let metrics = metrics();
        let count = u64::try_from(self.count).unwrap_or(u64::MAX);
        metrics
            .projection_events
            .with_label_values(&[view])
            .inc_by(count);
        let count = u32::try_from(self.count).unwrap_or(u32::MAX);
        metrics.projection_batch.observe(f64::from(count));
    }

    /// The batch is not written.
    pub(super) fn failed(self) {
        fail(&self.span, "not_written");
        for span in &self.events {
            fail(span, "not_written");
        }
    }
}

fn of_event(view: &'static str, event: &RecordedEvent, cause: Option<TraceContext>) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "project",
        otel.name = format_args!("project {view}"),
        otel.kind = "consumer",
        messaging.operation.type = "process",
        messaging.message.id = %event.event_id,
        invoiceapp.event = event.event_type,
        invoiceapp.position = event.position,
        service = "projector",
        tenant = event.stream.tenant.as_str(),
    );
    follow(&span, cause);
    span
}

fn cause_of(event: &RecordedEvent) -> Option<TraceContext> {
    let metadata = event.metadata().ok()?;
    TraceContext::parse(metadata.traceparent.as_deref()?)
}
