//! Counts, listings, cancelling by hand, pruning.

use super::{Case, at, park, planned, wait};
use crate::job::{JobId, JobState, Verdict};
use crate::jobs::{JobFilter, JobStore, StateCount};

pub(super) async fn all(jobs: &dyn JobStore) {
    the_status_counts_jobs_per_state(jobs).await;
    a_listing_is_filtered_and_limited(jobs).await;
    the_backlog_leaves_out_what_is_finished(jobs).await;
    a_job_is_cancelled_by_hand(jobs).await;
    only_what_waits_can_be_retried_by_hand(jobs).await;
    pruning_forgets_the_job_and_not_that_it_was(jobs).await;
}

async fn the_status_counts_jobs_per_state(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "counted").await;
    let idle = jobs.status().await.expect("status");
    let idle = idle
        .iter()
        .find(|status| status.reactor == case.reactor)
        .expect("is listed");
    assert!(idle.counts.is_empty());

    case.plan(
        (1..=4)
            .map(|n| planned(&format!("job-{n}"), &format!("k{n}"), n))
            .collect(),
    )
    .await;
    let parked = case.must_claim(at(1)).await;
    assert!(case.finish(&parked, park(), at(1)).await);
    let done = case.must_claim(at(1)).await;
    assert!(case.finish(&done, Verdict::Done, at(1)).await);
    let waiting = case.must_claim(at(1)).await;
    assert!(case.finish(&waiting, wait("a fact", at(100)), at(1)).await);

    let status = jobs.status().await.expect("status");
    let status = status
        .iter()
        .find(|status| status.reactor == case.reactor)
        .expect("is listed");
    assert_eq!(status.position, 1);
    for state in [
        JobState::Parked,
        JobState::Done,
        JobState::Waiting,
        JobState::Planned,
    ] {
        assert_eq!(status.count(state), 1, "{state:?}");
    }
    let oldest = StateCount {
        state: JobState::Parked,
        count: 1,
        oldest: Some(at(0)),
    };
    assert!(status.counts.contains(&oldest));
}

async fn a_listing_is_filtered_and_limited(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "listed").await;
    case.plan(
        (1..=5)
            .map(|n| planned(&format!("job-{n}"), &format!("k{n}"), n))
            .collect(),
    )
    .await;
    let reactor = Some(case.reactor.to_owned());
    let filter = JobFilter {
        reactor,
        state: Some(JobState::Planned),
        limit: 3,
        ..JobFilter::default()
    };
    let listed = jobs.list(&filter).await.expect("list");
    let positions: Vec<_> = listed.iter().map(|record| record.position).collect();
    assert_eq!(positions, [1, 2, 3]);
    let next = JobFilter {
        after: listed.last().map(|record| record.id),
        ..filter.clone()
    };
    let listed = jobs.list(&next).await.expect("list");
    let positions: Vec<_> = listed.iter().map(|record| record.position).collect();
    assert_eq!(
        positions,
        [4, 5],
        "the next page goes on behind the last one"
    );
    let none = JobFilter {
        state: Some(JobState::Parked),
        ..filter
    };
    assert!(jobs.list(&none).await.expect("list").is_empty());
}

async fn the_backlog_leaves_out_what_is_finished(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "backlog").await;
    let unfinished = JobFilter {
        reactor: Some(case.reactor.to_owned()),
        unfinished: true,
        ..JobFilter::default()
    };
    let planned = [planned("first", "a", 1), planned("second", "b", 2)];
    case.plan(planned.to_vec()).await;
    let done = case.must_claim(at(1)).await;
    assert!(case.finish(&done, Verdict::Done, at(1)).await);

    let backlog = jobs.backlog().await.expect("backlog");
    let backlog = backlog
        .iter()
        .find(|status| status.reactor == case.reactor)
        .expect("is listed");
    assert_eq!(backlog.position, 1);
    assert_eq!(backlog.count(JobState::Planned), 1);
    assert_eq!(backlog.count(JobState::Done), 0);
    assert_eq!(jobs.list(&unfinished).await.expect("list").len(), 1);

    let last = case.must_claim(at(1)).await;
    assert!(case.finish(&last, Verdict::Done, at(1)).await);
    let backlog = jobs.backlog().await.expect("backlog");
    let listed = backlog.iter().find(|status| status.reactor == case.reactor);
    assert!(
        listed
            .expect("a reactor without jobs is listed")
            .counts
            .is_empty()
    );
    assert!(jobs.list(&unfinished).await.expect("list").is_empty());
}

async fn a_job_is_cancelled_by_hand(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "cancelled").await;
    case.plan(vec![planned("unwanted", "a", 1), planned("next", "a", 2)])
        .await;
    let id = JobId::derive(case.reactor, "unwanted");
    assert!(jobs.cancel(id, "by hand", at(1)).await.expect("cancel"));
    assert!(
        !jobs
            .cancel(id, "by hand", at(1))
            .await
            .expect("cancelled already")
    );
    let unwanted = case.record("unwanted").await;
    assert_eq!(
        (unwanted.state, unwanted.reason.as_deref()),
        (JobState::Cancelled, Some("by hand"))
    );

    let running = case.must_claim(at(1)).await;
    assert_eq!(running.job.dedupe_key, "next");
    assert!(
        jobs.cancel(running.job.id, "by hand", at(2))
            .await
            .expect("cancel")
    );
    assert!(case.finish(&running, park(), at(3)).await);
    assert_eq!(case.record("next").await.state, JobState::Cancelled);
}

async fn only_what_waits_can_be_retried_by_hand(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "retried").await;
    case.plan(vec![planned("job", "a", 1)]).await;
    let id = JobId::derive(case.reactor, "job");
    let claim = case.must_claim(at(0)).await;
    assert!(!jobs.retry(id, at(1)).await.expect("it runs"));
    assert!(case.finish(&claim, wait("a fact", at(1_000)), at(1)).await);
    assert!(jobs.retry(id, at(2)).await.expect("it waits"));
    let claim = case.must_claim(at(2)).await;
    assert!(case.finish(&claim, Verdict::Done, at(3)).await);
    assert!(!jobs.retry(id, at(4)).await.expect("it is done"));
    assert!(
        !jobs
            .retry(JobId::derive(case.reactor, "no job"), at(4))
            .await
            .expect("unknown")
    );
}

async fn pruning_forgets_the_job_and_not_that_it_was(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "pruned").await;
    let three = || {
        (1..=3)
            .map(|n| planned(&format!("job-{n}"), "a", n))
            .collect::<Vec<_>>()
    };
    case.plan(three()).await;
    // Long before every other case, so that only these are old enough.
    let long_ago = at(-1_000);
    for _ in 1..=2 {
        let claim = case.must_claim(at(0)).await;
        assert!(case.finish(&claim, Verdict::Done, long_ago).await);
    }
    let before = at(-999);
    assert_eq!(jobs.prune(before, 1).await.expect("first"), 1);
    assert_eq!(jobs.prune(before, 10).await.expect("second"), 1);
    assert_eq!(
        jobs.prune(before, 10).await.expect("third"),
        0,
        "unfinished jobs stay"
    );

    case.plan(three()).await;
    assert_eq!(case.claimed(at(1)).await.as_deref(), Some("job-3"));
    assert_eq!(
        case.claimed(at(1)).await,
        None,
        "the pruned ones are not planned again"
    );
}
