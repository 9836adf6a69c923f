//! What every [`Feed`] has to do, as a function that its tests call with a journal that nothing was
//! written to and the feed of it. The feed may lag behind the journal; it may not differ from it,
//! except that it may leave out the claims of the metadata.

use std::sync::Arc;
use std::time::Duration;

use invoiceapp_domain::{Actor, StreamId, StreamKind, TenantId};
use invoiceapp_journal::port::{Append, AppendEvents, Journal, READ_EVENTS_MAX};
use invoiceapp_schemas::{CommandId, CommandStamp, Metadata, NewEvent, RecordedEvent};
use tokio::time::timeout;
use uuid::Uuid;

use crate::feed::{FEED_WAIT_MAX, Feed};

/// How long a feed may lag.
const LAG_MAX: Duration = Duration::from_secs(60);
/// How many streams are written by turns.
const STREAMS: u64 = 5;
/// How many events each of them gets.
const EVENTS_PER_STREAM: u64 = 13;

/// Runs everything.
pub async fn all(journal: &Arc<dyn Journal>, feed: &dyn Feed) {
    assert_eq!(feed.head().await.expect("head"), 0, "nothing was written");
    assert!(feed.read(0, 10).await.expect("read").is_empty());
    for version in 0..EVENTS_PER_STREAM {
        for stream in 0..STREAMS {
            append(journal, stream, version, text_event(stream, version)).await;
        }
    }
    let head = STREAMS * EVENTS_PER_STREAM;
    events_come_in_order_and_as_they_were_written(journal, feed, head).await;
    a_reader_may_go_back_and_forth(journal, feed, head).await;
    a_reader_who_waits_is_woken(journal, feed, head).await;
    a_wait_for_nothing_ends(feed, head + 1).await;
    a_long_event_comes_whole(journal, feed, head + 1).await;
}

async fn events_come_in_order_and_as_they_were_written(
    journal: &Arc<dyn Journal>,
    feed: &dyn Feed,
    head: u64,
) {
    for limit in [1, 7, 1_000] {
        let read = read_up_to(feed, 0, head, limit).await;
        assert_same(&read, &written(journal, 0, head).await);
    }
    until_head(feed, head).await;
}

async fn a_reader_may_go_back_and_forth(journal: &Arc<dyn Journal>, feed: &dyn Feed, head: u64) {
    for after in [30, 10, 10, 0, head - 1, 3] {
        let to = head.min(after + 4);
        let read = read_up_to(feed, after, to, 4).await;
        assert_same(&read, &written(journal, after, to).await);
    }
    assert!(feed.read(head, 10).await.expect("read").is_empty());
}

async fn a_reader_who_waits_is_woken(journal: &Arc<dyn Journal>, feed: &dyn Feed, head: u64) {
    let woken = async {
        while feed.read(head, 10).await.expect("read").is_empty() {
            feed.wait(head).await;
        }
    };
    let event = text_event(0, EVENTS_PER_STREAM);
    let written = append(journal, 0, EVENTS_PER_STREAM, event);
    let both = futures::future::join(timeout(LAG_MAX, woken), written);
    both.await.0.expect("a reader is woken");
}

async fn a_wait_for_nothing_ends(feed: &dyn Feed, head: u64) {
    timeout(FEED_WAIT_MAX * 2, feed.wait(head))
        .await
        .expect("a wait ends by itself");
    assert!(feed.read(head, 10).await.expect("read").is_empty());
}

