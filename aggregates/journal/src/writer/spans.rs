//! What the writer shows of itself in traces: each append as a part of the request that asked for it,
//! each batch as what it carries.

use invoiceapp_observe::TraceContext;
use invoiceapp_observe::span::{fail, follow, link};
use tracing::Span;
use tracing::field::Empty;

use super::observe::AppendOutcome;
use crate::port::{Append, AppendError, Committed};

/// The span of an append, from the queue to the answer.
pub(super) fn of_append(append: &Append) -> Span {
    tracing::info_span!(
        "journal append",
        otel.kind = "internal",
        invoiceapp.aggregate = append.stream.kind.as_str(),
        invoiceapp.outcome = Empty,
        invoiceapp.position = Empty,
        invoiceapp.version = Empty,
    )
}

/// What the append came to.
pub(super) fn answered(span: &Span, answer: &Result<Committed, AppendError>) {
    if span.is_disabled() {
        return;
    }
    let outcome = AppendOutcome::of(answer);
    span.record("invoiceapp.outcome", outcome.as_str());
    match answer {
        Ok(committed) => {
            span.record("invoiceapp.position", committed.position);
            span.record("invoiceapp.version", committed.version);
        }
        // A conflict is decided again, and a refusal is an answer.
        Err(_) if outcome == AppendOutcome::Unavailable => fail(span, "unavailable"),
        Err(_) => {}
    }
}

/// The span of a batch: a part of the one append that it carries, or linked to all of them.
pub(super) fn of_batch(system: &'static str, causes: &[Option<TraceContext>]) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "journal commit",
        otel.kind = "client",
        db.system.name = system,
        db.operation.name = "INSERT",
        db.collection.name = "events",
        db.operation.batch.size = causes.len(),
    );
    match causes {
        [cause] => follow(&span, *cause),
        causes => link(&span, causes.iter().copied().flatten()),
    }
    span
}

/// The batch was not written.
pub(super) fn failed(span: &Span) {
    fail(span, "unavailable");
}
