//! A relay that is told to end.

use invoiceapp_parts::control::Part;

use crate::fixture::{Line, assert_complete};

/// The broker, halted until this is dropped: its connections are open, and nothing is answered.
struct Halted;

impl Halted {
    fn kafka() -> Self {
        Part::Kafka.pause();
        Self
    }
}

impl Drop for Halted {
    fn drop(&mut self) {
        Part::Kafka.start();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn a_relay_ends_although_the_broker_confirms_nothing_and_the_next_one_sends_the_rest() {
    let line = Line::new().await;
    line.fill(2, 0, 5).await;
    let mut running = line.start();
    running.until(10).await;
    let halted = Halted::kafka();
    line.fill(2, 5, 10).await;
    running.until_status(|status| status.head > 10).await;
    assert_eq!(running.status.borrow().position, 10);
    running.stop().await;
    drop(halted);
    line.relay_all().await;
    assert_complete(&line.records().await, 20);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn a_relay_that_is_told_to_end_sends_what_it_has_begun_to_send() {
    let line = Line::new().await;
    line.fill(2, 0, 100).await;
    let mut running = line.start();
    running.until_status(|status| status.head > 0).await;
    running.stop().await;
    let before = line.records().await.len();
    line.relay_all().await;
    let records = line.records().await;
    assert_complete(&records, 200);
    assert_eq!(records.len(), 200, "{before} before the shutdown");
}
