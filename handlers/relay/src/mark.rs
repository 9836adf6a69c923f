//! How far the relay has come, for consumers: a record on a topic of its own, after each
//! checkpoint. Everything up to its position is on the topics, before the ends that it names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where a partition ends that has lost records: behind every end that it can have.
const OFFSET_LOST: i64 = i64::MAX;

/// Where a partition ends, and which event was the last one written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct End {
    /// The offset that the next record gets.
    pub offset: i64,
    /// The journal position of the last record of this journal; 0 when there is none.
    pub position: u64,
}

/// The ends of the partitions of every topic, by name and number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ends(pub BTreeMap<String, BTreeMap<i32, End>>);

impl Ends {
    /// Where a partition ends, as far as it is known.
    #[must_use]
    pub fn get(&self, topic: &str, partition: i32) -> Option<End> {
        self.0.get(topic)?.get(&partition).copied()
    }

    /// Notes that a partition has lost records that were written to it, and may have got newer ones
    /// behind the hole: no end that is found there is the one that was noted.
    pub(crate) fn set_lost(&mut self, topic: &str, partition: i32) {
        let noted = self.get(topic, partition).unwrap_or_default();
        let offset = OFFSET_LOST;
        self.set(topic, partition, End { offset, ..noted });
    }

    /// Notes where a partition ends.
    pub fn set(&mut self, topic: &str, partition: i32, end: End) {
        if let Some(partitions) = self.0.get_mut(topic) {
            partitions.insert(partition, end);
        } else {
            let partitions = BTreeMap::from([(partition, end)]);
            self.0.insert(topic.to_owned(), partitions);
        }
    }

    /// Every partition with its end.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i32, End)> {
        self.0.iter().flat_map(|(topic, partitions)| {
            let end = |(partition, end): (&i32, &End)| (topic.as_str(), *partition, *end);
            partitions.iter().map(end)
        })
    }
}

/// The record on the relay's topic; its key is the journal's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressMark {
    /// Every event up to here is on the topics.
    pub position: u64,
    /// Where they ended when the mark was written.
    pub ends: Ends,
}
