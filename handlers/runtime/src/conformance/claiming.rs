//! Order within a key, leases, fences, attempts.

use jiff::SignedDuration;

use super::{Case, at, cut, park, planned, retry, wait};
use crate::job::{JobState, Verdict};
use crate::jobs::JobStore;

pub(super) async fn all(jobs: &dyn JobStore) {
    jobs_of_one_key_run_one_after_the_other(jobs).await;
    a_parked_job_holds_back_its_key_and_no_other(jobs).await;
    a_job_that_backs_off_holds_back_its_key(jobs).await;
    a_zombie_past_its_lease_completes_nothing(jobs).await;
    a_renewed_lease_is_not_taken(jobs).await;
    released_leases_can_be_claimed_at_once(jobs).await;
    an_interrupted_effect_is_known_until_an_attempt_with_its_own_mark_ends(jobs).await;
    an_act_that_was_cut_off_leaves_its_mark(jobs).await;
    attempts_are_counted_unless_a_part_was_down(jobs).await;
    an_abandoned_attempt_is_counted_apart_until_one_ends(jobs).await;
    the_next_due_time_ignores_what_is_held_back(jobs).await;
}

async fn jobs_of_one_key_run_one_after_the_other(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "in-order").await;
    let mut second_of_event = planned("1b", "a", 1);
    second_of_event.ordinal = 1;
    case.plan(vec![
        planned("2", "a", 2),
        second_of_event,
        planned("1a", "a", 1),
    ])
    .await;
    for expected in ["1a", "1b", "2"] {
        let claim = case.must_claim(at(0)).await;
        assert_eq!(claim.job.dedupe_key, expected);
        assert_eq!(case.claimed(at(0)).await, None, "{expected} still runs");
        assert!(case.finish(&claim, Verdict::Done, at(0)).await);
    }
}

async fn a_parked_job_holds_back_its_key_and_no_other(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "parked").await;
    case.plan(vec![
        planned("bad", "a", 1),
        planned("later", "a", 2),
        planned("other", "b", 3),
    ])
    .await;
    let bad = case.must_claim(at(0)).await;
    assert!(case.finish(&bad, park(), at(0)).await);
    assert_eq!(case.claimed(at(1)).await.as_deref(), Some("other"));
    assert_eq!(
        case.claimed(at(1_000)).await.as_deref(),
        Some("other"),
        "only by its lease"
    );

    assert!(jobs.retry(bad.job.id, at(1_001)).await.expect("retry"));
    let healed = case.must_claim(at(1_001)).await;
    assert_eq!(
        (healed.job.dedupe_key.as_str(), healed.job.attempt),
        ("bad", 1)
    );
    assert!(case.finish(&healed, Verdict::Done, at(1_002)).await);
    assert_eq!(case.claimed(at(1_002)).await.as_deref(), Some("later"));
}

async fn a_job_that_backs_off_holds_back_its_key(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "backs-off").await;
    case.plan(vec![planned("first", "a", 1), planned("second", "a", 2)])
        .await;
    let first = case.must_claim(at(0)).await;
    assert!(case.finish(&first, retry(at(60), true), at(0)).await);
    assert_eq!(case.claimed(at(59)).await, None);
    assert_eq!(case.claimed(at(60)).await.as_deref(), Some("first"));
}

async fn a_zombie_past_its_lease_completes_nothing(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "zombie").await;
    case.plan(vec![planned("contested", "a", 1)]).await;
    let zombie = case.must_claim(at(0)).await;
    assert_eq!(case.claimed(at(9)).await, None);
    let heir = case.must_claim(at(10)).await;
    assert_eq!(
        (heir.job.id, heir.ticket.fence),
        (zombie.job.id, zombie.ticket.fence + 1)
    );

    assert!(!case.finish(&zombie, Verdict::Done, at(11)).await);
    let until = at(100);
    assert!(!jobs.renew(zombie.ticket, until).await.expect("renew"));
    assert!(!jobs.mark_started(zombie.ticket).await.expect("mark"));
    assert_eq!(case.record("contested").await.state, JobState::Running);

    assert!(case.finish(&heir, Verdict::Done, at(12)).await);
    assert!(!case.finish(&zombie, park(), at(13)).await);
    assert!(
        !case.finish(&heir, park(), at(13)).await,
        "one verdict per claim"
    );
    assert_eq!(case.record("contested").await.state, JobState::Done);
}

async fn a_renewed_lease_is_not_taken(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "renewed").await;
    case.plan(vec![planned("long", "a", 1)]).await;
    let claim = case.must_claim(at(0)).await;
    assert!(jobs.renew(claim.ticket, at(100)).await.expect("renew"));
    assert_eq!(case.claimed(at(99)).await, None);
    assert_eq!(case.claimed(at(100)).await.as_deref(), Some("long"));
}

