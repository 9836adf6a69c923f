//! Cuts between plan, act, report and verdict: nothing is lost, and what is repeated is repeated
//! under the same ids.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use invoiceapp_domain::Ambient;
use invoiceapp_runtime::{JobState, JobStore, Outcome, Start, derived_command_id};

use crate::harness::{REACTOR, Step, World, retry};

const LEASE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_crash_before_the_plan_is_committed_plans_again() {
    let world = World::new().await;
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    world.feed.push("Wanted", "a", "job");
    world.jobs.cut.store(true, Ordering::SeqCst);
    assert!(runtime.plan_available().await.is_err());
    world.jobs.cut.store(false, Ordering::SeqCst);

    let restarted = world.runtime();
    assert_eq!(restarted.plan_available().await.unwrap(), 1);
    restarted.run_due().await.unwrap();
    assert_eq!(world.reactor.acted(), ["job"]);
}

#[tokio::test]
async fn a_crash_after_the_plan_is_committed_plans_nothing_twice() {
    let world = World::new().await;
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    world.feed.push("Wanted", "a", "job");
    world.jobs.lose_answers.store(true, Ordering::SeqCst);
    assert!(runtime.plan_available().await.is_err());
    world.jobs.lose_answers.store(false, Ordering::SeqCst);

    let restarted = world.runtime();
    assert_eq!(restarted.plan_available().await.unwrap(), 0);
    assert_eq!(restarted.run_due().await.unwrap(), 1);
}

#[tokio::test]
async fn a_crash_in_the_act_is_repeated_under_the_same_ids_and_known_to_be_a_repetition() {
    let mut world = World::new().await;
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    world.feed.push("Wanted", "a", "job");
    world.reactor.script("job", [Step::HangAfterStart]);
    runtime.plan_available().await.unwrap();
    let dying = tokio::spawn(async move { runtime.run_due().await });
    assert_eq!(world.begun.recv().await.unwrap(), "job");
    assert_eq!(world.begun.recv().await.unwrap(), "job is marked");
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());

    let restarted = world.runtime();
    assert_eq!(
        restarted.run_due().await.unwrap(),
        0,
        "the lease still holds"
    );
    world.clock.advance(LEASE);
    assert_eq!(restarted.run_due().await.unwrap(), 1);
    let acts = world.reactor.acts.lock().unwrap().clone();
    let [first, second] = acts.as_slice() else {
        panic!("two acts, not {acts:?}")
    };
    assert_eq!(
        derived_command_id(first.id, "report"),
        derived_command_id(second.id, "report")
    );
    assert_eq!((first.attempt, second.attempt), (1, 1));
    assert_eq!((first.interrupted, second.interrupted), (false, true));
}

#[tokio::test]
async fn an_attempt_that_does_not_get_to_its_effect_leaves_the_mark_of_the_one_that_died() {
    let mut world = World::new().await;
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    world.feed.push("Wanted", "a", "job");
    let reason = || "a part is away".to_owned();
    let away = Step::End(Outcome::Unavailable { reason: reason() });
    let failed = Step::End(Outcome::Retry { reason: reason() });
    world
        .reactor
        .script("job", [Step::HangAfterStart, away, failed]);
    runtime.plan_available().await.unwrap();
    let dying = tokio::spawn(async move { runtime.run_due().await });
    assert_eq!(world.begun.recv().await.unwrap(), "job");
    assert_eq!(world.begun.recv().await.unwrap(), "job is marked");
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());

    let restarted = world.runtime();
    for _ in 0..3 {
        world.clock.advance(LEASE);
        assert_eq!(restarted.run_due().await.unwrap(), 1);
    }
    assert_eq!(
        world.reactor.interrupted("job"),
        [false, true, true, true],
        "none of them said how the effect of the first ended"
    );
    assert_eq!(world.record("job").await.state, JobState::Done);
}

