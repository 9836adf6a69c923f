//! A line of its own for each test: topics, a journal, a lease.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use invoiceapp_avro::{Catalog, Codec, Registry, Topic, Topics, register};
use invoiceapp_domain::{Actor, StreamId, StreamKind, TenantId};
use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::port::{Append, AppendEvents, Journal};
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_relay::{
    End, Ends, KafkaFeed, KafkaSettings, LeaseTable, ProgressMark, Relay, RelaySettings,
    RelayStatus, create_topics,
};
use invoiceapp_runtime::Feed;
use invoiceapp_schemas::{CommandId, CommandStamp, Metadata, NewEvent, RecordedEvent};
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::{Headers, Message, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How many partitions each topic has.
pub(crate) const PARTITIONS: i32 = 3;

/// Everything that one journal is relayed with.
pub(crate) struct Line {
    pub(crate) kafka: KafkaSettings,
    pub(crate) codec: Codec,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) pool: PgPool,
    _folder: tempfile::TempDir,
}

/// A relay that runs until it is stopped.
pub(crate) struct Running {
    pub(crate) status: watch::Receiver<RelayStatus>,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        timeout(PATIENCE, self.task).await.unwrap().unwrap();
    }

    /// Waits until everything up to a position is on the topics.
    pub(crate) async fn until(&mut self, position: u64) {
        self.until_status(|status| status.position >= position)
            .await;
    }

    pub(crate) async fn until_status(&mut self, is_reached: impl FnMut(&RelayStatus) -> bool) {
        let last = self.status.clone();
        let reached = timeout(PATIENCE, self.status.wait_for(is_reached)).await;
        let Ok(reached) = reached else {
            panic!("{:?}", last.borrow().clone());
        };
        let _status = reached.unwrap();
    }
}

impl Line {
    pub(crate) async fn new() -> Self {
        let line = Self::without_topics().await;
        create_topics(&line.kafka, PARTITIONS, 1).await.unwrap();
        line
    }

    pub(crate) async fn without_topics() -> Self {
        let name = invoiceapp_parts::unique("line");
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(folder.path().join("journal.db"));
        let journal = SqliteJournal::open(options, SteppingAmbient::new(1)).await;
        let pool = PgPool::connect(&invoiceapp_parts::postgres_url())
            .await
            .unwrap();
        let schema = format!("CREATE SCHEMA {name}");
        sqlx::query(&schema).execute(&pool).await.unwrap();
        let options = invoiceapp_parts::postgres_url()
            .parse::<sqlx::postgres::PgConnectOptions>()
            .unwrap()
            .options([("search_path", &name)]);
        Self {
            kafka: KafkaSettings {
                brokers: invoiceapp_parts::kafka_brokers(),
                topics: Topics::new(&name),
                journal: name,
            },
            codec: codec().await,
            journal: Arc::new(journal.unwrap()),
            pool: PgPool::connect_with(options).await.unwrap(),
            _folder: folder,
        }
    }

    pub(crate) fn settings(&self) -> RelaySettings {
        RelaySettings {
            batch_events: 50,
            lease: Duration::from_secs(2),
            pause_max: Duration::from_millis(500),
            ends_check: Duration::from_secs(1),
            drain_time_max: Duration::from_secs(1),
            ..RelaySettings::new(self.kafka.clone())
        }
    }

    fn relay_with(&self, settings: RelaySettings) -> (Relay, watch::Receiver<RelayStatus>) {
        let leases = LeaseTable::new(self.pool.clone(), fresh_id());
        let journal = Arc::clone(&self.journal);
        Relay::new(settings, journal, self.codec.clone(), leases)
    }

    /// A relay that shares nothing with a runtime that others use.
    pub(crate) async fn relay_with_own_pool(&self) -> (Relay, watch::Receiver<RelayStatus>) {
        let options = self.pool.connect_options().as_ref().clone();
        let pool = sqlx::postgres::PgPoolOptions::new().connect_lazy_with(options);
        let leases = LeaseTable::new(pool, fresh_id());
        let journal = Arc::clone(&self.journal);
        Relay::new(self.settings(), journal, codec().await, leases)
    }

