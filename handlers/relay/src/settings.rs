//! What the relay and the feed have to be told, and the clients that they make of it.

use std::time::Duration;

use invoiceapp_avro::Topics;
use rdkafka::ClientConfig;

/// Longest wait for an answer about topics and offsets.
pub const BROKER_DEADLINE: Duration = Duration::from_secs(10);
/// How long a session that was told to end goes on, so that what is on its way is confirmed.
pub const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest record. The topics allow it too (`max.message.bytes`).
pub const RECORD_BYTES_MAX: usize = 8 << 20;
/// How long the first record of a partition waits for others. One that is alone should not wait, and
/// of a backlog the next ones are there before the producer's thread is done with the partition
/// before. Nothing between that and a millisecond helps: the producer's thread sleeps in whole ones.
const LINGER_MILLISECONDS: &str = "0";
/// Most that waits in the producer.
const PRODUCER_QUEUE_KBYTES: usize = 64 << 10;
/// Most that a consumer has fetched ahead.
const CONSUMER_QUEUE_KBYTES: usize = 1 << 10;
/// Most that is asked for of a partition at once, as it lies on the broker's disk: a consumer that is
/// behind would otherwise be sent more than it may remember. A longer record comes nevertheless.
const FETCH_BYTES_MAX: usize = 64 << 10;

/// Where the events are, and what they are called there.
#[derive(Debug, Clone)]
pub struct KafkaSettings {
    /// `host:port`, several with commas.
    pub brokers: String,
    /// The names of the topics.
    pub topics: Topics,
    /// The journal's name: it stands in `ce_source`, and the lease and the progress are its own.
    pub journal: String,
}

impl KafkaSettings {
    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", format!("invoiceapp-{}", self.journal))
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.max.ms", "2000")
            .set("message.max.bytes", RECORD_BYTES_MAX.to_string());
        config
    }

    /// A producer that keeps order, writes each record once in its session, and never gives one up.
    pub(crate) fn producer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // A record that was given up would leave a gap: the broker is waited for instead.
            .set("message.timeout.ms", "0")
            .set("compression.type", "zstd")
            .set("linger.ms", LINGER_MILLISECONDS)
            .set(
                "queue.buffering.max.kbytes",
                PRODUCER_QUEUE_KBYTES.to_string(),
            );
        config
    }

    /// A consumer of partitions that it is told, outside of any group.
    pub(crate) fn consumer(&self) -> ClientConfig {
        let mut config = self.client();
        config
            .set("group.id", format!("invoiceapp-{}", self.journal))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("enable.partition.eof", "false")
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed")
            .set("fetch.wait.max.ms", "100")
            .set("fetch.message.max.bytes", FETCH_BYTES_MAX.to_string())
            .set("fetch.max.bytes", RECORD_BYTES_MAX.to_string())
            .set(
                "queued.max.messages.kbytes",
                CONSUMER_QUEUE_KBYTES.to_string(),
            );
        config
    }
}

/// How the relay works.
#[derive(Debug, Clone)]
pub struct RelaySettings {
    /// Where to.
    pub kafka: KafkaSettings,
    /// Most events that are sent before their delivery is awaited and the checkpoint moves.
    pub batch_events: usize,
    /// How long the lease holds without being renewed.
    pub lease: Duration,
    /// The pause after the first failure; it doubles up to [`RelaySettings::pause_max`].
    pub pause_first: Duration,
    /// The longest pause after failures.
    pub pause_max: Duration,
    /// How often the ends of the partitions are compared with what is known while nothing happens.
    pub ends_check: Duration,
    /// How long a shutdown waits for the broker to confirm what is on its way.
    pub drain_time_max: Duration,
}

impl RelaySettings {
    /// The usual way to work.
    #[must_use]
    pub const fn new(kafka: KafkaSettings) -> Self {
        Self {
            kafka,
            batch_events: 4_000,
            lease: Duration::from_secs(10),
            pause_first: Duration::from_millis(100),
            pause_max: Duration::from_secs(5),
            ends_check: Duration::from_secs(15),
            drain_time_max: DRAIN_TIME_MAX,
        }
    }
}
