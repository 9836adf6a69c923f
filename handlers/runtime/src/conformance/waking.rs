//! Waiting for facts, and wakes that come too early, too late or in between.

use super::{Case, at, planned, wait};
use crate::job::{JobState, Verdict};
use crate::jobs::JobStore;

pub(super) async fn all(jobs: &dyn JobStore) {
    a_waiting_job_is_woken_by_its_fact_and_no_other(jobs).await;
    a_wake_that_arrives_while_the_job_runs_is_not_lost(jobs).await;
    a_wake_from_before_the_claim_does_not_count(jobs).await;
    a_missed_wake_costs_time_only(jobs).await;
    waiting_is_not_an_attempt(jobs).await;
}

async fn a_waiting_job_is_woken_by_its_fact_and_no_other(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "woken").await;
    case.plan(vec![planned("a", "a", 1), planned("b", "b", 2)])
        .await;
    for fact in ["rendered/a", "rendered/b"] {
        let claim = case.must_claim(at(0)).await;
        assert!(case.finish(&claim, wait(fact, at(1_000)), at(0)).await);
    }
    assert_eq!(case.claimed(at(1)).await, None);
    assert_eq!(
        case.record("b").await.wake_on.as_deref(),
        Some("rendered/b")
    );
    case.wake("rendered/b", at(2)).await;
    assert_eq!(case.claimed(at(2)).await.as_deref(), Some("b"));
    assert_eq!(case.claimed(at(2)).await, None);
}

async fn a_wake_that_arrives_while_the_job_runs_is_not_lost(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "wake-race").await;
    case.plan(vec![planned("racing", "a", 1)]).await;
    let claim = case.must_claim(at(0)).await;
    // The act has looked and found nothing; now the fact arrives; then the act says "not yet".
    case.wake("rendered/a", at(1)).await;
    case.wake("rendered/other", at(1)).await;
    assert!(
        case.finish(&claim, wait("rendered/a", at(1_000)), at(2))
            .await
    );
    let again = case.must_claim(at(2)).await;
    assert_eq!(again.job.attempt, 1);
    assert!(case.finish(&again, Verdict::Done, at(3)).await);
}

async fn a_wake_from_before_the_claim_does_not_count(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "old-wake").await;
    case.plan(vec![planned("holder", "h", 1), planned("waiter", "w", 2)])
        .await;
    // While a job runs, wakes are remembered; the waiter is claimed after this one.
    let holder = case.must_claim(at(0)).await;
    case.wake("rendered/w", at(1)).await;
    let waiter = case.must_claim(at(2)).await;
    assert!(
        case.finish(&waiter, wait("rendered/w", at(1_000)), at(3))
            .await
    );
    assert_eq!(case.record("waiter").await.state, JobState::Waiting);
    assert!(case.finish(&holder, Verdict::Done, at(4)).await);
}

async fn a_missed_wake_costs_time_only(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "missed").await;
    case.plan(vec![planned("patient", "a", 1)]).await;
    let claim = case.must_claim(at(0)).await;
    assert!(case.finish(&claim, wait("never said", at(60)), at(0)).await);
    assert_eq!(case.claimed(at(59)).await, None);
    assert_eq!(case.claimed(at(60)).await.as_deref(), Some("patient"));
}

async fn waiting_is_not_an_attempt(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "not-an-attempt").await;
    case.plan(vec![planned("patient", "a", 1)]).await;
    for round in 0..20 {
        let claim = case.must_claim(at(round)).await;
        assert_eq!(claim.job.attempt, 1);
        assert!(
            case.finish(&claim, wait("a fact", at(round + 1)), at(round))
                .await
        );
    }
}
