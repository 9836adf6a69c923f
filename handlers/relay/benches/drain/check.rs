//! What a drain has left on the topics, read by a client that is not ours.

use std::collections::HashMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

use crate::line::{PARTITIONS, PATIENCE, client};

/// What a record takes beside its key, headers and value is the same for both sides.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) records: u64,
    /// Of keys, headers and values.
    pub(crate) bytes: u64,
    /// The first records, key, headers and value of each in one.
    pub(crate) samples: Vec<Vec<u8>>,
}

impl Content {
    /// Of a record, on average.
    pub(crate) fn mean_bytes(&self) -> u64 {
        self.bytes / self.records.max(1)
    }
}

/// Reads a topic from its beginning. Every position from 1 to the head is there exactly once, and
/// each key's versions are 1, 2, 3 in one partition.
pub(crate) fn assert_exact(topic: &str, head: u64, samples: usize) -> Content {
    let consumer: BaseConsumer = client()
        .set("group.id", "drain-check")
        .set("enable.auto.commit", "false")
        .create()
        .expect("a consumer");
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(topic, partition, Offset::Beginning)
            .expect("a partition");
    }
    consumer.assign(&list).expect("assigned");
    let slots = usize::try_from(head).expect("fits");
    let mut is_there = vec![false; slots];
    let mut known: HashMap<Vec<u8>, (i32, u64)> = HashMap::new();
    let mut content = Content::default();
    while content.records < head {
        let record = consumer.poll(PATIENCE).expect("a record in time");
        let record = record.expect("a record");
        let position = usize::try_from(number(&record, "ce_position")).expect("fits");
        let slot = is_there.get_mut(position - 1).expect("a known position");
        assert!(!std::mem::replace(slot, true), "{position} is there twice");
        let key = record.key().expect("a key").to_vec();
        let (partition, version) = known.entry(key).or_insert((record.partition(), 0));
        assert_eq!(*partition, record.partition(), "a key is in one partition");
        *version += 1;
        assert_eq!(*version, number(&record, "ce_streamversion"), "in order");
        let bytes = bytes_of(&record);
        content.records += 1;
        content.bytes += u64::try_from(bytes.len()).expect("fits");
        if content.samples.len() < samples {
            content.samples.push(bytes);
        }
    }
    let more = consumer.poll(Duration::from_millis(200));
    assert!(more.is_none(), "there is more on the topic");
    content
}

fn number(record: &BorrowedMessage<'_>, name: &str) -> u64 {
    let headers = record.headers().expect("headers");
    let found = headers.iter().find(|header| header.key == name);
    let value = found.and_then(|header| header.value).expect("a header");
    let text = std::str::from_utf8(value).expect("a text");
    text.parse().expect("a number")
}

fn bytes_of(record: &BorrowedMessage<'_>) -> Vec<u8> {
    let mut bytes = record.key().unwrap_or_default().to_vec();
    for header in record.headers().expect("headers").iter() {
        bytes.extend_from_slice(header.key.as_bytes());
        bytes.extend_from_slice(header.value.unwrap_or_default());
    }
    bytes.extend_from_slice(record.payload().unwrap_or_default());
    bytes
}
