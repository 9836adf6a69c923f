//! A broker that loses what it had acknowledged.

use std::collections::BTreeSet;
use std::time::Duration;

use invoiceapp_avro::Topic;
use invoiceapp_relay::{Ends, create_topics};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;

use crate::fixture::{Line, PARTITIONS, assert_complete, read_events};

/// Longer than any of this takes: the ends of the partitions are not compared meanwhile.
const NEVER: Duration = Duration::from_hours(1);

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn what_the_broker_lost_is_published_again() {
    let line = Line::new().await;
    line.fill(7, 0, 20).await;
    line.relay_all().await;
    delete_topics(&line).await;
    create_again(&line).await;
    line.fill(7, 20, 21).await;
    let mut running = line.start();
    running.until(147).await;
    assert!(running.status.borrow().tails_lost > 0);
    running.stop().await;
    assert_complete(&line.records().await, 147);
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn what_the_broker_lost_under_a_live_relay_is_published_again() {
    // Less, and more, than what was there before.
    for newer in [1, 30] {
        let line = Line::new().await;
        line.fill(7, 0, 20).await;
        let mut settings = line.settings();
        settings.ends_check = NEVER;
        let mut running = line.start_with(settings);
        running.until(140).await;
        keep_what_is_stored(&line).await;
        delete_topics(&line).await;
        create_again(&line).await;
        // The relay learns of it from where the broker puts these.
        line.fill(7, 20, 20 + newer).await;
        let head = line.head().await;
        running.until_status(|status| status.tails_lost > 0).await;
        running.until(head).await;
        running.stop().await;
        assert!(is_loss_stored(&line).await);
        let records = line.records().await;
        let positions: BTreeSet<u64> = records.iter().map(|record| record.position()).collect();
        assert!(positions.into_iter().eq(1..=head), "after {newer} more");
        let count = usize::try_from(head).unwrap();
        let read = read_events(&line.feed(), 0, count).await;
        assert!(read.iter().map(|event| event.position).eq(1..=head));
    }
}

/// Keeps whatever the relay stores of the ends from here on.
async fn keep_what_is_stored(line: &Line) {
    for statement in [
        "CREATE TABLE stored (ends text)",
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN INSERT INTO stored VALUES (NEW.ends); RETURN NULL; END'",
        "CREATE TRIGGER keep AFTER UPDATE ON feeds FOR EACH ROW EXECUTE FUNCTION keep()",
    ] {
        sqlx::query(statement).execute(&line.pool).await.unwrap();
    }
}

/// Whether it was ever stored that a partition has lost records.
async fn is_loss_stored(line: &Line) -> bool {
    let stored: Vec<String> = sqlx::query_scalar("SELECT ends FROM stored")
        .fetch_all(&line.pool)
        .await
        .unwrap();
    let of = |ends: &String| serde_json::from_str::<Ends>(ends).unwrap();
    let is_lost = |ends: Ends| ends.iter().any(|(_, _, end)| end.offset == i64::MAX);
    stored.iter().map(of).any(is_lost)
}

async fn delete_topics(line: &Line) {
    let admin = admin(line);
    let names: Vec<String> = Topic::ALL
        .iter()
        .map(|topic| line.kafka.topics.name(*topic))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for deleted in admin
        .delete_topics(&names, &AdminOptions::new())
        .await
        .unwrap()
    {
        deleted.unwrap();
    }
}

/// A topic takes a moment to be gone; until then it cannot be created.
async fn create_again(line: &Line) {
    loop {
        create_topics(&line.kafka, PARTITIONS, 1).await.unwrap();
        let admin = admin(line);
        let metadata = tokio::task::spawn_blocking(move || {
            admin
                .inner()
                .fetch_metadata(None, crate::fixture::PATIENCE)
                .unwrap()
        });
        let metadata = metadata.await.unwrap();
        let has_all = Topic::ALL.iter().all(|topic| {
            let name = line.kafka.topics.name(*topic);
            metadata.topics().iter().any(|found| found.name() == name)
        });
        if has_all {
            return;
        }
    }
}

fn admin(line: &Line) -> AdminClient<DefaultClientContext> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &line.kafka.brokers);
    config.create().unwrap()
}
