//! Two relays of one journal.

use std::sync::mpsc;

use invoiceapp_relay::Phase;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Line, assert_complete, read_events};

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn one_relay_publishes_and_the_other_takes_over_when_it_stops() {
    let line = Line::new().await;
    line.fill(5, 0, 10).await;
    let mut first = line.start();
    first.until(50).await;
    let mut second = line.start();
    line.fill(5, 10, 20).await;
    first.until(100).await;
    assert_eq!(second.status.borrow_and_update().sent, 0);
    first.stop().await;
    line.fill(5, 20, 30).await;
    second.until(150).await;
    second.stop().await;
    let records = line.records().await;
    assert_complete(&records, 150);
    assert_eq!(records.len(), 150);
}

/// A relay that is stopped as by SIGSTOP, outlives its lease, and wakes up behind its successor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn a_relay_that_wakes_up_after_its_lease_does_no_harm() {
    let line = Line::new().await;
    line.fill(5, 0, 10).await;
    let (relay, mut zombie) = line.relay_with_own_pool().await;
    let cancel = CancellationToken::new();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let token = cancel.clone();
    let task = runtime.spawn(async move { relay.run(token).await });
    zombie
        .wait_for(|status| status.position >= 50)
        .await
        .unwrap();
    // The only thread of its runtime waits for us: nothing of the relay goes on.
    let (wake_up, asleep) = mpsc::channel::<()>();
    let (fell_asleep, sleeping) = mpsc::channel::<()>();
    runtime.spawn(async move {
        fell_asleep.send(()).unwrap();
        let _woken = asleep.recv();
    });
    sleeping.recv().unwrap();
    line.fill(5, 10, 20).await;
    let mut successor = line.start();
    successor.until(100).await;
    drop(wake_up);
    line.fill(5, 20, 30).await;
    successor.until(150).await;
    zombie
        .wait_for(|status| status.phase == Phase::Waiting)
        .await
        .unwrap();
    cancel.cancel();
    task.await.unwrap();
    successor.stop().await;
    let epoch: i64 = sqlx::query_scalar("SELECT epoch FROM feeds")
        .fetch_one(&line.pool)
        .await
        .unwrap();
    assert_eq!(epoch, 2, "the zombie never took the lease back");
    assert_complete(&line.records().await, 150);
    let read = read_events(&line.feed(), 0, 150).await;
    assert!(read.iter().map(|event| event.position).eq(1..=150));
    tokio::task::spawn_blocking(move || drop(runtime))
        .await
        .unwrap();
}