/// About as long as an event may get.
async fn a_long_event_comes_whole(journal: &Arc<dyn Journal>, feed: &dyn Feed, head: u64) {
    let line = |number: u128| {
        format!(
            r#"{{"line_id":"{}","name":"{}","description":"{}","quantity":"1","unit_code":"C62","unit_price":"1","vat":{{"category":"S","rate":"20"}}}}"#,
            Uuid::from_u128(number),
            "n".repeat(100),
            "description ".repeat(90),
        )
    };
    let lines: Vec<String> = (1..=2_000).map(line).collect();
    let event = NewEvent {
        event_type: "LinesReplaced".to_owned(),
        schema_version: 1,
        payload_json: format!(r#"{{"LinesReplaced":{{"lines":[{}]}}}}"#, lines.join(",")),
    };
    append(journal, STREAMS * STREAMS, 0, event).await;
    let read = read_up_to(feed, head, head + 1, 10).await;
    assert_same(&read, &written(journal, head, head + 1).await);
}

/// The streams are of three kinds, so that a feed that keeps kinds apart has to put them together.
fn stream_of(number: u64) -> StreamId {
    let tenant = TenantId::parse("default").expect("a tenant id");
    let kind = match number % 3 {
        0 if number < STREAMS => StreamKind::Organization,
        1 if number < STREAMS => StreamKind::Product,
        _ => StreamKind::Invoice,
    };
    StreamId::new(tenant, kind, Uuid::from_u128(u128::from(number) + 1))
}

fn text_event(stream: u64, version: u64) -> NewEvent {
    let (event_type, content) = match stream_of(stream).kind {
        StreamKind::Organization => (
            "LegalNameChanged",
            format!(r#"{{"legal_name":"Name \"{version}\" é"}}"#),
        ),
        StreamKind::Product => (
            "ProductDetailsChanged",
            format!(r#"{{"name":"Product {version}","unit_code":"C62"}}"#),
        ),
        _ => (
            "DraftDiscarded",
            format!(r#"{{"reason":"Reason {version}"}}"#),
        ),
    };
    NewEvent {
        event_type: event_type.to_owned(),
        schema_version: 1,
        payload_json: format!(r#"{{"{event_type}":{content}}}"#),
    }
}

async fn append(journal: &Arc<dyn Journal>, stream: u64, expected_version: u64, event: NewEvent) {
    let command = u128::from(stream) << 64 | u128::from(expected_version) | 1 << 127;
    let id = CommandId(Uuid::from_u128(command));
    let append = Append {
        stream: stream_of(stream),
        expected_version,
        events: AppendEvents::Ready(vec![event]),
        command: CommandStamp {
            id,
            fingerprint: [7; 32],
        },
        metadata: Metadata {
            actor: Actor::System("conformance".to_owned()),
            command_id: id,
            correlation_id: Uuid::from_u128(command + 1),
            causation_id: (stream == 1).then(|| Uuid::from_u128(command + 2)),
            traceparent: (stream == 2)
                .then(|| "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
            claims: Vec::new(),
            number: None,
        },
        claims: Vec::new(),
        guards: Vec::new(),
    };
    journal.append(append).await.expect("append");
}

async fn written(journal: &Arc<dyn Journal>, after: u64, to: u64) -> Vec<RecordedEvent> {
    let mut events = journal
        .read_all(after, READ_EVENTS_MAX)
        .await
        .expect("the journal is read");
    events.retain(|event| event.position <= to);
    events
}

/// Reads page after page, waiting where there is none yet.
async fn read_up_to(feed: &dyn Feed, after: u64, to: u64, limit: usize) -> Vec<RecordedEvent> {
    let mut read: Vec<RecordedEvent> = Vec::new();
    let reading = async {
        loop {
            let reached = read.last().map_or(after, |event| event.position);
            if reached >= to {
                break;
            }
            let page = feed.read(reached, limit).await.expect("read");
            assert!(page.len() <= limit, "a page keeps its limit");
            if page.is_empty() {
                feed.wait(reached).await;
            }
            read.extend(page);
        }
    };
    timeout(LAG_MAX, reading)
        .await
        .expect("the feed catches up");
    read.retain(|event| event.position <= to);
    read
}

async fn until_head(feed: &dyn Feed, head: u64) {
    let reached = async {
        while feed.head().await.expect("head") < head {
            tokio::task::yield_now().await;
        }
    };
    timeout(LAG_MAX, reached)
        .await
        .expect("the head is reached");
}

fn assert_same(read: &[RecordedEvent], written: &[RecordedEvent]) {
    assert_eq!(read.len(), written.len());
    for (read, written) in read.iter().zip(written) {
        let without_claims = |event: &RecordedEvent| Metadata {
            claims: Vec::new(),
            ..event.metadata().expect("metadata")
        };
        assert_eq!(without_claims(read), without_claims(written));
        let metadata_json = written.metadata_json.clone();
        let read = RecordedEvent {
            metadata_json,
            ..read.clone()
        };
        assert_eq!(read, *written);
    }
}
