//! The relay from the journal to Kafka, and Kafka as a feed.
//!
//! The promise to everyone who reads the topics: at least once, in order per key, without a gap per
//! key; repeats are dropped by `ce_id`. The journal stays the truth: where the broker has lost what
//! it had acknowledged, the relay notices and publishes it again.

mod broker;
mod delivery;
mod encoder;
mod error;
mod feed;
mod headers;
mod inspect;
mod lease;
mod mark;
mod partition;
mod relay;
mod session;
mod settings;
mod spans;
mod status;
mod tail;
mod under_way;

pub use broker::create_topics;
pub use error::{LeaseError, RelayError};
pub use feed::{KafkaFeed, KafkaFeedError};
pub use headers::source_of;
pub use inspect::{BrokerProbe, TopicReport};
pub use lease::{LEASE_DEADLINE, LeaseTable, LeaseView};
pub use mark::{End, Ends, ProgressMark};
pub use partition::partition_of;
pub use relay::Relay;
pub use settings::{
    BROKER_DEADLINE, DRAIN_TIME_MAX, KafkaSettings, RECORD_BYTES_MAX, RelaySettings,
};
pub use status::{Phase, RelayStatus};
