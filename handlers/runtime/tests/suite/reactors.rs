//! A reactor step by step, with the clock in the test's hand.

use std::sync::atomic::Ordering;
use std::time::Duration;

use invoiceapp_domain::Ambient;
use invoiceapp_runtime::{JobId, JobState, JobStore, Outcome, Start, derived_command_id};
use jiff::SignedDuration;

use crate::harness::{REACTOR, Step, World, retry};

const LONG: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_new_reactor_on_old_data_has_nothing_to_do() {
    let world = World::new().await;
    world.feed.push("Wanted", "a", "old");
    let runtime = world.runtime();
    assert_eq!(runtime.register(Start::Head).await.unwrap(), 1);
    assert_eq!(runtime.plan_available().await.unwrap(), 0);
    assert_eq!(runtime.run_due().await.unwrap(), 0);

    world.feed.push("Wanted", "a", "new");
    runtime.plan_available().await.unwrap();
    runtime.run_due().await.unwrap();
    assert_eq!(world.reactor.acted(), ["new"]);
}

#[tokio::test]
async fn a_reactor_on_a_new_data_directory_begins_at_the_first_event() {
    let world = World::new().await;
    world.feed.push("Wanted", "a", "first");
    let runtime = world.runtime();
    assert_eq!(runtime.register(Start::Beginning).await.unwrap(), 0);
    assert_eq!(runtime.plan_available().await.unwrap(), 1);
    runtime.run_due().await.unwrap();
    assert_eq!(world.reactor.acted(), ["first"]);
}

#[tokio::test]
async fn a_restart_does_nothing_again() {
    let world = World::new().await;
    world.feed.push("Wanted", "a", "once");
    for _ in 0..3 {
        let runtime = world.runtime();
        runtime.register(Start::Beginning).await.unwrap();
        runtime.plan_available().await.unwrap();
        runtime.run_due().await.unwrap();
    }
    assert_eq!(world.reactor.acted(), ["once"]);
}

#[tokio::test]
async fn a_job_that_keeps_failing_is_parked_and_its_key_waits_behind_it_in_order() {
    let world = World::new().await;
    world.reactor.script("bad", std::iter::repeat_n(retry(), 5));
    for (key, about) in [
        ("a", "bad"),
        ("b", "other"),
        ("a", "later-1"),
        ("a", "later-2"),
    ] {
        world.feed.push("Wanted", key, about);
    }
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    runtime.plan_available().await.unwrap();
    for _ in 0..10 {
        runtime.run_due().await.unwrap();
        world.clock.advance(LONG);
    }
    assert_eq!(
        world.reactor.acted(),
        ["bad", "other", "bad", "bad", "bad", "bad"]
    );
    let parked = world.record("bad").await;
    assert_eq!((parked.state, parked.attempt), (JobState::Parked, 5));
    assert_eq!(parked.reason.as_deref(), Some("a hiccup"));

    world
        .jobs
        .retry(parked.id, world.clock.now())
        .await
        .unwrap();
    world.reactor.acts.lock().unwrap().clear();
    runtime.run_due().await.unwrap();
    assert_eq!(world.reactor.acted(), ["bad", "later-1", "later-2"]);
}

#[tokio::test]
async fn the_pause_between_attempts_grows() {
    let world = World::new().await;
    world
        .reactor
        .script("slow", std::iter::repeat_n(retry(), 4));
    world.feed.push("Wanted", "a", "slow");
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    runtime.plan_available().await.unwrap();
    for full in [1, 2, 4, 8] {
        assert_eq!(runtime.run_due().await.unwrap(), 1);
        assert_eq!(
            runtime.run_due().await.unwrap(),
            0,
            "it is not due again yet"
        );
        let due_at = world.record("slow").await.due_at.unwrap();
        let pause = due_at.duration_since(world.clock.now());
        let full = SignedDuration::from_secs(full);
        assert!(pause >= full / 2 && pause <= full, "{pause:?} of {full:?}");
        world.clock.advance(pause.unsigned_abs());
    }
}

#[tokio::test]
async fn an_outage_is_waited_out_for_as_long_as_it_takes() {
    let world = World::new().await;
    let outage = Step::End(Outcome::Unavailable {
        reason: "smtp is down".to_owned(),
    });
    world
        .reactor
        .script("patient", std::iter::repeat_n(outage, 100));
    world.feed.push("Wanted", "a", "patient");
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    runtime.plan_available().await.unwrap();
    for _ in 0..101 {
        assert_eq!(runtime.run_due().await.unwrap(), 1);
        world.clock.advance(LONG);
    }
    assert_eq!(world.record("patient").await.state, JobState::Done);
    assert!(
        world
            .reactor
            .acts
            .lock()
            .unwrap()
            .iter()
            .all(|act| act.attempt == 1)
    );
}

#[tokio::test]
async fn a_permanent_failure_is_parked_at_the_first_attempt() {
    let world = World::new().await;
    let refused = Outcome::Park {
        reason: "refused for good".to_owned(),
    };
    world.reactor.script("refused", [Step::End(refused)]);
    world.feed.push("Wanted", "a", "refused");
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    runtime.plan_available().await.unwrap();
    runtime.run_due().await.unwrap();
    assert_eq!(
        world.states().await,
        [("refused".to_owned(), JobState::Parked)]
    );
}

