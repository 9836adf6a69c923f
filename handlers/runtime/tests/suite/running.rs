//! A reactor as it runs in the process: woken by the feed, through outages, until it is drained.

use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use invoiceapp_domain::Ambient;
use invoiceapp_runtime::{
    JobState, JobStore, JobStoreError, Outcome, ReactorRuntime, RuntimeError, Start,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::harness::{REACTOR, Step, World};

/// Far longer than any of this takes: it ends a test that would never end.
const PATIENCE: Duration = Duration::from_secs(30);

async fn start(
    runtime: ReactorRuntime,
) -> (CancellationToken, JoinHandle<Result<(), RuntimeError>>) {
    runtime.register(Start::Beginning).await.unwrap();
    let cancel = CancellationToken::new();
    (cancel.clone(), tokio::spawn(runtime.run(cancel)))
}

async fn next(channel: &mut tokio::sync::mpsc::UnboundedReceiver<String>) -> String {
    tokio::time::timeout(PATIENCE, channel.recv())
        .await
        .unwrap()
        .unwrap()
}

/// Returns once a call found the part cut off, more than once.
async fn noticed(refused: &watch::Sender<u64>) {
    let mut refused = refused.subscribe();
    let often = refused.wait_for(|refused| *refused > 2);
    let _refused = tokio::time::timeout(PATIENCE, often)
        .await
        .unwrap()
        .unwrap();
}

async fn stop(cancel: CancellationToken, running: JoinHandle<Result<(), RuntimeError>>) {
    cancel.cancel();
    tokio::time::timeout(PATIENCE, running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn events_are_acted_on_as_they_come() {
    let mut world = World::new().await;
    let (cancel, running) = start(world.runtime()).await;
    for about in ["one", "two", "three"] {
        world.feed.push("Wanted", "a", about);
        assert_eq!(next(&mut world.left).await, about);
    }
    stop(cancel, running).await;
    assert!(
        world
            .states()
            .await
            .iter()
            .all(|(_, state)| *state == JobState::Done)
    );
}

#[tokio::test]
async fn a_reactor_that_was_never_registered_does_not_run() {
    let world = World::new().await;
    let ran = world.runtime().run(CancellationToken::new()).await;
    assert!(matches!(
        ran,
        Err(RuntimeError::Jobs(JobStoreError::Unregistered { .. }))
    ));
}

#[tokio::test]
async fn no_more_jobs_run_at_once_than_there_are_workers() {
    let mut world = World::new().await;
    world.settings.workers = NonZeroUsize::new(2).unwrap();
    for about in ["a", "b", "c", "d"] {
        world
            .reactor
            .script(about, [Step::EndAtGate(Outcome::Done)]);
        world.feed.push("Wanted", about, about);
    }
    let (cancel, running) = start(world.runtime()).await;
    for _ in 0..2 {
        next(&mut world.begun).await;
    }
    let status = world.jobs.status().await.unwrap();
    assert_eq!(status.first().unwrap().count(JobState::Running), 2);
    assert!(world.begun.try_recv().is_err());
    world.reactor.gate.add_permits(4);
    for _ in 0..4 {
        next(&mut world.left).await;
    }
    stop(cancel, running).await;
}

#[tokio::test]
async fn a_shutdown_lets_the_acts_that_run_come_to_their_end_and_begins_no_other() {
    let mut world = World::new().await;
    world.settings.workers = NonZeroUsize::MIN;
    world
        .reactor
        .script("running", [Step::EndAtGate(Outcome::Done)]);
    world.feed.push("Wanted", "a", "running");
    world.feed.push("Wanted", "b", "next");
    let (cancel, running) = start(world.runtime()).await;
    assert_eq!(next(&mut world.begun).await, "running");
    cancel.cancel();
    world.reactor.gate.add_permits(1);
    stop(cancel, running).await;
    assert_eq!(world.record("running").await.state, JobState::Done);
    assert_eq!(world.record("next").await.state, JobState::Planned);
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever() {
    let mut world = World::new().await;
    world.settings.drain_time_max = Duration::from_millis(20);
    world.reactor.script("endless", [Step::HangAfterStart]);
    world.feed.push("Wanted", "a", "endless");
    let (cancel, running) = start(world.runtime()).await;
    next(&mut world.begun).await;
    stop(cancel, running).await;
    assert_eq!(next(&mut world.left).await, "endless");
}

#[tokio::test]
async fn an_act_that_takes_too_long_is_given_up() {
    let mut world = World::new().await;
    world.settings.act_time_max = Duration::from_millis(20);
    world.reactor.script("endless", [Step::HangAfterStart]);
    world.feed.push("Wanted", "a", "endless");
    let runtime = world.runtime();
    runtime.register(Start::Beginning).await.unwrap();
    runtime.plan_available().await.unwrap();
    assert_eq!(runtime.run_due().await.unwrap(), 1);
    let record = world.record("endless").await;
    assert_eq!(record.state, JobState::Planned);
    assert_eq!(record.reason.as_deref(), Some("the act took too long"));

    world.clock.advance(Duration::from_hours(1));
    assert_eq!(runtime.run_due().await.unwrap(), 1);
    assert_eq!(
        world.reactor.interrupted("endless"),
        [false, true],
        "nobody said how the effect of the first ended"
    );
}

#[tokio::test]
async fn an_outage_of_store_or_feed_is_caught_up_with_nobodys_help() {
    let mut world = World::new().await;
    let (cancel, running) = start(world.runtime()).await;
    world.feed.push("Wanted", "a", "before");
    assert_eq!(next(&mut world.left).await, "before");

    world.jobs.cut.store(true, Ordering::SeqCst);
    world.feed.push("Wanted", "a", "during the store's outage");
    noticed(&world.jobs.refused).await;
    world.jobs.cut.store(false, Ordering::SeqCst);
    assert_eq!(next(&mut world.left).await, "during the store's outage");

    world.feed.cut(true);
    world.feed.push("Wanted", "a", "during the feed's outage");
    noticed(&world.feed.refused).await;
    world.feed.cut(false);
    assert_eq!(next(&mut world.left).await, "during the feed's outage");
    stop(cancel, running).await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_drops_its_act_and_completes_nothing() {
    let mut world = World::new().await;
    world.settings.lease = Duration::from_millis(30);
    world.reactor.script("contested", [Step::HangAfterStart]);
    world.feed.push("Wanted", "a", "contested");
    let (cancel, running) = start(world.runtime()).await;
    assert_eq!(next(&mut world.begun).await, "contested");

    // Another process sees a lease that ran out long ago, and takes the job.
    let later = world
        .clock
        .now()
        .saturating_add(Duration::from_hours(1))
        .unwrap();
    let until = later.saturating_add(Duration::from_hours(1)).unwrap();
    let heir = world
        .jobs
        .claim(REACTOR, later, until)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(next(&mut world.left).await, "contested");
    stop(cancel, running).await;

    assert_eq!(world.record("contested").await.state, JobState::Running);
    let done = invoiceapp_runtime::Verdict::Done;
    assert!(world.jobs.finish(heir.ticket, &done, later).await.unwrap());
}