    pub(crate) fn start(&self) -> Running {
        self.start_with(self.settings())
    }

    pub(crate) fn start_with(&self, settings: RelaySettings) -> Running {
        let (relay, status) = self.relay_with(settings);
        let cancel = CancellationToken::new();
        let token = cancel.clone();
        let task = tokio::spawn(async move { relay.run(token).await });
        Running {
            status,
            cancel,
            task,
        }
    }

    /// Relays everything there is and stops.
    pub(crate) async fn relay_all(&self) {
        let mut running = self.start();
        running
            .until(self.journal.head().await.unwrap().position)
            .await;
        running.stop().await;
    }

    pub(crate) fn feed(&self) -> Arc<KafkaFeed> {
        KafkaFeed::new(self.kafka.clone(), self.codec.clone())
    }

    /// Appends events to so many streams by turns.
    pub(crate) async fn fill(&self, streams: u64, from_version: u64, to_version: u64) {
        for version in from_version..to_version {
            for stream in 0..streams {
                self.append(stream, version, renamed(version)).await;
            }
        }
    }

    /// Appends an event to a product.
    pub(crate) async fn append(&self, stream: u64, expected_version: u64, event: NewEvent) {
        self.append_to(stream_of(stream), expected_version, event)
            .await;
    }

    pub(crate) async fn append_to(&self, stream: StreamId, expected_version: u64, event: NewEvent) {
        let id = CommandId(fresh_id());
        let append = Append {
            stream,
            expected_version,
            events: AppendEvents::Ready(vec![event]),
            command: CommandStamp {
                id,
                fingerprint: [7; 32],
            },
            metadata: Metadata {
                actor: Actor::System("test".to_owned()),
                command_id: id,
                correlation_id: fresh_id(),
                causation_id: None,
                traceparent: None,
                claims: Vec::new(),
                number: None,
            },
            claims: Vec::new(),
            guards: Vec::new(),
        };
        self.journal.append(append).await.unwrap();
    }

    pub(crate) async fn head(&self) -> u64 {
        self.journal.head().await.unwrap().position
    }

    /// Says for another line's journal that everything up to a position is on these topics.
    pub(crate) async fn mark(&self, journal: &str, position: u64) {
        let mut ends = Ends::default();
        for Record(record) in self.records().await {
            let offset = record.offset() + 1;
            ends.set(record.topic(), record.partition(), End { offset, position });
        }
        let mark = serde_json::to_vec(&ProgressMark { position, ends }).unwrap();
        self.send(&OwnedMessage::new(
            Some(mark),
            Some(journal.as_bytes().to_vec()),
            self.kafka.topics.relay(),
            rdkafka::Timestamp::NotAvailable,
            0,
            0,
            None,
        ))
        .await;
    }

    /// Everything on the topics of events, in the order of each partition.
    pub(crate) async fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        for topic in Topic::ALL {
            records.extend(read_topic(&self.kafka, &self.kafka.topics.name(topic)).await);
        }
        records
    }

    /// Sends a record as somebody else would.
    pub(crate) async fn send(&self, record: &OwnedMessage) {
        let producer: FutureProducer = client(&self.kafka).create().unwrap();
        let mut message = FutureRecord::<[u8], [u8]>::to(record.topic())
            .partition(record.partition())
            .payload(record.payload().unwrap());
        message.key = record.key();
        message.headers = record.headers().cloned();
        producer.send(message, PATIENCE).await.unwrap();
    }
}

/// A record as a stranger sees it.
#[derive(Debug, Clone)]
pub(crate) struct Record(pub(crate) OwnedMessage);

impl Record {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let headers = self.0.headers()?;
        let found = headers.iter().find(|header| header.key == name)?;
        Some(String::from_utf8(found.value?.to_vec()).unwrap())
    }

    pub(crate) fn position(&self) -> u64 {
        self.header("ce_position").unwrap().parse().unwrap()
    }

    pub(crate) fn version(&self) -> u64 {
        self.header("ce_streamversion").unwrap().parse().unwrap()
    }

    pub(crate) fn key(&self) -> String {
        String::from_utf8(self.0.key().unwrap().to_vec()).unwrap()
    }
}

