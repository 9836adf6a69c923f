//! The metrics that parts count by themselves. One list of names: units are in the names, labels have
//! bounded values, and nothing names a tenant.
//!
//! The counters belong to the process, like its memory: whoever serves `/metrics` registers them.
//! What is asked for instead of counted (lags, queues, jobs) is collected by the composition root.

use std::sync::LazyLock;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

use crate::context::TraceContext;
use crate::exemplars::TracedHistogram;

/// Time of the journal's batches. The journal counts it in figures of its own and keeps its exemplars
/// under this name.
pub const JOURNAL_COMMIT_SECONDS: &str = "invoiceapp_journal_commit_duration_seconds";

/// Upper bounds for work that takes from milliseconds to minutes, in seconds.
const WORK_SECONDS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0,
];
/// Upper bounds for how long a reader waits for its own write, in seconds.
const WAIT_SECONDS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Upper bounds for how many events a batch has.
const BATCH_EVENTS: [f64; 8] = [1.0, 2.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1_000.0];

/// Everything that parts count.
#[derive(Debug)]
pub struct Metrics {
    /// Calls of the front door to a service in another process.
    pub upstream_requests: IntCounterVec,
    /// Events that the broker has confirmed.
    pub relay_published: IntCounterVec,
    /// Events that were folded into a view.
    pub projection_events: IntCounterVec,
    /// Events per committed batch of the projector.
    pub projection_batch: Histogram,
    /// Attempts of jobs, by what they came to.
    pub job_attempts: IntCounterVec,
    /// How long an attempt took.
    pub job_duration: TracedHistogram,
    /// Mails, by what became of an attempt to hand them over.
    pub mail_deliveries: IntCounterVec,
    /// Invoices that were issued by a command to this process.
    pub invoices_issued: IntCounter,
    /// Renderings of documents, by how they ended.
    pub renderings: IntCounterVec,
    /// How long queries waited for their view to reach a position.
    pub consistency_wait: TracedHistogram,
    /// Telemetry that was not sent.
    pub telemetry_dropped: IntCounterVec,
}

/// The metrics of this process.
pub fn metrics() -> &'static Metrics {
    static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);
    &METRICS
}

/// Lets a registry show them.
///
/// # Errors
/// When it has metrics of these names already.
pub fn register(registry: &Registry) -> Result<(), prometheus::Error> {
    for collector in metrics().collectors() {
        registry.register(collector)?;
    }
    Ok(())
}

impl Metrics {
    /// Counters whose first count is already a reason for an alert begin at 0: the increase of one
    /// that appears with a 1 is not seen.
    fn new() -> Self {
        let metrics = Self::unused();
        for outcome in ["sent", "failed", "uncertain", "deferred"] {
            metrics.mail_deliveries.with_label_values(&[outcome]);
        }
        for outcome in ["rendered", "failed"] {
            metrics.renderings.with_label_values(&[outcome]);
        }
        for signal in ["traces", "logs", "metrics"] {
            metrics.telemetry_dropped.with_label_values(&[signal]);
        }
        metrics
    }

    fn unused() -> Self {
        Self {
            upstream_requests: counters(
                "invoiceapp_upstream_requests_total",
                "Calls of the front door to the services: ok, error, timeout, circuit_open.",
                &["service", "outcome"],
            ),
            relay_published: counters(
                "invoiceapp_relay_published_total",
                "Events that the broker has confirmed.",
                &["topic"],
            ),
            projection_events: counters(
                "invoiceapp_projection_events_total",
                "Events that were folded into views.",
                &["view"],
            ),
            projection_batch: made(Histogram::with_opts(
                HistogramOpts::new(
                    "invoiceapp_projection_batch_events",
                    "Events per committed batch of the projector.",
                )
                .buckets(BATCH_EVENTS.to_vec()),
            )),
            job_attempts: counters(
                "invoiceapp_job_attempts_total",
                "Attempts of jobs: done, retry, unavailable, waiting, parked, cancelled, lost.",
                &["reactor", "outcome"],
            ),
            job_duration: made(TracedHistogram::new(
                (
                    "invoiceapp_job_duration_seconds",
                    "Time of one attempt of a job.",
                ),
                &["reactor"],
                &WORK_SECONDS,
            )),
            mail_deliveries: counters(
                "invoiceapp_mail_deliveries_total",
                "Attempts to hand a mail over: sent, failed, uncertain, deferred.",
                &["outcome"],
            ),
            invoices_issued: made(IntCounter::new(
                "invoiceapp_invoices_issued_total",
                "Invoices issued by commands to this process.",
            )),
            renderings: counters(
                "invoiceapp_renderings_total",
                "Documents rendered: rendered, failed.",
                &["outcome"],
            ),
            consistency_wait: made(TracedHistogram::new(
                (
                    "invoiceapp_consistency_wait_seconds",
                    "Waits of queries for their view to reach a position: reached, stale.",
                ),
                &["outcome"],
                &WAIT_SECONDS,
            )),
            telemetry_dropped: counters(
                "invoiceapp_telemetry_dropped_total",
                "Spans, log records and metric exports that were not sent.",
                &["signal"],
            ),
        }
    }

    fn collectors(&self) -> [Box<dyn Collector>; 11] {
        [
            Box::new(self.upstream_requests.clone()),
            Box::new(self.relay_published.clone()),
            Box::new(self.projection_events.clone()),
            Box::new(self.projection_batch.clone()),
            Box::new(self.job_attempts.clone()),
            Box::new(self.job_duration.clone()),
            Box::new(self.mail_deliveries.clone()),
            Box::new(self.invoices_issued.clone()),
            Box::new(self.renderings.clone()),
            Box::new(self.consistency_wait.clone()),
            Box::new(self.telemetry_dropped.clone()),
        ]
    }

    /// Counts what a query's wait came to.
    pub fn waited(&self, is_reached: bool, waited: Duration) {
        let outcome = if is_reached { "reached" } else { "stale" };
        let trace = TraceContext::current();
        self.consistency_wait
            .observe(&[outcome], waited.as_secs_f64(), trace);
    }
}

fn counters(name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    made(IntCounterVec::new(Opts::new(name, help), labels))
}

#[expect(
    clippy::expect_used,
    reason = "a metric fails to be made by its name alone; the names are literals, and a test makes all"
)]
fn made<T>(metric: Result<T, prometheus::Error>) -> T {
    metric.expect("a metric's name follows the grammar")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_registries_of_one_process_can_show_the_same_metrics() {
        for registry in [Registry::new(), Registry::new()] {
            register(&registry).unwrap();
            metrics().invoices_issued.inc();
            let families = registry.gather();
            let issued = families
                .iter()
                .find(|family| family.name() == "invoiceapp_invoices_issued_total");
            assert!(issued.is_some());
            assert!(register(&registry).is_err(), "but not twice");
        }
    }
}