#[tokio::test]
async fn a_job_waits_for_a_fact_and_is_woken_by_it() {
    let world = World::new().await;
    let check_again_at = world.clock.now().saturating_add(LONG).unwrap();
    let not_yet = Outcome::NotYet {
        wake_on: "rendered".to_owned(),
        check_again_at,
    };
    world.reactor.script("mail", [Step::End(not_yet)]);
    world.feed.push("Wanted", "a", "mail");
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    runtime.plan_available().await.unwrap();
    assert_eq!(runtime.run_due().await.unwrap(), 1);
    assert_eq!(runtime.run_due().await.unwrap(), 0);

    world.feed.push("Fact", "a", "rendered");
    runtime.plan_available().await.unwrap();
    assert_eq!(runtime.run_due().await.unwrap(), 1);
    assert_eq!(world.record("mail").await.state, JobState::Done);
}

#[tokio::test]
async fn a_fact_that_arrives_while_the_job_looks_for_it_is_not_lost() {
    let mut world = World::new().await;
    let check_again_at = world.clock.now().saturating_add(LONG).unwrap();
    let not_yet = Outcome::NotYet {
        wake_on: "rendered".to_owned(),
        check_again_at,
    };
    world.reactor.script("mail", [Step::EndAtGate(not_yet)]);
    world.feed.push("Wanted", "a", "mail");
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    runtime.plan_available().await.unwrap();
    let fact_in_between = async {
        world.begun.recv().await.unwrap();
        world.feed.push("Fact", "a", "rendered");
        runtime.plan_available().await.unwrap();
        world.reactor.gate.add_permits(1);
    };
    let (acts, ()) = tokio::join!(runtime.run_due(), fact_in_between);
    assert_eq!(acts.unwrap(), 2, "the job ran again at once");
    assert_eq!(world.record("mail").await.state, JobState::Done);
}

#[tokio::test]
async fn an_event_that_cannot_be_planned_parks_its_key_until_it_is_healed() {
    let world = World::new().await;
    world.feed.push("Poison", "a", "poisoned");
    world.feed.push("Wanted", "a", "later");
    world.feed.push("Wanted", "b", "other");
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    assert_eq!(
        runtime.plan_available().await.unwrap(),
        3,
        "the feed goes on"
    );
    runtime.run_due().await.unwrap();
    assert_eq!(world.reactor.acted(), ["other"]);
    let status = world.jobs.status().await.unwrap();
    assert_eq!(status.first().unwrap().count(JobState::Parked), 1);

    let states = world.states().await;
    let (parked, _) = states
        .iter()
        .find(|(_, state)| *state == JobState::Parked)
        .unwrap();
    let parked = JobId::derive(REACTOR, parked);
    // Retrying what is still ill parks it again.
    world.jobs.retry(parked, world.clock.now()).await.unwrap();
    runtime.run_due().await.unwrap();
    assert_eq!(world.reactor.acted(), ["other"]);

    world.reactor.healed.store(true, Ordering::SeqCst);
    world.jobs.retry(parked, world.clock.now()).await.unwrap();
    runtime.run_due().await.unwrap();
    assert_eq!(world.reactor.acted(), ["other", "poisoned", "later"]);
}

#[tokio::test]
async fn a_wish_that_is_taken_back_before_its_turn_is_never_acted_on() {
    let world = World::new().await;
    world.feed.push("Wanted", "a", "mail");
    world.feed.push("Unwanted", "a", "mail");
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    runtime.plan_available().await.unwrap();
    assert_eq!(runtime.run_due().await.unwrap(), 0);
    assert_eq!(
        world.states().await,
        [("mail".to_owned(), JobState::Cancelled)]
    );
}

#[tokio::test]
async fn a_reactor_that_panics_harms_its_job_only() {
    let world = World::new().await;
    world
        .reactor
        .script("buggy", std::iter::repeat_n(Step::PanicAfterStart, 5));
    world.feed.push("Wanted", "a", "buggy");
    world.feed.push("Wanted", "b", "fine");
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    runtime.plan_available().await.unwrap();
    for _ in 0..6 {
        runtime.run_due().await.unwrap();
        world.clock.advance(LONG);
    }
    assert_eq!(world.record("fine").await.state, JobState::Done);
    let buggy = world.record("buggy").await;
    assert_eq!(buggy.state, JobState::Parked);
    assert_eq!(buggy.reason.as_deref(), Some("the reactor panicked"));
    assert_eq!(
        world.reactor.interrupted("buggy"),
        [false, true, true, true, true]
    );

    assert!(world.jobs.retry(buggy.id, world.clock.now()).await.unwrap());
    runtime.run_due().await.unwrap();
    assert_eq!(world.record("buggy").await.state, JobState::Done);
    assert_eq!(world.reactor.interrupted("buggy").last(), Some(&true));
}

#[test]
fn ids_of_jobs_and_of_their_reports_never_change() {
    let job = JobId::derive("pdf", "default:0190/3");
    assert_eq!(job.to_string(), "1d8350a1-f972-5b88-8a8c-91f1561a6303");
    let report = derived_command_id(job, "attach");
    assert_eq!(report.to_string(), "4c1f0110-ed9d-50af-9501-31c7aaa20d83");
    assert_ne!(derived_command_id(job, "other"), report);
    assert_ne!(JobId::derive("mail", "default:0190/3"), job);
}