#[tokio::test]
async fn a_restart_that_owns_the_data_directory_waits_for_no_lease_of_the_dead() {
    let world = World::new().await;
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    world.feed.push("Wanted", "a", "job");
    runtime.plan_available().await.unwrap();
    let now = world.clock.now();
    let until = now.saturating_add(LEASE).unwrap();
    world
        .jobs
        .claim(REACTOR, now, until)
        .await
        .unwrap()
        .unwrap();

    let restarted = world.runtime();
    assert_eq!(restarted.take_over().await.unwrap(), 1);
    assert_eq!(restarted.run_due().await.unwrap(), 1);
}

#[tokio::test]
async fn a_verdict_whose_answer_was_lost_is_not_acted_on_again() {
    let world = World::new().await;
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    world.feed.push("Wanted", "a", "job");
    runtime.plan_available().await.unwrap();
    world.jobs.lose_answers.store(true, Ordering::SeqCst);
    assert!(runtime.run_due().await.is_err());
    world.jobs.lose_answers.store(false, Ordering::SeqCst);
    world.clock.advance(LEASE);
    assert_eq!(runtime.run_due().await.unwrap(), 0);
    assert_eq!(world.reactor.acted(), ["job"]);
}

#[tokio::test]
async fn a_job_that_kills_its_process_each_time_is_parked() {
    let world = World::new().await;
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    world.feed.push("Wanted", "a", "killer");
    runtime.plan_available().await.unwrap();
    for _ in 0..world.settings.attempts_without_end_max {
        let now = world.clock.now();
        let until = now.saturating_add(LEASE).unwrap();
        let claimed = world.jobs.claim(REACTOR, now, until).await.unwrap();
        let ticket = claimed.unwrap().ticket;
        assert!(world.jobs.mark_started(ticket).await.unwrap());
        // And the process dies.
        world.clock.advance(LEASE);
    }
    runtime.run_due().await.unwrap();
    assert!(world.reactor.acted().is_empty());
    let killer = world.record("killer").await;
    assert_eq!(killer.state, JobState::Parked);

    assert!(
        world
            .jobs
            .retry(killer.id, world.clock.now())
            .await
            .unwrap()
    );
    runtime.run_due().await.unwrap();
    assert_eq!(world.reactor.interrupted("killer"), [true]);
}

#[tokio::test]
async fn a_job_whose_process_was_killed_many_times_has_all_its_attempts_and_no_longer_pause() {
    let world = World::new().await;
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    world.feed.push("Wanted", "a", "unlucky");
    runtime.plan_available().await.unwrap();
    for _ in 0..world.settings.attempts_max * 2 {
        let now = world.clock.now();
        let until = now.saturating_add(LEASE).unwrap();
        let claimed = world.jobs.claim(REACTOR, now, until).await.unwrap();
        assert!(claimed.is_some(), "and the process is killed");
        world.clock.advance(LEASE);
    }
    world.reactor.script("unlucky", [retry()]);
    assert_eq!(runtime.run_due().await.unwrap(), 1);
    let failed = world.record("unlucky").await;
    let pause = failed.due_at.unwrap().duration_since(world.clock.now());
    assert_eq!(failed.state, JobState::Planned);
    assert!(pause.unsigned_abs() <= world.settings.retry.first);
}

#[tokio::test]
async fn a_job_store_that_was_lost_gives_the_same_ids_again() {
    let (before, after) = (World::new().await, World::new().await);
    for world in [&before, &after] {
        let runtime = world.runtime();
        runtime.register(Start::Beginning).await.unwrap();
        world.feed.push("Wanted", "a", "job");
        runtime.plan_available().await.unwrap();
        runtime.run_due().await.unwrap();
    }
    let (before, after) = (Arc::clone(&before.reactor), Arc::clone(&after.reactor));
    assert_eq!(*before.acts.lock().unwrap(), *after.acts.lock().unwrap());
}
