//! What is on the topics already: the last record of every partition that came from this journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::timeout;

use crate::broker::{Partitions, Watermarks, all_partitions, watermarks};
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
    /// The position of the record before the noted end, if there is one of this journal.
    pub(crate) at_noted: Option<u64>,
}

/// Records of this journal that were found, by their partitions: offset and position.
type Found = BTreeMap<(String, i32), (i64, u64)>;

/// Looks at the end of every partition, and at what stands where one was noted to end.
pub(crate) async fn scan(
    settings: &KafkaSettings,
    consumer: &Arc<StreamConsumer>,
    counts: &BTreeMap<String, u32>,
    noted: &Ends,
) -> Result<BTreeMap<(String, i32), Tail>, RelayError> {
    let partitions = watermarks(consumer, all_partitions(counts)).await?;
    let source = source_of(&settings.journal);
    let mut found = Found::new();
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
    let mut before = Found::new();
    let grown = noted_and_grown(&partitions, noted);
    read_ends(consumer, &grown, 1, &source, &mut before).await?;
    let tail = |(place, marks): (&(String, i32), &Watermarks)| {
        let end = noted.get(&place.0, place.1).unwrap_or_default();
        let last = found.get(place);
        let at_noted = last.into_iter().chain(before.get(place));
        let at_noted = at_noted.filter(|(offset, _)| offset.saturating_add(1) == end.offset);
        let tail = Tail {
            offset: marks.high,
            position: last.map(|(_, position)| *position),
            at_noted: at_noted.map(|(_, position)| *position).next(),
        };
        (place.clone(), tail)
    };
    Ok(partitions.iter().map(tail).collect())
}

/// The partitions that have got records behind their noted end, as they were then.
fn noted_and_grown(partitions: &Partitions, noted: &Ends) -> Partitions {
    let grown = partitions.iter().filter_map(|(place, marks)| {
        let high = noted.get(&place.0, place.1)?.offset;
        let is_there = marks.low < high && high < marks.high;
        is_there.then(|| (place.clone(), Watermarks { high, ..*marks }))
    });
    grown.collect()
}

