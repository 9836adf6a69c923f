//! Kafka as a feed.

use invoiceapp_runtime::{Feed, conformance};

use crate::fixture::{Line, Record, read_events};

fn positions(events: &[invoiceapp_schemas::RecordedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.position).collect()
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn kafka_conforms_to_the_port_of_feeds() {
    let line = Line::new().await;
    let running = line.start();
    conformance::feed::all(&line.journal, line.feed().as_ref()).await;
    running.stop().await;
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn a_feed_begins_after_any_position() {
    let line = Line::new().await;
    line.fill(10, 0, 100).await;
    line.relay_all().await;
    for after in [0, 1, 499, 500, 998, 999] {
        // A new consumer each time: it has to find its place.
        let expected: Vec<u64> = (after + 1..=1_000).take(3).collect();
        let read = read_events(&line.feed(), after, expected.len()).await;
        assert_eq!(positions(&read), expected, "after {after}");
    }
    assert!(line.feed().read(1_000, 3).await.unwrap().is_empty());
    assert_eq!(line.feed().head().await.unwrap(), 1_000);
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn repeats_are_dropped_wherever_they_stand() {
    let line = Line::new().await;
    line.fill(4, 0, 10).await;
    line.relay_all().await;
    let records = line.records().await;
    let repeats = records.iter().filter(|record| record.position() % 3 == 0);
    for Record(record) in repeats {
        line.send(record).await;
    }
    line.fill(4, 10, 12).await;
    line.relay_all().await;
    let read = read_events(&line.feed(), 0, 48).await;
    assert!(positions(&read).into_iter().eq(1..=48));
    // And for one who begins among them.
    let late = read_events(&line.feed(), 30, 18).await;
    assert!(positions(&late).into_iter().eq(31..=48));
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn a_position_that_is_gone_is_an_error_and_never_skipped() {
    let line = Line::new().await;
    line.fill(2, 0, 10).await;
    line.relay_all().await;
    // Somebody else's copy of the line, without the fifth event.
    let copy = Line::new().await;
    let mut kafka = line.kafka.clone();
    kafka.topics = copy.kafka.topics.clone();
    for record in line.records().await {
        if record.position() != 5 {
            copy.send(&renamed_topic(&record, &line, &copy)).await;
        }
    }
    copy.mark(&line.kafka.journal, 20).await;
    let feed = invoiceapp_relay::KafkaFeed::new(kafka, line.codec.clone());
    assert_eq!(positions(&read_events(&feed, 0, 4).await), [1, 2, 3, 4]);
    let error = feed.read(4, 100).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("position 5 is not on the topics"), "{cause}");
}

/// A record of one line as a record of another.
pub(crate) fn renamed_topic(
    record: &Record,
    from: &Line,
    to: &Line,
) -> rdkafka::message::OwnedMessage {
    use rdkafka::Message;
    let record = &record.0;
    let suffix = record
        .topic()
        .strip_prefix(from.kafka.journal.as_str())
        .unwrap();
    // The topics of both lines have as many partitions, so a key keeps its own.
    rdkafka::message::OwnedMessage::new(
        record.payload().map(<[u8]>::to_vec),
        record.key().map(<[u8]>::to_vec),
        format!("{}{suffix}", to.kafka.journal),
        record.timestamp(),
        record.partition(),
        record.offset(),
        record.headers().cloned(),
    )
}
