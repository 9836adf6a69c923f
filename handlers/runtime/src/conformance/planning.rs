//! Registration, checkpoints, deduplication, events that cannot be planned.

use super::{Case, at, park, planned};
use crate::job::{JobKind, JobState, PlanBatch, PlannedJob, Verdict};
use crate::jobs::JobStore;

pub(super) async fn all(jobs: &dyn JobStore) {
    a_registered_reactor_keeps_its_checkpoint(jobs).await;
    a_plan_from_an_old_checkpoint_writes_nothing(jobs).await;
    planning_again_adds_nothing(jobs).await;
    a_claimed_job_is_what_was_planned(jobs).await;
    a_finished_job_is_not_planned_again(jobs).await;
    an_event_that_cannot_be_planned_holds_its_place(jobs).await;
    a_wish_that_is_taken_back_is_cancelled(jobs).await;
}

async fn a_registered_reactor_keeps_its_checkpoint(jobs: &dyn JobStore) {
    let reactor = "registered";
    assert_eq!(jobs.checkpoint(reactor).await.expect("checkpoint"), None);
    assert_eq!(jobs.register(reactor, 41, at(0)).await.expect("first"), 41);
    assert_eq!(jobs.register(reactor, 0, at(1)).await.expect("second"), 41);
    assert_eq!(
        jobs.checkpoint(reactor).await.expect("checkpoint"),
        Some(41)
    );
}

async fn a_plan_from_an_old_checkpoint_writes_nothing(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "old-checkpoint").await;
    case.plan(vec![planned("first", "a", 1)]).await;
    let batch = PlanBatch {
        jobs: vec![planned("late", "b", 1)],
        ..PlanBatch::default()
    };
    let committed = jobs
        .commit_plan(case.reactor, (0, 1), &batch, at(0))
        .await
        .expect("commit");
    assert!(!committed);
    assert_eq!(case.claimed(at(0)).await.as_deref(), Some("first"));
    assert_eq!(case.claimed(at(0)).await, None);
}

async fn planning_again_adds_nothing(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "planned-twice").await;
    case.plan(vec![planned("once", "a", 1), planned("once", "a", 1)])
        .await;
    case.plan(vec![planned("once", "a", 1)]).await;
    assert_eq!(case.claimed(at(0)).await.as_deref(), Some("once"));
    assert_eq!(case.claimed(at(0)).await, None);
}

async fn a_claimed_job_is_what_was_planned(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "intact").await;
    let wanted = planned("intact", "key", 3);
    case.plan(vec![wanted.clone()]).await;
    let job = case.must_claim(at(0)).await.job;
    assert_eq!(
        (job.payload, job.source),
        (wanted.job.payload, wanted.source)
    );
    assert_eq!(
        (job.key.as_str(), job.kind, job.attempt),
        ("key", JobKind::Act, 1)
    );
    assert!(!job.interrupted);
}

async fn a_finished_job_is_not_planned_again(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "finished").await;
    case.plan(vec![planned("done", "a", 1)]).await;
    let claim = case.must_claim(at(0)).await;
    assert!(case.finish(&claim, Verdict::Done, at(1)).await);
    case.plan(vec![planned("done", "a", 1)]).await;
    assert_eq!(case.claimed(at(2)).await, None);
}

async fn an_event_that_cannot_be_planned_holds_its_place(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "poison").await;
    let poison = PlannedJob {
        parked: Some("unreadable".to_owned()),
        ..planned("bad", "a", 1)
    };
    case.plan(vec![
        poison,
        planned("later", "a", 2),
        planned("other", "b", 3),
    ])
    .await;
    assert_eq!(case.claimed(at(0)).await.as_deref(), Some("other"));
    assert_eq!(case.claimed(at(0)).await, None);

    let bad = case.record("bad").await;
    assert_eq!(
        (bad.state, bad.reason.as_deref()),
        (JobState::Parked, Some("unreadable"))
    );
    assert!(jobs.retry(bad.id, at(1)).await.expect("retry"));
    let again = case.must_claim(at(1)).await;
    assert_eq!(again.job.kind, JobKind::Plan);

    // What the event comes to runs in the event's place, before what came later.
    let batch = PlanBatch {
        jobs: vec![planned("good", "a", 1)],
        ..PlanBatch::default()
    };
    assert!(
        jobs.finish_plan(again.ticket, &batch, at(2))
            .await
            .expect("finish plan")
    );
    assert!(
        !jobs
            .finish_plan(again.ticket, &batch, at(2))
            .await
            .expect("finished once")
    );
    let good = case.must_claim(at(2)).await;
    assert_eq!(good.job.dedupe_key, "good");
    assert!(case.finish(&good, Verdict::Done, at(3)).await);
    assert_eq!(case.claimed(at(3)).await.as_deref(), Some("later"));
}

async fn a_wish_that_is_taken_back_is_cancelled(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "taken-back").await;
    case.plan(vec![
        planned("idle", "a", 1),
        planned("running", "b", 2),
        planned("won", "c", 3),
    ])
    .await;
    let idle = case.must_claim(at(0)).await;
    assert!(case.finish(&idle, park(), at(0)).await);
    let (running, won) = (case.must_claim(at(0)).await, case.must_claim(at(0)).await);
    let cancel = ["idle", "running", "won"].map(str::to_owned).to_vec();
    case.commit(
        &PlanBatch {
            cancel,
            ..PlanBatch::default()
        },
        at(1),
    )
    .await;

    assert_eq!(case.record("idle").await.state, JobState::Cancelled);
    assert_eq!(case.record("running").await.state, JobState::Running);
    assert!(
        case.finish(&running, super::retry(at(2), true), at(2))
            .await
    );
    assert_eq!(case.record("running").await.state, JobState::Cancelled);
    assert!(case.finish(&won, Verdict::Done, at(2)).await);
    assert_eq!(
        case.record("won").await.state,
        JobState::Done,
        "the effect is there"
    );
}
