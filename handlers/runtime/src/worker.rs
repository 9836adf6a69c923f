//! From jobs to effects: claim, act under a lease that is renewed, write the verdict under the
//! claim's fence.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span, error, info, warn};

use crate::job::{Claim, Job, JobKind, PlanBatch, Ticket, Verdict};
use crate::lease::Lease;
use crate::planner::{pause_after_failure, plan_event};
use crate::reactor::Outcome;
use crate::runtime::{ReactorRuntime, RuntimeError};
use crate::spans;

/// Longest idle time without looking at the store, so that a clock that was set forward, or another
/// process's job, is noticed.
const IDLE_TIME_MAX: Duration = Duration::from_secs(5);
/// Shortest idle time: no error of the clock can turn waiting into a busy loop.
const IDLE_TIME_MIN: Duration = Duration::from_millis(10);
/// Leases are renewed after this part of their length.
const RENEWALS_PER_LEASE: u32 = 3;

/// Pause between two rounds of pruning.
const PRUNE_EVERY: Duration = Duration::from_hours(1);
/// Most jobs that one round prunes.
const PRUNE_JOBS_MAX: u32 = 1_000;

/// Works until cancelled, then drains.
pub(crate) async fn run(runtime: &ReactorRuntime, cancel: &CancellationToken) {
    let permits = Arc::new(Semaphore::new(runtime.parts.settings.workers.get()));
    let acts = TaskTracker::new();
    let abandon = CancellationToken::new();
    let (mut failures, mut prune_at) = (0_u32, runtime.now());
    let mut news = runtime.parts.jobs.subscribe(runtime.name());
    while let Some(Ok(permit)) = cancel
        .run_until_cancelled(Arc::clone(&permits).acquire_owned())
        .await
    {
        match claim(runtime).await {
            Ok(Some(claim)) => {
                failures = 0;
                let (runtime, abandon) = (runtime.clone(), abandon.clone());
                acts.spawn(async move {
                    // Abandoning drops the act; its lease runs out and the job is claimed again.
                    abandon
                        .run_until_cancelled(work_and_log(&runtime, claim))
                        .await;
                    drop(permit);
                    runtime.work.notify_one();
                });
            }
            Ok(None) => {
                drop(permit);
                if runtime.now() >= prune_at {
                    prune_at = runtime.after(PRUNE_EVERY);
                    prune(runtime).await;
                }
                match wait_for_work(runtime, cancel, news.as_mut()).await {
                    Ok(()) => failures = 0,
                    Err(error) => {
                        failures = failures.saturating_add(1);
                        pause_after_failure(runtime, cancel, failures, &error).await;
                    }
                }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                pause_after_failure(runtime, cancel, failures, &error).await;
            }
        }
    }
    acts.close();
    if tokio::time::timeout(runtime.parts.settings.drain_time_max, acts.wait())
        .await
        .is_err()
    {
        warn!(
            reactor = runtime.name(),
            acts = acts.len(),
            "acts are abandoned at shutdown"
        );
        abandon.cancel();
        acts.wait().await;
    }
}

/// Works on what is due, one after the other.
pub(crate) async fn run_due(runtime: &ReactorRuntime) -> Result<usize, RuntimeError> {
    let mut acts = 0;
    while let Some(claim) = claim(runtime).await? {
        work(runtime, claim).await?;
        acts += 1;
    }
    Ok(acts)
}

async fn claim(runtime: &ReactorRuntime) -> Result<Option<Claim>, RuntimeError> {
    let until = runtime.after(runtime.parts.settings.lease);
    Ok(runtime
        .parts
        .jobs
        .claim(runtime.name(), runtime.now(), until)
        .await?)
}

/// Housekeeping: nothing depends on its success.
async fn prune(runtime: &ReactorRuntime) {
    let finished_before = runtime.before(runtime.parts.settings.keep_finished);
    if let Err(failure) = runtime
        .parts
        .jobs
        .prune(finished_before, PRUNE_JOBS_MAX)
        .await
    {
        warn!(reactor = runtime.name(), "{failure}");
    }
}

