//! What is on its way to the broker: groups of records, each of which is done when the broker has
//! confirmed all of it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{Message as _, ToBytes};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer,
};
use tokio::sync::Notify;

use crate::settings::KafkaSettings;

/// The offset of a record that is not confirmed yet.
const UNCONFIRMED: i64 = -1;

/// Records that are confirmed together.
#[derive(Debug)]
struct Group {
    /// The number of its first record.
    first: usize,
    /// Of each record.
    offsets: Vec<i64>,
    /// How many of them are not confirmed.
    open: usize,
}

#[derive(Debug, Default)]
struct Groups {
    /// The oldest first.
    groups: VecDeque<Group>,
    /// How many records there were.
    numbered: usize,
    failed: Option<KafkaError>,
}

/// What the broker has confirmed. The producer's thread tells it record by record, each of which is
/// known by its number: a future of its own for each would cost more than the record.
#[derive(Debug, Default)]
pub(crate) struct Confirmations {
    groups: Mutex<Groups>,
    changed: Notify,
}

impl Confirmations {
    fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Confirmations {}

impl ProducerContext for Confirmations {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let mut all = self.groups();
        let is_news = match result {
            Err((error, _)) => {
                all.failed.get_or_insert_with(|| error.clone());
                true
            }
            Ok(record) => all.groups.iter_mut().any(|group| {
                let slot = number.checked_sub(group.first);
                let slot = slot.and_then(|slot| group.offsets.get_mut(slot));
                let Some(slot) = slot else { return false };
                *slot = record.offset();
                group.open = group.open.saturating_sub(1);
                group.open == 0
            }),
        };
        drop(all);
        if is_news {
            self.changed.notify_one();
        }
    }
}

/// The producer, and what of it is not confirmed yet.
pub(crate) struct Outbox {
    producer: ThreadedProducer<Confirmations>,
}

impl Outbox {
    pub(crate) fn new(kafka: &KafkaSettings) -> KafkaResult<Self> {
        let producer = kafka
            .producer()
            .create_with_context(Confirmations::default())?;
        Ok(Self { producer })
    }

    fn confirmations(&self) -> &Confirmations {
        self.producer.context()
    }

    /// Begins a group of so many records, and says the number of its first one.
    pub(crate) fn begin(&self, records: usize) -> usize {
        let mut all = self.confirmations().groups();
        let first = all.numbered;
        all.numbered = all.numbered.saturating_add(records);
        all.groups.push_back(Group {
            first,
            offsets: vec![UNCONFIRMED; records],
            open: records,
        });
        first
    }

    /// Hands a record to the producer, which has room for more than is ever under way.
    pub(crate) fn send<K, P>(&self, record: BaseRecord<'_, K, P, usize>) -> KafkaResult<()>
    where
        K: ToBytes + ?Sized,
        P: ToBytes + ?Sized,
    {
        self.producer.send(record).map_err(|(error, _)| error)
    }

    /// The offsets of the oldest group, if all of it is confirmed.
    pub(crate) fn confirmed(&self) -> KafkaResult<Option<Vec<i64>>> {
        let mut all = self.confirmations().groups();
        if let Some(error) = &all.failed {
            return Err(error.clone());
        }
        let is_done = all.groups.front().is_some_and(|group| group.open == 0);
        let done = is_done.then(|| all.groups.pop_front()).flatten();
        Ok(done.map(|group| group.offsets))
    }

    /// Returns when the oldest group may be confirmed.
    pub(crate) async fn changed(&self) {
        self.confirmations().changed.notified().await;
    }
}