async fn released_leases_can_be_claimed_at_once(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "released").await;
    case.plan(vec![planned("orphan", "a", 1)]).await;
    let dead = case.must_claim(at(0)).await;
    assert_eq!(
        jobs.release_leases(case.reactor, at(1))
            .await
            .expect("release"),
        1
    );
    assert_eq!(case.claimed(at(1)).await.as_deref(), Some("orphan"));
    assert!(!case.finish(&dead, Verdict::Done, at(1)).await);
}

async fn an_interrupted_effect_is_known_until_an_attempt_with_its_own_mark_ends(
    jobs: &dyn JobStore,
) {
    let case = Case::new(jobs, "interrupted").await;
    case.plan(vec![planned("send", "a", 1)]).await;
    let killed = case.must_claim(at(0)).await;
    assert!(!killed.job.interrupted);
    assert!(jobs.mark_started(killed.ticket).await.expect("mark"));
    let without_a_mark = [
        retry(at(20), true),
        retry(at(20), false),
        wait("a-fact", at(20)),
        cut(at(20)),
    ];
    for verdict in without_a_mark {
        let claim = case.must_claim(at(20)).await;
        assert!(
            claim.job.interrupted,
            "nobody ever said how the effect ended"
        );
        assert!(case.finish(&claim, verdict, at(20)).await);
    }
    for verdict in [
        retry(at(20), true),
        retry(at(20), false),
        wait("a-fact", at(20)),
    ] {
        let claim = case.must_claim(at(20)).await;
        assert!(jobs.mark_started(claim.ticket).await.expect("mark"));
        assert!(case.finish(&claim, verdict, at(20)).await);
        let next = case.must_claim(at(20)).await;
        assert!(!next.job.interrupted, "the one with the mark said it");
        assert!(case.finish(&next, retry(at(20), true), at(20)).await);
    }
}

async fn an_act_that_was_cut_off_leaves_its_mark(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "cut-off").await;
    case.plan(vec![planned("send", "a", 1)]).await;
    let parked = |cut| Verdict::Park {
        reason: "too often".to_owned(),
        cut,
    };
    let claim = case.must_claim(at(0)).await;
    assert!(jobs.mark_started(claim.ticket).await.expect("mark"));
    assert!(case.finish(&claim, cut(at(1)), at(0)).await);
    for (verdict, is_interrupted) in [(parked(true), true), (parked(false), false)] {
        let claim = case.must_claim(at(1)).await;
        assert!(claim.job.interrupted);
        assert!(case.finish(&claim, verdict, at(1)).await);
        assert!(jobs.retry(claim.job.id, at(1)).await.expect("retry"));
        let next = case.must_claim(at(1)).await;
        assert_eq!(next.job.interrupted, is_interrupted);
        assert!(case.finish(&next, cut(at(1)), at(1)).await);
    }
}

async fn attempts_are_counted_unless_a_part_was_down(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "attempts").await;
    case.plan(vec![planned("stubborn", "a", 1)]).await;
    for (counted, attempt, outages) in [(false, 1, 0), (false, 1, 1), (true, 1, 2), (true, 2, 0)] {
        let claim = case.must_claim(at(0)).await;
        assert_eq!((claim.job.attempt, claim.unavailable), (attempt, outages));
        assert!(case.finish(&claim, retry(at(0), counted), at(0)).await);
    }
    assert_eq!(
        case.record("stubborn").await.reason.as_deref(),
        Some("a hiccup")
    );
}

async fn an_abandoned_attempt_is_counted_apart_until_one_ends(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "abandoned").await;
    case.plan(vec![planned("orphaned", "a", 1)]).await;
    for (now, attempt, abandoned) in [(0, 1, 0), (10, 1, 1), (20, 1, 2)] {
        let claim = case.must_claim(at(now)).await;
        assert_eq!((claim.job.attempt, claim.abandoned), (attempt, abandoned));
    }
    let claim = case.must_claim(at(30)).await;
    assert_eq!((claim.job.attempt, claim.abandoned), (1, 3));
    assert!(case.finish(&claim, retry(at(31), true), at(30)).await);
    for (now, attempt, abandoned) in [(31, 2, 0), (41, 2, 1)] {
        let claim = case.must_claim(at(now)).await;
        assert_eq!((claim.job.attempt, claim.abandoned), (attempt, abandoned));
    }
}

async fn the_next_due_time_ignores_what_is_held_back(jobs: &dyn JobStore) {
    let case = Case::new(jobs, "next-due").await;
    let next = || async { jobs.next_due(case.reactor).await.expect("next due") };
    assert_eq!(next().await, None);
    case.plan(vec![planned("first", "a", 1), planned("behind", "a", 2)])
        .await;
    assert_eq!(next().await, Some(at(0)));
    let first = case.must_claim(at(5)).await;
    assert_eq!(
        next().await,
        Some(at(5) + SignedDuration::from_secs(10)),
        "the lease's end"
    );
    assert!(case.finish(&first, park(), at(6)).await);
    assert_eq!(
        next().await,
        None,
        "nothing can be claimed, so nothing is waited for"
    );
}
