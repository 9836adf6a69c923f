//! How long it takes from the answer to a commit until the event is at a consumer that waits for it,
//! while little happens; against what no such system can do without: one flush to the same disk, and
//! the way of one record through the same broker.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::port::Journal;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::Message;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::invoices::draft;
use crate::line::{Line, PARTITIONS, PATIENCE, client};

/// Between two commits: twenty a second.
const PAUSE: Duration = Duration::from_millis(50);
/// Commits of a round; those before them wake everybody up.
const COMMITS: u64 = 100;
const COMMITS_BEFORE: u64 = 20;
/// Flushes, and ways of a record, of a round.
const PROBES: u64 = 40;
/// What a flush writes: a page of PostgreSQL's log.
const PAGE: [u8; 8_192] = [7; 8_192];

/// Median and 99th percentile, in microseconds.
#[derive(Clone, Copy)]
pub(crate) struct Waits {
    pub(crate) median: u64,
    pub(crate) tail: u64,
}

impl Waits {
    fn of(mut micros: Vec<u64>) -> Self {
        micros.sort_unstable();
        let at = |percent: usize| {
            let nth = micros.len() * percent / 100;
            micros.get(nth).copied().unwrap_or(0)
        };
        let (median, tail) = (at(50), at(99));
        Self { median, tail }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// A file beside PostgreSQL's on the disk of temporary files.
pub(crate) fn flushes() -> Waits {
    let mut file: File = tempfile::tempfile().expect("a file");
    let mut waits = Vec::new();
    for _ in 0..PROBES {
        file.seek(SeekFrom::Start(0)).expect("a place");
        file.write_all(&PAGE).expect("a page");
        let begun = Instant::now();
        file.sync_data().expect("a flush");
        waits.push(micros(begun.elapsed()));
    }
    Waits::of(waits)
}

/// Reads every partition of a topic, and then waits for more.
struct Waiting {
    consumer: StreamConsumer,
}

impl Waiting {
    async fn at(topic: &str) -> Self {
        let consumer: StreamConsumer = client()
            .set("group.id", "drain-lag")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "100")
            .create()
            .expect("a consumer");
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            list.add_partition_offset(topic, partition, Offset::Beginning)
                .expect("a partition");
        }
        consumer.assign(&list).expect("assigned");
        Self { consumer }
    }

    /// The key of the next record, and when it was here.
    async fn next(&self) -> (Vec<u8>, Instant) {
        let record = timeout(PATIENCE, self.consumer.recv()).await;
        let record = record.expect("a record in time").expect("a record");
        let here = Instant::now();
        (record.key().unwrap_or_default().to_vec(), here)
    }
}

/// The way of one record through the broker, again and again, when nothing else is under way.
pub(crate) async fn round_trips(topic: &str) -> Waits {
    let waiting = Waiting::at(topic).await;
    let producer: FutureProducer = client()
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("linger.ms", "0")
        .create()
        .expect("a producer");
    let mut waits = Vec::new();
    let mut ticks = interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0..=PROBES {
        ticks.tick().await;
        let key = number.to_string();
        let record = FutureRecord::to(topic)
            .partition(0)
            .key(&key)
            .payload(&PAGE[..800]);
        let begun = Instant::now();
        let delivery = producer.send_result(record).expect("room for a record");
        let (arrived, here) = waiting.next().await;
        assert_eq!(arrived, key.as_bytes());
        delivery.await.expect("an answer").expect("delivered");
        if number > 0 {
            waits.push(micros(here.saturating_duration_since(begun)));
        }
    }
    Waits::of(waits)
}

/// Commits now and then, with a relay that has nothing else to do.
pub(crate) async fn lag(
    line: &Line,
    journal: &dyn Journal,
    ambient: &Arc<SteppingAmbient>,
) -> Waits {
    let running = line.start(ambient);
    let waiting = Waiting::at(&line.topic()).await;
    let reader = async {
        let mut arrived = HashMap::new();
        for _ in 0..COMMITS_BEFORE + COMMITS {
            let (key, here) = waiting.next().await;
            arrived.insert(key, here);
        }
        arrived
    };
    let writer = async {
        let mut answered = HashMap::new();
        let mut ticks = interval(PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for number in 0..COMMITS_BEFORE + COMMITS {
            ticks.tick().await;
            let append = draft(ambient, number);
            let key = append.stream.aggregate_id().into_bytes();
            journal.append(append).await.expect("an append");
            if number >= COMMITS_BEFORE {
                answered.insert(key, Instant::now());
            }
        }
        answered
    };
    let (arrived, answered) = tokio::join!(reader, writer);
    running.stop().await;
    let lags = answered.iter().map(|(key, answered)| {
        // Earlier than the answer is possible, and counts as no lag at all.
        let here = arrived.get(key).expect("it has arrived");
        micros(here.saturating_duration_since(*answered))
    });
    Waits::of(lags.collect())
}
