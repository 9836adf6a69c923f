//! The relay as the product runs it: a journal in PostgreSQL, a lease beside it, topics of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use invoiceapp_avro::{Catalog, Codec, Registry, Topic, Topics, register};
use invoiceapp_domain::Ambient;
use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::postgres::{PostgresJournal, PostgresOptions};
use invoiceapp_relay::{
    KafkaSettings, LeaseTable, Relay, RelaySettings, RelayStatus, create_topics,
};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, error::KafkaResult};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::place::Place;

/// Partitions of each topic, ours and the peer's.
pub(crate) const PARTITIONS: i32 = 12;
/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A handle on the journal of a place, as a process of its own would have.
pub(crate) async fn journal(place: &Place, ambient: &Arc<SteppingAmbient>) -> PostgresJournal {
    let ambient: Arc<dyn Ambient> = Arc::<SteppingAmbient>::clone(ambient);
    let options = PostgresOptions::new(place.url().into());
    let journal = PostgresJournal::open(options, ambient).await;
    journal.expect("a journal")
}

/// The schemas are registered once, under the names that everybody has.
pub(crate) async fn codec() -> Codec {
    let registry = Registry::new(&invoiceapp_parts::registry_url()).expect("a registry");
    let catalog = Catalog::compiled().expect("the schemas");
    let topics = Topics::default();
    let registered = register(&registry, &catalog, &topics).await;
    registered.expect("registered schemas");
    Codec::new(catalog, Arc::new(registry), topics)
}

/// What a client that is not ours needs to be told.
pub(crate) fn client() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", invoiceapp_parts::kafka_brokers());
    config
}

fn admin() -> AdminClient<DefaultClientContext> {
    client().create().expect("a client")
}

/// Makes a topic with as many partitions as ours have.
pub(crate) async fn make_topic(name: &str) {
    let topic = NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1));
    let made = admin().create_topics([&topic], &AdminOptions::new()).await;
    assert!(made.expect("an answer").iter().all(Result::is_ok), "{name}");
}

/// Removes topics that are not needed any more; what is left of them is the broker's business.
pub(crate) async fn remove_topics(names: &[String]) -> KafkaResult<()> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let removed = admin().delete_topics(&names, &AdminOptions::new()).await;
    removed.map(drop)
}

/// Topics under a fresh name, and a place in the journal for a relay that has sent nothing yet.
pub(crate) struct Line {
    pub(crate) kafka: KafkaSettings,
    journal: Arc<dyn Journal>,
    codec: Codec,
    pool: PgPool,
}

impl Line {
    pub(crate) async fn new(journal: &PostgresJournal, codec: &Codec, pool: &PgPool) -> Self {
        let name = invoiceapp_parts::unique("drain");
        let kafka = KafkaSettings {
            brokers: invoiceapp_parts::kafka_brokers(),
            topics: Topics::new(&name),
            journal: name,
        };
        let created = create_topics(&kafka, PARTITIONS, 1).await;
        created.expect("the topics");
        Self {
            kafka,
            journal: Arc::new(journal.clone()),
            codec: codec.clone(),
            pool: pool.clone(),
        }
    }

    /// The topic that carries invoices.
    pub(crate) fn topic(&self) -> String {
        self.kafka.topics.name(Topic::Invoice)
    }

    /// Starts the relay.
    pub(crate) fn start(&self, ambient: &SteppingAmbient) -> Running {
        let leases = LeaseTable::new(self.pool.clone(), ambient.new_id());
        let settings = RelaySettings::new(self.kafka.clone());
        let journal = Arc::clone(&self.journal);
        let (relay, status) = Relay::new(settings, journal, self.codec.clone(), leases);
        let cancel = CancellationToken::new();
        let token = cancel.clone();
        Running {
            status,
            cancel,
            task: tokio::spawn(async move { relay.run(token).await }),
        }
    }

    /// From the relay's start to the checkpoint behind the last event, all of it confirmed.
    pub(crate) async fn drain(&self, ambient: &SteppingAmbient, head: u64) -> Drained {
        let started = Instant::now();
        let mut running = self.start(ambient);
        let first = running.until(1).await;
        let until_first = started.elapsed();
        running.until(head).await;
        let elapsed = started.elapsed();
        running.stop().await;
        Drained {
            events: head,
            first,
            until_first,
            elapsed,
        }
    }

    pub(crate) async fn remove(self) {
        let names = Topic::ALL.map(|topic| self.kafka.topics.name(topic));
        let mut names = names.to_vec();
        names.push(self.kafka.topics.relay());
        remove_topics(&names).await.expect("topics are removed");
    }
}

/// How long a drain took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drained {
    events: u64,
    /// The first checkpoint, and how long the relay took to it from its start.
    first: u64,
    pub(crate) until_first: Duration,
    elapsed: Duration,
}

impl Drained {
    /// Events per second from the first checkpoint on, as the peer counts from its warm-up on.
    pub(crate) fn rate(&self) -> u64 {
        let time = self.elapsed.saturating_sub(self.until_first);
        rate(self.events.saturating_sub(self.first), time)
    }

    /// Events per second from the relay's start on.
    pub(crate) fn rate_with_start(&self) -> u64 {
        rate(self.events, self.elapsed)
    }
}

fn rate(events: u64, elapsed: Duration) -> u64 {
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    events * 1_000_000 / micros.max(1)
}

/// A relay that runs until it is stopped.
pub(crate) struct Running {
    status: watch::Receiver<RelayStatus>,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// Waits until everything up to a position is on the topics, and says what is by then.
    pub(crate) async fn until(&mut self, position: u64) -> u64 {
        let reached = self.status.wait_for(|status| status.position >= position);
        let reached = tokio::time::timeout(PATIENCE, reached).await;
        let status = reached.expect("it gets there").expect("it runs");
        status.position
    }

    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        self.task.await.expect("it ends");
    }
}
