//! From events to jobs. Job rows and checkpoint are one transaction: a crash before it plans again
//! under the same dedupe keys, a crash after it has nothing left to do.

use invoiceapp_schemas::RecordedEvent;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, warn};
use uuid::Uuid;

use crate::job::{JobSource, PlanBatch, PlannedJob};
use crate::jobs::JobStoreError;
use crate::reactor::{NewJob, PlanError, Reactor};
use crate::runtime::{ReactorRuntime, RuntimeError};
use crate::spans;

/// Most events that one transaction plans.
pub(crate) const PLAN_EVENTS_MAX: usize = 500;

/// Plans until cancelled.
pub(crate) async fn run(runtime: &ReactorRuntime, cancel: &CancellationToken) {
    let mut failures = 0_u32;
    while !cancel.is_cancelled() {
        match plan_batch(runtime).await {
            Ok((0, position)) => {
                failures = 0;
                tokio::select! {
                    () = cancel.cancelled() => {}
                    () = runtime.parts.feed.wait(position) => {}
                }
            }
            Ok(_) => failures = 0,
            Err(error) => {
                failures = failures.saturating_add(1);
                pause_after_failure(runtime, cancel, failures, &error).await;
            }
        }
    }
}

/// Waits out an outage of feed or store, longer each time.
pub(crate) async fn pause_after_failure(
    runtime: &ReactorRuntime,
    cancel: &CancellationToken,
    failures: u32,
    failure: &RuntimeError,
) {
    let delay = runtime.parts.settings.outage.delay(failures, Uuid::nil());
    let cause = std::error::Error::source(failure).map(ToString::to_string);
    warn!(
        reactor = runtime.name(),
        failures,
        ?delay,
        cause,
        "{failure}"
    );
    tokio::select! {
        () = cancel.cancelled() => {}
        () = tokio::time::sleep(delay) => {}
    }
}

/// Plans until the feed has no more for now.
pub(crate) async fn plan_available(runtime: &ReactorRuntime) -> Result<usize, RuntimeError> {
    let mut events = 0;
    loop {
        match plan_batch(runtime).await? {
            (0, _) => return Ok(events),
            (count, _) => events += count,
        }
    }
}

/// Plans one batch. Returns how many events it had and the checkpoint.
async fn plan_batch(runtime: &ReactorRuntime) -> Result<(usize, u64), RuntimeError> {
    let reactor = runtime.name();
    let jobs = &runtime.parts.jobs;
    let from = jobs
        .checkpoint(reactor)
        .await?
        .ok_or_else(|| JobStoreError::Unregistered {
            reactor: reactor.to_owned(),
        })?;
    let events = runtime.parts.feed.read(from, PLAN_EVENTS_MAX).await?;
    let Some(last) = events.last() else {
        return Ok((0, from));
    };
    let to = last.position;
    let mut batch = PlanBatch::default();
    for event in &events {
        match plan_event(runtime.reactor.as_ref(), event, &mut batch) {
            Ok(()) => {}
            Err(error) => park_event(reactor, event, &error, &mut batch),
        }
    }
    // False: another process planned these events. Reading again from its checkpoint is right.
    let _committed = jobs
        .commit_plan(reactor, (from, to), &batch, runtime.now())
        .instrument(spans::of_plans(reactor, &batch))
        .await?;
    runtime.work.notify_one();
    Ok((events.len(), to))
}

/// Adds what one event comes to.
pub(crate) fn plan_event(
    reactor: &dyn Reactor,
    event: &RecordedEvent,
    batch: &mut PlanBatch,
) -> Result<(), PlanError> {
    let plan = reactor.plan(event)?;
    if plan.jobs.is_empty() {
        batch.wake.extend(plan.wake);
        batch.cancel.extend(plan.cancel);
        return Ok(());
    }
    let source = JobSource::of(event);
    // Of the events that come to something only: most are not this reactor's business.
    let _shown = spans::of_plan(reactor.name(), &source).entered();
    for (ordinal, job) in (0..).zip(plan.jobs) {
        batch.jobs.push(PlannedJob {
            job,
            source: source.clone(),
            ordinal,
            parked: None,
        });
    }
    batch.wake.extend(plan.wake);
    batch.cancel.extend(plan.cancel);
    Ok(())
}

/// Keeps the place of an event that cannot be planned: the later jobs of its stream wait behind it.
fn park_event(
    reactor: &'static str,
    event: &RecordedEvent,
    failure: &PlanError,
    batch: &mut PlanBatch,
) {
    let position = event.position;
    error!(reactor, position, event_type = %event.event_type, "{failure}");
    batch.jobs.push(PlannedJob {
        job: NewJob {
            dedupe_key: format!("plan/{}", event.event_id),
            key: event.stream.aggregate_id(),
            payload: Value::Null,
        },
        source: JobSource::of(event),
        ordinal: 0,
        parked: Some(failure.reason.clone()),
    });
}
