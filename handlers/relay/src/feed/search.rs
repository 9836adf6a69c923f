//! Where to begin: a binary search for the first record after a position, in all partitions at
//! once. Each round reads one record of every partition.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::timeout;

use super::buffer::Place;
use crate::broker::{Partitions, Watermarks};
use crate::error::RelayError;
use crate::headers::{place_of, source_of};
use crate::settings::{BROKER_DEADLINE, KafkaSettings};

/// Where less is left to search, reading it is as quick.
const WINDOW_MIN: i64 = 64;
/// How many records that are not this journal's are stepped over in a round.
const STEPS_MAX: usize = 100;

/// An offset of every partition, before which all records are at or before a position.
pub(super) async fn first_after(
    consumer: &Arc<StreamConsumer>,
    settings: &KafkaSettings,
    partitions: &Partitions,
    after: u64,
) -> Result<BTreeMap<Place, i64>, RelayError> {
    let source = source_of(&settings.journal);
    let mut ranges = partitions.clone();
    loop {
        let open: BTreeMap<Place, i64> = ranges
            .iter()
            .filter(|(_, range)| range.high.saturating_sub(range.low) > WINDOW_MIN)
            .map(|(place, range)| (place.clone(), middle(*range)))
            .collect();
        if open.is_empty() {
            let found = ranges.into_iter().map(|(place, range)| (place, range.low));
            return Ok(found.collect());
        }
        let positions = positions_at(consumer, &open, &ranges, &source).await?;
        for (place, middle) in open {
            let Some(range) = ranges.get_mut(&place) else {
                continue;
            };
            match positions.get(&place) {
                Some((offset, position)) if *position <= after => {
                    range.low = offset.saturating_add(1);
                }
                // Behind it, or none of this journal's from here on.
                _ => range.high = middle,
            }
        }
    }
}

const fn middle(range: Watermarks) -> i64 {
    range.low.midpoint(range.high)
}

/// The position of the first record of this journal at or after an offset, and its own offset.
async fn positions_at(
    consumer: &StreamConsumer,
    offsets: &BTreeMap<Place, i64>,
    ranges: &Partitions,
    source: &str,
) -> Result<BTreeMap<Place, (i64, u64)>, RelayError> {
    let mut list = TopicPartitionList::new();
    for ((topic, partition), offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    consumer.assign(&list)?;
    let mut open: BTreeMap<Place, usize> = offsets
        .keys()
        .map(|place| (place.clone(), STEPS_MAX))
        .collect();
    let mut found = BTreeMap::new();
    while !open.is_empty() {
        let Ok(received) = timeout(BROKER_DEADLINE, consumer.recv()).await else {
            return Err(RelayError::Topic {
                topic: open.keys().map(|(topic, _)| topic.clone()).collect(),
                problem: "was not read in time".to_owned(),
            });
        };
        let record = received?;
        let place = (record.topic().to_owned(), record.partition());
        let Some(steps) = open.get_mut(&place) else {
            continue;
        };
        *steps = steps.saturating_sub(1);
        let ours = record
            .headers()
            .and_then(place_of)
            .filter(|(_, from)| *from == source)
            .map(|(position, _)| position);
        let is_end = *steps == 0
            || ranges
                .get(&place)
                .is_none_or(|range| record.offset() >= range.high.saturating_sub(1));
        if let Some(position) = ours {
            found.insert(place.clone(), (record.offset(), position));
        }
        if ours.is_some() || is_end {
            open.remove(&place);
        }
    }
    consumer.unassign()?;
    Ok(found)
}
