//! What every adapter of [`JobStore`] has to do, as functions that its tests call. Each case works
//! under a reactor's name of its own and ends with a panic when the adapter is wrong.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation ends the test"
)]

mod administration;
mod claiming;
pub mod feed;
mod planning;
mod waking;

use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::job::{Claim, JobId, JobSource, PlanBatch, PlannedJob, Verdict};
use crate::jobs::{JobFilter, JobRecord, JobStore};
use crate::reactor::NewJob;

/// Runs everything, on a store that nothing was written to.
pub async fn all(jobs: &dyn JobStore) {
    planning::all(jobs).await;
    claiming::all(jobs).await;
    waking::all(jobs).await;
    administration::all(jobs).await;
}

/// One case: a store and a reactor of its own.
#[derive(Debug, Clone, Copy)]
struct Case<'a> {
    jobs: &'a dyn JobStore,
    reactor: &'a str,
}

/// An instant, some seconds after an arbitrary beginning.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("within jiff's range")
}

/// A planned job of a key, at a journal position, with a dedupe key.
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn planned(dedupe_key: &str, key: &str, position: u64) -> PlannedJob {
    let tenant = TenantId::parse("default").expect("a tenant id");
    PlannedJob {
        job: NewJob {
            dedupe_key: dedupe_key.to_owned(),
            key: key.to_owned(),
            payload: json!({ "of": dedupe_key }),
        },
        source: JobSource {
            stream: StreamId::new(tenant, StreamKind::Invoice, key),
            version: position,
            position,
            event_id: Uuid::from_u128(u128::from(position)),
            correlation_id: Uuid::from_u128(7),
            traceparent: Some(TRACEPARENT.to_owned()),
        },
        ordinal: 0,
        parked: None,
    }
}

impl<'a> Case<'a> {
    async fn new(jobs: &'a dyn JobStore, reactor: &'a str) -> Self {
        jobs.register(reactor, 0, at(0)).await.expect("register");
        Self { jobs, reactor }
    }

    /// Commits a batch that moves the checkpoint by one.
    async fn commit(&self, batch: &PlanBatch, now: Timestamp) {
        let from = self
            .jobs
            .checkpoint(self.reactor)
            .await
            .expect("checkpoint")
            .expect("is known");
        let committed = self
            .jobs
            .commit_plan(self.reactor, (from, from + 1), batch, now)
            .await
            .expect("plan");
        assert!(committed, "the checkpoint had not moved");
    }

    async fn plan(&self, jobs: Vec<PlannedJob>) {
        self.commit(
            &PlanBatch {
                jobs,
                ..PlanBatch::default()
            },
            at(0),
        )
        .await;
    }

    async fn wake(&self, fact: &str, now: Timestamp) {
        let wake = vec![fact.to_owned()];
        self.commit(
            &PlanBatch {
                wake,
                ..PlanBatch::default()
            },
            now,
        )
        .await;
    }

    /// Claims for ten seconds.
    async fn claim(&self, now: Timestamp) -> Option<Claim> {
        let until = now + SignedDuration::from_secs(10);
        self.jobs
            .claim(self.reactor, now, until)
            .await
            .expect("claim")
    }

    /// The dedupe key of what is claimed now.
    async fn claimed(&self, now: Timestamp) -> Option<String> {
        self.claim(now).await.map(|claim| claim.job.dedupe_key)
    }

    async fn must_claim(&self, now: Timestamp) -> Claim {
        self.claim(now)
            .await
            .unwrap_or_else(|| panic!("{}: a job is due", self.reactor))
    }

    async fn finish(&self, claim: &Claim, verdict: Verdict, now: Timestamp) -> bool {
        self.jobs
            .finish(claim.ticket, &verdict, now)
            .await
            .expect("finish")
    }

    async fn record(&self, dedupe_key: &str) -> JobRecord {
        let id = Some(JobId::derive(self.reactor, dedupe_key));
        let filter = JobFilter {
            id,
            ..JobFilter::default()
        };
        let mut found = self.jobs.list(&filter).await.expect("list");
        found
            .pop()
            .unwrap_or_else(|| panic!("{dedupe_key} is listed"))
    }
}

fn park() -> Verdict {
    Verdict::Park {
        reason: "cannot be helped".to_owned(),
        cut: false,
    }
}

fn retry(due_at: Timestamp, counted: bool) -> Verdict {
    Verdict::Retry {
        reason: "a hiccup".to_owned(),
        due_at,
        counted,
        cut: false,
    }
}

/// What becomes of an act that was cut off.
fn cut(due_at: Timestamp) -> Verdict {
    Verdict::Retry {
        reason: "took too long".to_owned(),
        due_at,
        counted: true,
        cut: true,
    }
}

fn wait(fact: &str, due_at: Timestamp) -> Verdict {
    Verdict::Wait {
        wake_on: fact.to_owned(),
        due_at,
    }
}
