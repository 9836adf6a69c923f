//! What is on the topics of an installation, read as a stranger would read it.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::Installation;

/// The topics of events.
const TOPICS: [&str; 3] = ["invoice", "product", "user"];
/// How long the broker may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) key: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) value: Vec<u8>,
}

impl Record {
    /// A header that is a number.
    pub(crate) fn number(&self, header: &str) -> u64 {
        self.headers[header].parse().unwrap()
    }
}

impl Installation {
    /// Name of a topic of events.
    pub(crate) fn topic(&self, kind: &str) -> String {
        format!("{}.{kind}.v1", self.name)
    }

    /// Everything on the topics of events, in the order of each partition.
    pub(crate) async fn records(&self) -> Vec<Record> {
        let topics = TOPICS.map(|kind| self.topic(kind));
        let read = move || topics.iter().flat_map(|topic| read(topic)).collect();
        tokio::task::spawn_blocking(read).await.unwrap()
    }
}

/// What a topic holds now.
fn read(topic: &str) -> Vec<Record> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", invoiceapp_parts::kafka_brokers())
        .set("group.id", "stranger")
        .set("enable.auto.commit", "false")
        .set("fetch.message.max.bytes", "8388608")
        .create()
        .unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).unwrap();
    let mut open = BTreeMap::new();
    let mut list = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        let id = partition.id();
        let (_, end) = consumer.fetch_watermarks(topic, id, PATIENCE).unwrap();
        if end > 0 {
            open.insert(id, end);
            list.add_partition_offset(topic, id, Offset::Beginning)
                .unwrap();
        }
    }
    consumer.assign(&list).unwrap();
    let mut records = Vec::new();
    while !open.is_empty() {
        let message = consumer.poll(PATIENCE).unwrap().unwrap();
        let headers = message.headers().into_iter().flat_map(Headers::iter);
        records.push(Record {
            topic: topic.to_owned(),
            partition: message.partition(),
            key: text(message.key()),
            headers: headers
                .map(|header| (header.key.to_owned(), text(header.value)))
                .collect(),
            value: message.payload().unwrap_or_default().to_vec(),
        });
        let at_end = |end: &i64| message.offset() + 1 >= *end;
        if open.get(&message.partition()).is_some_and(at_end) {
            open.remove(&message.partition());
        }
    }
    records
}

fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}