/// Sleeps until the next job is due, at most [`IDLE_TIME_MAX`], or until told that there is work, here
/// or in another process.
async fn wait_for_work(
    runtime: &ReactorRuntime,
    cancel: &CancellationToken,
    news: Option<&mut watch::Receiver<u64>>,
) -> Result<(), RuntimeError> {
    let next = runtime.parts.jobs.next_due(runtime.name()).await?;
    let idle = next.map_or(IDLE_TIME_MAX, |due_at| {
        let wait = due_at.duration_since(runtime.now());
        Duration::try_from(wait)
            .unwrap_or_default()
            .clamp(IDLE_TIME_MIN, IDLE_TIME_MAX)
    });
    tokio::select! {
        () = cancel.cancelled() => {}
        () = runtime.work.notified() => {}
        () = heard(news) => {}
        () = tokio::time::sleep(idle) => {}
    }
    Ok(())
}

/// Returns when another process may have made jobs claimable; never where there is none.
async fn heard(news: Option<&mut watch::Receiver<u64>>) {
    if let Some(news) = news
        && news.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}

async fn work_and_log(runtime: &ReactorRuntime, claim: Claim) {
    let job = claim.job.id;
    if let Err(failure) = work(runtime, claim).await {
        let cause = std::error::Error::source(&failure).map(ToString::to_string);
        // The verdict is not written: the lease runs out, and the job is worked on again.
        warn!(reactor = runtime.name(), %job, cause, "{failure}");
    }
}

/// One claimed job, from the claim to its verdict.
async fn work(runtime: &ReactorRuntime, claim: Claim) -> Result<(), RuntimeError> {
    let span = spans::of_attempt(runtime.name(), &claim.job);
    attempt(runtime, claim).instrument(span).await
}

async fn attempt(runtime: &ReactorRuntime, claim: Claim) -> Result<(), RuntimeError> {
    let began = Instant::now();
    let attempted = |verdict: Option<&Verdict>| {
        spans::attempted(runtime.name(), &Span::current(), verdict, began.elapsed());
    };
    let (job, ticket) = (&claim.job, claim.ticket);
    if claim.abandoned > 0 {
        let times = claim.abandoned;
        warn!(reactor = runtime.name(), job = %job.id, times, "a job was abandoned, and is taken up");
    }
    if claim.abandoned >= runtime.parts.settings.attempts_without_end_max {
        // Time and again nobody said how it ended: the job kills the process that works on it.
        let reason = "no attempt came to an end".to_owned();
        let verdict = Verdict::Park { reason, cut: true };
        attempted(Some(&verdict));
        return finish(runtime, job, ticket, verdict).await;
    }
    match job.kind {
        JobKind::Plan => plan_again(runtime, job, ticket).await,
        JobKind::Act => match act(runtime, &claim).await {
            Some(ended) => {
                let verdict = verdict(runtime, &claim, ended);
                attempted(Some(&verdict));
                finish(runtime, job, ticket, verdict).await
            }
            None => {
                attempted(None);
                warn!(reactor = runtime.name(), job = %job.id, "the lease was lost");
                Ok(())
            }
        },
    }
}

/// How an act came to its end.
enum Ended {
    /// It said so.
    Said(Outcome),
    /// It was cut off and could not say what it has done: this is why.
    Cut(&'static str),
}

/// Acts under a lease that is kept alive. `None` when the lease was lost: the act was dropped.
async fn act(runtime: &ReactorRuntime, claim: &Claim) -> Option<Ended> {
    let settings = &runtime.parts.settings;
    let lease = Lease::new(Arc::clone(&runtime.parts.jobs), claim.ticket);
    let act = AssertUnwindSafe(runtime.reactor.act(&claim.job, &lease)).catch_unwind();
    let bounded = tokio::time::timeout(settings.act_time_max, act);
    tokio::select! {
        ended = bounded => Some(match ended {
            Ok(Ok(outcome)) => Ended::Said(outcome),
            Ok(Err(_panic)) => Ended::Cut("the reactor panicked"),
            Err(_elapsed) => Ended::Cut("the act took too long"),
        }),
        () = renew_until_lost(runtime, claim.ticket) => None,
    }
}

/// Renews a lease for as long as it can be renewed; returns when another worker has the job. While
/// the store is down nobody can take the job either, so the act goes on.
async fn renew_until_lost(runtime: &ReactorRuntime, ticket: Ticket) {
    let lease = runtime.parts.settings.lease;
    loop {
        tokio::time::sleep(lease / RENEWALS_PER_LEASE).await;
        match runtime.parts.jobs.renew(ticket, runtime.after(lease)).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(failure) => warn!(reactor = runtime.name(), job = %ticket.id, "{failure}"),
        }
    }
}

