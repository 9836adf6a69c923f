//! Records that cannot be read: their streams are parked by whoever reads them, the others go on.

use invoiceapp_domain::product::ProductEvent;
use invoiceapp_relay::KafkaFeed;
use invoiceapp_schemas::decode;
use rdkafka::message::OwnedMessage;

use crate::feed::renamed_topic;
use crate::fixture::{Line, read_events};

/// Copies a line with the value of one event changed, and reads the copy.
async fn read_with(change: impl Fn(Vec<u8>) -> Vec<u8>) -> Vec<invoiceapp_schemas::RecordedEvent> {
    use rdkafka::Message;
    let line = Line::new().await;
    line.fill(3, 0, 4).await;
    line.relay_all().await;
    let copy = Line::new().await;
    for record in line.records().await {
        let mut message: OwnedMessage = renamed_topic(&record, &line, &copy);
        if record.position() == 5 {
            let changed = change(message.payload().unwrap().to_vec());
            message = message.set_payload(Some(changed));
        }
        copy.send(&message).await;
    }
    copy.mark(&line.kafka.journal, 12).await;
    let mut kafka = line.kafka.clone();
    kafka.topics = copy.kafka.topics.clone();
    let feed = KafkaFeed::new(kafka, line.codec.clone());
    let read = read_events(&feed, 0, 12).await;
    let written = line.journal.read_all(0, 100).await.unwrap();
    for (read, written) in read.iter().zip(&written) {
        assert_eq!(read.position, written.position);
        assert_eq!(read.stream, written.stream);
        assert_eq!(read.version, written.version);
        assert_eq!(read.event_id, written.event_id);
        if read.position != 5 {
            assert_eq!(read.payload_json, written.payload_json);
        }
    }
    read
}

fn assert_poison(read: &[invoiceapp_schemas::RecordedEvent]) {
    for event in read {
        let is_readable = decode::<ProductEvent>(event).is_ok();
        assert_eq!(is_readable, event.position != 5, "{}", event.position);
    }
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn a_bad_value_is_an_event_that_no_fold_accepts() {
    let read = read_with(|mut value| {
        value.truncate(value.len() - 1);
        value
    });
    assert_poison(&read.await);
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn an_unknown_schema_id_is_an_event_that_no_fold_accepts() {
    let read = read_with(|mut value| {
        value[1] = 0x7f;
        value
    });
    assert_poison(&read.await);
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn another_event_than_the_headers_name_is_an_event_that_no_fold_accepts() {
    let read = read_with(|_| b"no wire format".to_vec());
    assert_poison(&read.await);
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn records_without_headers_are_left_out() {
    let line = Line::new().await;
    line.fill(3, 0, 4).await;
    line.relay_all().await;
    for record in line.records().await {
        use rdkafka::Message;
        let junk = OwnedMessage::new(
            Some(b"junk".to_vec()),
            record.0.key().map(<[u8]>::to_vec),
            record.0.topic().to_owned(),
            rdkafka::Timestamp::NotAvailable,
            record.0.partition(),
            0,
            None,
        );
        line.send(&junk).await;
    }
    line.fill(3, 4, 5).await;
    line.relay_all().await;
    let read = read_events(&line.feed(), 0, 15).await;
    assert!(read.iter().map(|event| event.position).eq(1..=15));
}
