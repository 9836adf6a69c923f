//! The consumer of all partitions, and where it stands in each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};

use super::buffer::{Buffer, Place};
use super::record::Received;
use super::search;
use crate::broker::{all_partitions, partition_counts, watermarks};
use crate::error::RelayError;
use crate::mark::Ends;
use crate::settings::KafkaSettings;

/// All partitions of all topics, read from some offset each.
pub(super) struct Source {
    consumer: Arc<StreamConsumer>,
    /// The next offset of each partition that was not looked at yet.
    next: BTreeMap<Place, i64>,
    paused: BTreeSet<Place>,
    /// A record that was received and is not done with.
    received: Option<Received>,
}

impl Source {
    /// Begins with the first records after a position, as far as an ordered partition can be
    /// searched. Where it cannot, the hole shows, and [`Self::at_the_beginning`] is right.
    pub(super) async fn after(settings: &KafkaSettings, after: u64) -> Result<Self, RelayError> {
        let consumer: Arc<StreamConsumer> = Arc::new(settings.consumer().create()?);
        let counts = partition_counts(&consumer, settings).await?;
        let partitions = watermarks(&consumer, all_partitions(&counts)).await?;
        let from = match after {
            0 => partitions
                .iter()
                .map(|(place, marks)| (place.clone(), marks.low))
                .collect(),
            after => search::first_after(&consumer, settings, &partitions, after).await?,
        };
        Self::reading_from(consumer, from)
    }

    /// Begins with everything that there is.
    pub(super) async fn at_the_beginning(settings: &KafkaSettings) -> Result<Self, RelayError> {
        Self::after(settings, 0).await
    }

    fn reading_from(
        consumer: Arc<StreamConsumer>,
        next: BTreeMap<Place, i64>,
    ) -> Result<Self, RelayError> {
        let mut list = TopicPartitionList::new();
        for ((topic, partition), offset) in &next {
            list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
        }
        consumer.assign(&list)?;
        Ok(Self {
            consumer,
            next,
            paused: BTreeSet::new(),
            received: None,
        })
    }

    /// The next record; the same one until it is [done](Self::done) with.
    pub(super) async fn receive(&mut self) -> Result<&Received, RelayError> {
        if self.received.is_none() {
            let record = self.consumer.recv().await?.detach();
            self.received = Some(Received(record));
        }
        match &self.received {
            Some(received) => Ok(received),
            // It was put there three lines above.
            None => Err(rdkafka::error::KafkaError::NoMessageReceived.into()),
        }
    }

    /// Goes on behind the record that was received.
    pub(super) fn done(&mut self) {
        if let Some(received) = self.received.take() {
            let next = received.0.offset().saturating_add(1);
            self.next.insert(received.place(), next);
        }
    }

    /// Whether every partition was read up to an end, or waits because it is ahead of what is
    /// missing.
    pub(super) fn has_passed(&self, ends: &Ends) -> bool {
        ends.iter().all(|(topic, partition, end)| {
            let place = (topic.to_owned(), partition);
            self.paused.contains(&place)
                || self.next.get(&place).is_none_or(|next| *next >= end.offset)
        })
    }

    /// Lets partitions that are ahead wait while the buffer is full, and go on when it has room.
    pub(super) fn keep_within(&mut self, buffer: &Buffer) -> Result<(), RelayError> {
        if buffer.is_full() {
            let ahead: Vec<Place> = buffer.places().difference(&self.paused).cloned().collect();
            if !ahead.is_empty() {
                self.consumer.pause(&list_of(&ahead))?;
                self.paused.extend(ahead);
            }
        } else if !self.paused.is_empty() && buffer.has_room() {
            let paused: Vec<Place> = std::mem::take(&mut self.paused).into_iter().collect();
            self.consumer.resume(&list_of(&paused))?;
        }
        Ok(())
    }
}

fn list_of(places: &[Place]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (topic, partition) in places {
        list.add_partition(topic, *partition);
    }
    list
}