/// What becomes of an attempt that failed.
fn failed(runtime: &ReactorRuntime, job: &Job, reason: String, cut: bool) -> Verdict {
    let settings = &runtime.parts.settings;
    if job.attempt >= settings.attempts_max {
        return Verdict::Park { reason, cut };
    }
    Verdict::Retry {
        reason,
        due_at: runtime.after(settings.retry.delay(job.attempt, job.id.0)),
        counted: true,
        cut,
    }
}

fn verdict(runtime: &ReactorRuntime, claim: &Claim, ended: Ended) -> Verdict {
    let settings = &runtime.parts.settings;
    let job = &claim.job;
    let outcome = match ended {
        Ended::Said(outcome) => outcome,
        Ended::Cut(reason) => return failed(runtime, job, reason.to_owned(), true),
    };
    match outcome {
        Outcome::Done => Verdict::Done,
        Outcome::Retry { reason } => failed(runtime, job, reason, false),
        Outcome::Unavailable { reason } => {
            let outages = claim.unavailable.saturating_add(1);
            let due_at = runtime.after(settings.outage.delay(outages, job.id.0));
            Verdict::Retry {
                reason,
                due_at,
                counted: false,
                cut: false,
            }
        }
        Outcome::NotYet {
            wake_on,
            check_again_at,
        } => {
            // A check in the past would be a busy loop.
            let due_at = check_again_at.max(runtime.after(settings.retry.first));
            Verdict::Wait { wake_on, due_at }
        }
        Outcome::Park { reason } => Verdict::Park { reason, cut: false },
        Outcome::Cancelled { reason } => Verdict::Cancel { reason },
    }
}

async fn finish(
    runtime: &ReactorRuntime,
    job: &Job,
    ticket: Ticket,
    verdict: Verdict,
) -> Result<(), RuntimeError> {
    log(runtime.name(), job, &verdict);
    if !runtime
        .parts
        .jobs
        .finish(ticket, &verdict, runtime.now())
        .await?
    {
        warn!(reactor = runtime.name(), job = %job.id, "the lease was lost before the verdict");
    }
    Ok(())
}

fn log(reactor: &'static str, job: &Job, verdict: &Verdict) {
    let (id, attempt) = (job.id, job.attempt);
    match verdict {
        Verdict::Done | Verdict::Wait { .. } => {}
        Verdict::Retry { reason, .. } => {
            info!(reactor, job = %id, attempt, reason, "a job is tried again later");
        }
        Verdict::Park { reason, .. } => {
            error!(reactor, job = %id, attempt, reason, "a job is parked")
        }
        Verdict::Cancel { reason } => info!(reactor, job = %id, reason, "a job is cancelled"),
    }
}

/// Plans an event again whose planning was parked and then retried.
async fn plan_again(
    runtime: &ReactorRuntime,
    job: &Job,
    ticket: Ticket,
) -> Result<(), RuntimeError> {
    let position = job.source.position;
    let events = runtime.healing.read(position.saturating_sub(1), 1).await?;
    let Some(event) = events
        .first()
        .filter(|event| event.event_id == job.source.event_id)
    else {
        let reason = "the event is not there any more".to_owned();
        let verdict = Verdict::Park { reason, cut: false };
        return finish(runtime, job, ticket, verdict).await;
    };
    let mut batch = PlanBatch::default();
    match plan_event(runtime.reactor.as_ref(), event, &mut batch) {
        Ok(()) => {
            if !runtime
                .parts
                .jobs
                .finish_plan(ticket, &batch, runtime.now())
                .await?
            {
                warn!(reactor = runtime.name(), job = %job.id, "the lease was lost");
            }
            Ok(())
        }
        Err(failure) => {
            let reason = failure.reason;
            let verdict = Verdict::Park { reason, cut: false };
            finish(runtime, job, ticket, verdict).await
        }
    }
}
