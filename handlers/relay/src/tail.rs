//! What is on the topics already: the last record of every partition that came from this journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::timeout;

use crate::broker::{Partitions, all_partitions, watermarks};
use crate::error::RelayError;
use crate::headers::{place_of, source_of};
use crate::mark::{End, Ends};
use crate::settings::{BROKER_DEADLINE, KafkaSettings};

/// How many records at the end of a partition are looked at, one round after the other, until one
/// of this journal is found. Usually the last one is; others stand behind it where somebody else
/// writes to the topic too.
const WINDOWS: [i64; 3] = [1, 100, 10_000];

/// The end of a partition, as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The offset that the next record gets.
    pub(crate) offset: i64,
    /// The position of this journal's last record, if one was found.
    pub(crate) position: Option<u64>,
}

/// Looks at the end of every partition.
pub(crate) async fn scan(
    settings: &KafkaSettings,
    consumer: &Arc<StreamConsumer>,
    counts: &BTreeMap<String, u32>,
) -> Result<BTreeMap<(String, i32), Tail>, RelayError> {
    let partitions = watermarks(consumer, all_partitions(counts)).await?;
    let source = source_of(&settings.journal);
    let mut found: BTreeMap<(String, i32), u64> = BTreeMap::new();
    let mut previous = 0;
    for window in WINDOWS {
        let open: Partitions = partitions
            .iter()
            .filter(|(place, marks)| {
                !found.contains_key(*place) && marks.high.saturating_sub(marks.low) > previous
            })
            .map(|(place, marks)| (place.clone(), *marks))
            .collect();
        read_ends(consumer, &open, window, &source, &mut found).await?;
        previous = window;
    }
    let tail = |(place, marks): (&(String, i32), &crate::broker::Watermarks)| {
        let tail = Tail {
            offset: marks.high,
            position: found.get(place).copied(),
        };
        (place.clone(), tail)
    };
    Ok(partitions.iter().map(tail).collect())
}

/// Reads the last records of some partitions.
async fn read_ends(
    consumer: &StreamConsumer,
    partitions: &Partitions,
    window: i64,
    source: &str,
    found: &mut BTreeMap<(String, i32), u64>,
) -> Result<(), RelayError> {
    let mut list = TopicPartitionList::new();
    for ((topic, partition), marks) in partitions {
        let from = marks.high.saturating_sub(window).max(marks.low);
        list.add_partition_offset(topic, *partition, Offset::Offset(from))?;
    }
    consumer.assign(&list)?;
    let mut open = partitions.clone();
    while !open.is_empty() {
        let Ok(received) = timeout(BROKER_DEADLINE, consumer.recv()).await else {
            return Err(RelayError::Topic {
                topic: open.keys().map(|(topic, _)| topic.clone()).collect(),
                problem: "was not read in time".to_owned(),
            });
        };
        let record = received?;
        let place = (record.topic().to_owned(), record.partition());
        let Some(marks) = open.get(&place) else {
            continue;
        };
        let is_last = record.offset() >= marks.high.saturating_sub(1);
        if let Some(headers) = record.headers()
            && let Some((position, from)) = place_of(headers)
            && from == source
        {
            found.insert(place.clone(), position);
        }
        if is_last {
            open.remove(&place);
        }
    }
    consumer.unassign()?;
    Ok(())
}

/// Where the line goes on, and what of it is on the topics already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resume {
    /// Events after this one are looked at.
    pub(crate) position: u64,
    /// Events up to here are on their partition already.
    pub(crate) ends: Ends,
    /// The partitions that have lost what was written to them.
    pub(crate) lost: Vec<(String, i32)>,
}

/// Compares what was noted at the checkpoint with what is there. Where a partition ends earlier
/// than it did, or with an earlier event, the broker has lost its tail, and the line goes back to
/// what is left: an event too many is dropped by consumers, one too few is gone.
pub(crate) fn resume(
    checkpoint: u64,
    noted: &Ends,
    tails: &BTreeMap<(String, i32), Tail>,
) -> Resume {
    let mut resume = Resume {
        position: checkpoint,
        ends: Ends::default(),
        lost: Vec::new(),
    };
    for ((topic, partition), tail) in tails {
        let noted = noted.get(topic, *partition).unwrap_or_default();
        let (position, is_lost) = match tail.position {
            _ if tail.offset < noted.offset => (tail.position.unwrap_or(0), true),
            Some(position) => (position, position < noted.position),
            // Expired, or behind too many records of others: it was there when it was noted.
            None => (noted.position, false),
        };
        if is_lost {
            resume.position = resume.position.min(position);
            resume.lost.push((topic.clone(), *partition));
        }
        let end = End {
            offset: tail.offset,
            position,
        };
        resume.ends.set(topic, *partition, end);
    }
    resume
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Tail, resume};
    use crate::mark::{End, Ends};

    fn tails(tails: &[(i32, i64, Option<u64>)]) -> BTreeMap<(String, i32), Tail> {
        let tail = |(partition, offset, position): &(i32, i64, Option<u64>)| {
            let tail = Tail {
                offset: *offset,
                position: *position,
            };
            (("topic".to_owned(), *partition), tail)
        };
        tails.iter().map(tail).collect()
    }

    fn noted(ends: &[(i32, i64, u64)]) -> Ends {
        let mut noted = Ends::default();
        for (partition, offset, position) in ends.iter().copied() {
            noted.set("topic", partition, End { offset, position });
        }
        noted
    }

    #[test]
    fn what_was_sent_after_the_checkpoint_is_skipped() {
        let resume = resume(10, &noted(&[(0, 5, 10)]), &tails(&[(0, 7, Some(14))]));
        assert_eq!((resume.position, resume.lost.len()), (10, 0));
        assert_eq!(resume.ends.get("topic", 0).unwrap().position, 14);
    }

    #[test]
    fn a_partition_that_lost_its_tail_is_filled_again() {
        let noted = noted(&[(0, 5, 10), (1, 4, 9)]);
        let resume = resume(10, &noted, &tails(&[(0, 2, Some(3)), (1, 4, Some(9))]));
        assert_eq!(resume.position, 3);
        assert_eq!(resume.lost, [("topic".to_owned(), 0)]);
        assert_eq!(resume.ends.get("topic", 1).unwrap().position, 9);
    }

    #[test]
    fn a_topic_that_was_created_again_is_filled_from_the_beginning() {
        let resume = resume(10, &noted(&[(0, 5, 10)]), &tails(&[(0, 0, None)]));
        assert_eq!(resume.position, 0);
    }

    #[test]
    fn a_partition_that_retention_emptied_is_not_filled_again() {
        let resume = resume(10, &noted(&[(0, 5, 10)]), &tails(&[(0, 5, None)]));
        assert_eq!((resume.position, resume.lost.len()), (10, 0));
        assert_eq!(resume.ends.get("topic", 0).unwrap().position, 10);
    }

    #[test]
    fn without_a_checkpoint_what_is_there_is_skipped() {
        let resume = resume(0, &noted(&[]), &tails(&[(0, 5, Some(8)), (1, 0, None)]));
        assert_eq!((resume.position, resume.lost.len()), (0, 0));
        assert_eq!(resume.ends.get("topic", 0).unwrap().position, 8);
    }
}
