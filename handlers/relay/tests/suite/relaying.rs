//! What gets onto the topics, and what happens when something is in the way.

use invoiceapp_avro::{Topic, golden_corpus};
use invoiceapp_relay::{Phase, ProgressMark, create_topics, partition_of};
use invoiceapp_schemas::NewEvent;
use rdkafka::Message;

use crate::fixture::{Line, PARTITIONS, assert_complete, read_topic, renamed, stream_of};

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn every_kind_of_event_is_published_with_its_headers_and_decodes_to_what_it_was() {
    let line = Line::new().await;
    for sample in golden_corpus().unwrap() {
        let event = sample.event;
        let new = NewEvent {
            event_type: event.event_type,
            schema_version: event.schema_version,
            payload_json: event.payload_json,
        };
        line.append_to(event.stream, event.version - 1, new).await;
    }
    line.relay_all().await;
    let records = line.records().await;
    let written = line.journal.read_all(0, 2_000).await.unwrap();
    assert_eq!(records.len(), written.len());
    for record in &records {
        let position = usize::try_from(record.position()).unwrap();
        let event = &written[position - 1];
        let kafka = &line.kafka;
        assert_eq!(
            record.0.topic(),
            kafka.topics.name(Topic::of(event.stream.kind))
        );
        assert_eq!(record.key(), event.stream.aggregate_id());
        let partition = partition_of(record.key().as_bytes(), PARTITIONS.cast_unsigned());
        assert_eq!(record.0.partition(), partition);
        let metadata = event.metadata().unwrap();
        let kind = event.stream.kind;
        for (name, value) in [
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", event.event_id.to_string()),
            (
                "ce_type",
                format!("invoiceapp.{kind}.{}.v1", event.event_type),
            ),
            ("ce_source", format!("/journals/{}", kafka.journal)),
            (
                "ce_subject",
                format!("{kind}/{}", event.stream.aggregate_id()),
            ),
            ("ce_time", event.recorded_at.to_string()),
            ("ce_tenant", "default".to_owned()),
            ("ce_streamversion", event.version.to_string()),
            ("ce_correlationid", metadata.correlation_id.to_string()),
        ] {
            assert_eq!(record.header(name), Some(value), "{name}");
        }
        let value = record.0.payload().unwrap();
        let id = u32::from_be_bytes(value[1..5].try_into().unwrap());
        assert_eq!(
            record.header("ce_dataschema"),
            Some(format!("/schemas/ids/{id}"))
        );
        let decoded = line.codec.decode(value).await.unwrap();
        assert_eq!(decoded.payload_json, event.payload_json);
        assert_eq!(decoded.chain_hash, event.hash);
    }
    let marks = read_topic(&line.kafka, &line.kafka.topics.relay()).await;
    let last = marks.last().unwrap();
    assert_eq!(last.key(), line.kafka.journal);
    let mark: ProgressMark = serde_json::from_slice(last.0.payload().unwrap()).unwrap();
    assert_eq!(mark.position, line.head().await);
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn what_was_sent_before_a_crash_is_not_sent_again() {
    let line = Line::new().await;
    line.fill(7, 0, 20).await;
    line.relay_all().await;
    // As if it had been killed before its first checkpoint.
    sqlx::query("UPDATE feeds SET position = 0, ends = '{}'")
        .execute(&line.pool)
        .await
        .unwrap();
    line.fill(7, 20, 25).await;
    line.relay_all().await;
    let records = line.records().await;
    assert_complete(&records, 175);
    assert_eq!(records.len(), 175);
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn an_event_that_cannot_be_encoded_halts_the_line_and_is_not_skipped() {
    let line = Line::new().await;
    line.fill(2, 0, 5).await;
    let unknown = NewEvent {
        event_type: "ProductFolded".to_owned(),
        schema_version: 1,
        payload_json: r#"{"ProductFolded":{}}"#.to_owned(),
    };
    line.append(0, 5, unknown).await;
    line.append(1, 5, renamed(5)).await;
    let mut running = line.start();
    running
        .until_status(|status| matches!(status.phase, Phase::Halted { .. }))
        .await;
    let status = running.status.borrow().clone();
    running.stop().await;
    assert!(
        matches!(&status.phase, Phase::Halted { position: 11, reason } if reason.contains("ProductFolded"))
    );
    assert_eq!(status.position, 10);
    assert_complete(&line.records().await, 10);
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn topics_that_are_missing_are_named_and_waited_for() {
    let line = Line::without_topics().await;
    line.fill(2, 0, 5).await;
    let mut running = line.start();
    running
        .until_status(|status| matches!(&status.phase, Phase::Failing { reason } if reason.contains("does not exist")))
        .await;
    create_topics(&line.kafka, PARTITIONS, 1).await.unwrap();
    running.until(10).await;
    running.stop().await;
    assert_complete(&line.records().await, 10);
}

#[tokio::test]
#[ignore = "wants the stack: Kafka, PostgreSQL, schema registry"]
async fn records_of_others_at_the_end_of_a_topic_do_not_hide_ours() {
    let line = Line::new().await;
    line.fill(3, 0, 4).await;
    line.relay_all().await;
    for record in line.records().await {
        let junk = rdkafka::message::OwnedMessage::new(
            Some(b"junk".to_vec()),
            Some(b"junk".to_vec()),
            record.0.topic().to_owned(),
            rdkafka::Timestamp::NotAvailable,
            record.0.partition(),
            0,
            None,
        );
        line.send(&junk).await;
    }
    sqlx::query("UPDATE feeds SET position = 0, ends = '{}'")
        .execute(&line.pool)
        .await
        .unwrap();
    line.relay_all().await;
    let ours = line.records().await;
    let ours = ours
        .iter()
        .filter(|record| record.header("ce_id").is_some());
    assert_eq!(ours.count(), 12);
    assert_eq!(stream_of(0).kind.as_str(), "product");
}
