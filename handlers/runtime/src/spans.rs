//! What a reactor shows of itself in traces and metrics. Work on one event or one job is a part of the
//! trace of the request that set it in motion.

use std::time::Duration;

use invoiceapp_observe::TraceContext;
use invoiceapp_observe::metrics::metrics;
use invoiceapp_observe::span::{fail, follow, follow_traceparent, link};
use tracing::Span;
use tracing::field::Empty;

use crate::job::{Claim, Job, JobSource, PlanBatch, Verdict};

/// The span of planning one event.
pub(crate) fn of_plan(reactor: &'static str, source: &JobSource) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "plan",
        otel.name = format_args!("plan {reactor}"),
        otel.kind = "consumer",
        messaging.operation.type = "process",
        messaging.message.id = %source.event_id,
        invoiceapp.position = source.position,
        service = reactor,
        tenant = source.stream.tenant.as_str(),
    );
    follow_traceparent(&span, source.traceparent.as_deref());
    span
}

/// The span of the transaction that plans a batch: a part of the one request that has set its jobs
/// in motion, or linked to all of them. A batch that comes to no job has none, as most have.
pub(crate) fn of_plans(reactor: &'static str, batch: &PlanBatch) -> Span {
    if batch.jobs.is_empty() {
        return Span::none();
    }
    let span = tracing::info_span!(
        parent: None,
        "plan batch",
        otel.name = format_args!("plan {reactor} batch"),
        otel.kind = "internal",
        invoiceapp.jobs = batch.jobs.len(),
        service = reactor,
    );
    if span.is_disabled() {
        return span;
    }
    let traceparents = batch.jobs.iter().map(|job| &job.source.traceparent);
    let causes = traceparents.filter_map(|text| TraceContext::parse(text.as_deref()?));
    let mut causes: Vec<TraceContext> = causes.collect();
    causes.dedup();
    match causes.as_slice() {
        [cause] => follow(&span, Some(*cause)),
        causes => link(&span, causes.iter().copied()),
    }
    span
}

/// Whose trace a claim belongs to: the one of the job that it got.
pub(crate) fn of_claimed(claim: &Option<Claim>) -> Option<TraceContext> {
    let source = &claim.as_ref()?.job.source;
    TraceContext::parse(source.traceparent.as_deref()?)
}

/// The span of one attempt of a job.
pub(crate) fn of_attempt(reactor: &'static str, job: &Job) -> Span {
    let source = &job.source;
    let span = tracing::info_span!(
        parent: None,
        "job",
        otel.name = format_args!("job {reactor}"),
        otel.kind = "consumer",
        messaging.operation.type = "process",
        messaging.message.id = %source.event_id,
        invoiceapp.job = %job.id,
        invoiceapp.attempt = job.attempt,
        invoiceapp.position = source.position,
        invoiceapp.outcome = Empty,
        service = reactor,
        tenant = source.stream.tenant.as_str(),
    );
    follow_traceparent(&span, source.traceparent.as_deref());
    span
}

/// What the attempt came to; nothing when its lease was lost.
pub(crate) fn attempted(
    reactor: &'static str,
    span: &Span,
    verdict: Option<&Verdict>,
    took: Duration,
) {
    let outcome = outcome_of(verdict);
    span.record("invoiceapp.outcome", outcome);
    if matches!(outcome, "retry" | "unavailable" | "parked") {
        fail(span, outcome);
    }
    let metrics = metrics();
    metrics
        .job_attempts
        .with_label_values(&[reactor, outcome])
        .inc();
    let trace = TraceContext::of(span);
    metrics
        .job_duration
        .observe(&[reactor], took.as_secs_f64(), trace);
}

const fn outcome_of(verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        None => "lost",
        Some(Verdict::Done) => "done",
        Some(Verdict::Retry { counted: true, .. }) => "retry",
        Some(Verdict::Retry { counted: false, .. }) => "unavailable",
        Some(Verdict::Wait { .. }) => "waiting",
        Some(Verdict::Park { .. }) => "parked",
        Some(Verdict::Cancel { .. }) => "cancelled",
    }
}