/// Each key has all its versions, in order, in one partition; repeats are allowed only of what
/// came before.
pub(crate) fn assert_complete(records: &[Record], head: u64) {
    let mut seen: BTreeMap<(String, String), (i32, u64)> = BTreeMap::new();
    let mut positions = std::collections::BTreeSet::new();
    for record in records {
        let key = (record.0.topic().to_owned(), record.key());
        let known = seen.entry(key).or_insert((record.0.partition(), 0));
        assert_eq!(known.0, record.0.partition());
        assert!(record.version() <= known.1 + 1, "a gap before {record:?}");
        known.1 = known.1.max(record.version());
        positions.insert(record.position());
    }
    assert!(
        positions.into_iter().eq(1..=head),
        "every position is there"
    );
}

fn client(kafka: &KafkaSettings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &kafka.brokers)
        .set("group.id", "stranger")
        .set("message.max.bytes", "8388608")
        .set("enable.auto.commit", "false");
    config
}

/// Reads a topic to its end.
pub(crate) async fn read_topic(kafka: &KafkaSettings, topic: &str) -> Vec<Record> {
    let consumer: Arc<StreamConsumer> = Arc::new(client(kafka).create().unwrap());
    let (reader, name) = (Arc::clone(&consumer), topic.to_owned());
    let mut open = tokio::task::spawn_blocking(move || {
        let metadata = reader.fetch_metadata(Some(&name), PATIENCE).unwrap();
        let partitions = metadata.topics()[0].partitions().iter();
        let ends = partitions.map(|partition| {
            let marks = reader.fetch_watermarks(&name, partition.id(), PATIENCE);
            (partition.id(), marks.unwrap().1)
        });
        ends.filter(|(_, high)| *high > 0)
            .collect::<BTreeMap<i32, i64>>()
    })
    .await
    .unwrap();
    let mut list = TopicPartitionList::new();
    for partition in open.keys() {
        list.add_partition_offset(topic, *partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&list).unwrap();
    let mut records: BTreeMap<(i32, i64), Record> = BTreeMap::new();
    while !open.is_empty() {
        let message = timeout(PATIENCE, consumer.recv()).await.unwrap().unwrap();
        let (partition, offset) = (message.partition(), message.offset());
        if open.get(&partition).is_some_and(|high| offset + 1 >= *high) {
            open.remove(&partition);
        }
        records.insert((partition, offset), Record(message.detach()));
    }
    records.into_values().collect()
}

/// The schemas are registered once, under the names that everybody has.
async fn codec() -> Codec {
    let registry = Registry::new(&invoiceapp_parts::registry_url()).unwrap();
    let catalog = Catalog::compiled().unwrap();
    let topics = Topics::default();
    register(&registry, &catalog, &topics).await.unwrap();
    Codec::new(catalog, Arc::new(registry), topics)
}

/// Reads so many events, page by page.
pub(crate) async fn read_events(feed: &KafkaFeed, after: u64, count: usize) -> Vec<RecordedEvent> {
    let mut read: Vec<RecordedEvent> = Vec::new();
    while read.len() < count {
        let after = read.last().map_or(after, |event| event.position);
        let page = feed.read(after, count - read.len()).await.unwrap();
        assert!(!page.is_empty(), "{} of {count}", read.len());
        read.extend(page);
    }
    read
}

pub(crate) fn stream_of(number: u64) -> StreamId {
    let tenant = TenantId::parse("default").unwrap();
    let key = Uuid::from_u128(u128::from(number) + 1);
    StreamId::new(tenant, StreamKind::Product, key)
}

pub(crate) fn renamed(version: u64) -> NewEvent {
    NewEvent {
        event_type: "ProductDetailsChanged".to_owned(),
        schema_version: 1,
        payload_json: format!(
            r#"{{"ProductDetailsChanged":{{"name":"Product {version}","unit_code":"C62"}}}}"#
        ),
    }
}

/// An identity that nobody else has.
pub(crate) fn fresh_id() -> Uuid {
    let name = invoiceapp_parts::unique("id");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}