/// Reads the last records of some partitions.
async fn read_ends(
    consumer: &StreamConsumer,
    partitions: &Partitions,
    window: i64,
    source: &str,
    found: &mut Found,
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
            && record.offset() < marks.high
        {
            found.insert(place.clone(), (record.offset(), position));
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

/// Compares what was noted at the checkpoint with what is there. Where a partition ends earlier than
/// it did, or with an earlier event, or has another event where it ended, the broker has lost its tail,
/// and the line goes back to what is left: an event too many is dropped by consumers, one too few is
/// gone.
///
/// A tail that ends with an event that is as new as the noted one says nothing about what is before it:
/// a relay that did not know of the loss yet has written it behind the hole. Such a partition is filled
/// from the beginning.
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
            Some(position) if position < noted.position => (position, true),
            _ if tail.offset < noted.offset || is_replaced(tail, noted) => (0, true),
            Some(position) => (position, false),
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

/// Whether another event stands where the noted one was. Of a partition that is being filled from the
/// beginning, of which nothing was sent again yet, the noted one is none: it is not begun as long as
/// nothing stands behind.
fn is_replaced(tail: &Tail, noted: End) -> bool {
    let is_comparable = noted.position > 0 || tail.offset == noted.offset;
    is_comparable
        && tail
            .at_noted
            .is_some_and(|position| position != noted.position)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use tracing::Span;

    use super::{Resume, Tail, resume};
    use crate::mark::{End, Ends};
    use crate::under_way::{Sent, UnderWay};

    /// A partition on a broker that loses records, and what its relay knows of it.
    struct Partition {
        /// The positions of its records.
        log: Vec<u64>,
        known: Ends,
        stored: Ends,
    }

    impl Partition {
        /// One with these records, all of them confirmed and stored.
        fn with(positions: impl IntoIterator<Item = u64>) -> Self {
            let mut partition = Self {
                log: Vec::new(),
                known: Ends::default(),
                stored: Ends::default(),
            };
            assert!(partition.delivers(positions));
            partition.stores();
            partition
        }

        fn loses(&mut self, records: usize) {
            self.log.truncate(self.log.len() - records);
        }

        /// The broker writes the records of a relay that dies before it hears of them.
        fn writes(&mut self, positions: impl IntoIterator<Item = u64>) {
            self.log.extend(positions);
        }

        /// The same, and the relay hears of it; `false` when it finds that records were lost.
        fn delivers(&mut self, positions: impl IntoIterator<Item = u64>) -> bool {
            let first = self.log.len();
            self.writes(positions);
            let topic: Arc<str> = "topic".into();
            let sent = self.log[first..].iter().map(|position| Sent {
                span: Span::none(),
                position: *position,
                topic: Arc::clone(&topic),
                partition: 0,
            });
            let group = UnderWay {
                sent: sent.collect(),
                to: self.log.last().copied(),
                span: Span::none(),
            };
            let offsets: Vec<i64> = (first..self.log.len()).map(signed).collect();
            let delivered = group.delivered(&offsets, &self.known);
            for grown in delivered.grown {
                self.known.set("topic", 0, grown.end);
            }
            for (topic, partition) in &delivered.lost {
                self.known.set_lost(topic, *partition);
            }
            delivered.lost.is_empty()
        }

        fn stores(&mut self) {
            self.stored = self.known.clone();
        }

        /// What the next session begins with.
        fn resumes(&mut self, checkpoint: u64) -> Resume {
            let noted = self.stored.get("topic", 0).unwrap_or_default();
            let offset = signed(self.log.len());
            let before = (noted.offset <= offset)
                .then(|| usize::try_from(noted.offset - 1).ok())
                .flatten();
            let tail = Tail {
                offset,
                position: self.log.last().copied(),
                at_noted: before.and_then(|before| self.log.get(before).copied()),
            };
            let tails = [(("topic".to_owned(), 0), tail)].into();
            let resume = resume(checkpoint, &self.stored, &tails);
            self.known = resume.ends.clone();
            resume
        }
    }

    fn signed(length: usize) -> i64 {
        i64::try_from(length).unwrap()
    }

    /// Whether an event goes to the partition again.
    fn is_sent(resume: &Resume, position: u64) -> bool {
        let end = resume.ends.get("topic", 0).unwrap();
        position > resume.position && position > end.position
    }

    /// Nothing of 91 to 100 that the log has not got is taken for sent.
    fn assert_nothing_is_missing(partition: &Partition, resume: &Resume) {
        for position in 91..=100 {
            let is_there = partition.log.contains(&position);
            assert!(is_there || is_sent(resume, position), "{position}");
        }
    }

    fn tails(tails: &[(i32, i64, Option<u64>)]) -> BTreeMap<(String, i32), Tail> {
        let tail = |(partition, offset, position): &(i32, i64, Option<u64>)| {
            let tail = Tail {
                offset: *offset,
                position: *position,
                at_noted: None,
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

    #[test]
    fn what_a_live_relay_wrote_behind_a_hole_does_not_hide_it() {
        for newer in [101..=101, 101..=104, 101..=105, 101..=120] {
            let mut partition = Partition::with(91..=100);
            partition.loses(5);
            assert!(!partition.delivers(newer));
            partition.stores();
            let resume = partition.resumes(100);
            assert_eq!(resume.lost, [("topic".to_owned(), 0)]);
            assert_nothing_is_missing(&partition, &resume);
        }
    }

    #[test]
    fn what_a_relay_wrote_behind_a_hole_before_it_was_killed_does_not_hide_it() {
        for newer in [101..=101, 101..=104, 101..=105, 101..=120] {
            let mut partition = Partition::with(91..=100);
            partition.loses(5);
            partition.writes(newer);
            let resume = partition.resumes(100);
            assert_nothing_is_missing(&partition, &resume);
        }
    }

    #[test]
    fn a_loss_of_what_was_confirmed_and_not_yet_stored_is_known() {
        let mut partition = Partition::with(91..=95);
        assert!(partition.delivers(96..=100));
        partition.loses(5);
        assert!(!partition.delivers(101..=102));
        partition.stores();
        let resume = partition.resumes(95);
        assert_nothing_is_missing(&partition, &resume);
    }

    #[test]
    fn a_loss_between_two_records_of_one_delivery_is_known() {
        let mut partition = Partition::with(91..=100);
        assert!(partition.delivers(101..=102));
        partition.loses(7);
        assert!(!partition.delivers(103..=103));
        partition.stores();
        let resume = partition.resumes(100);
        assert_nothing_is_missing(&partition, &resume);
        assert!(is_sent(&resume, 101) && is_sent(&resume, 102));
    }

    #[test]
    fn a_partition_is_filled_from_the_beginning_until_something_was_sent_again() {
        let mut partition = Partition::with(91..=100);
        partition.loses(5);
        assert!(!partition.delivers(101..=101));
        partition.stores();
        partition.resumes(100);
        // A checkpoint at which nothing was due to this partition, and a crash.
        partition.stores();
        let resume = partition.resumes(50);
        assert_nothing_is_missing(&partition, &resume);
        assert!(partition.delivers(91..=93));
        partition.stores();
        partition.writes(94..=94);
        let resume = partition.resumes(93);
        assert_eq!((resume.position, resume.lost.len()), (93, 0));
        assert!(!is_sent(&resume, 94) && is_sent(&resume, 95));
    }

    #[test]
    fn what_was_written_without_a_loss_before_a_relay_was_killed_is_skipped() {
        let mut partition = Partition::with(91..=100);
        partition.writes(101..=104);
        let resume = partition.resumes(100);
        assert!(resume.lost.is_empty());
        assert!(!is_sent(&resume, 104) && is_sent(&resume, 105));
    }
}
