//! What the session remembers of records that are on their way.

use std::collections::BTreeSet;
use std::sync::Arc;

use tracing::Span;

use crate::mark::{End, Ends};
use crate::spans;

/// A record whose delivery is awaited.
pub(crate) struct Sent {
    pub(crate) span: Span,
    pub(crate) position: u64,
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
}

/// What is on its way together.
pub(crate) struct UnderWay {
    pub(crate) sent: Vec<Sent>,
    /// The position up to which everything is on the topics when it is confirmed; none for a mark.
    pub(crate) to: Option<u64>,
    /// Ends with the checkpoint behind the last of its records.
    pub(crate) span: Span,
}

/// What became of records that were on their way.
#[derive(Default)]
pub(crate) struct Delivered {
    pub(crate) grown: Vec<Grown>,
    /// The partitions that ended before what was known of them: what was written to them is lost, and
    /// the records of this delivery are behind the hole.
    pub(crate) lost: BTreeSet<(Arc<str>, i32)>,
}

/// Where a partition ends now, and how many records were added to it.
pub(crate) struct Grown {
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
    pub(crate) end: End,
    pub(crate) records: u64,
}

impl UnderWay {
    /// A mark.
    pub(crate) const fn mark() -> Self {
        Self {
            sent: Vec::new(),
            to: None,
            span: Span::none(),
        }
    }

    /// The broker has not confirmed it.
    pub(crate) fn failed(&self) {
        for sent in &self.sent {
            spans::failed(&sent.span);
        }
    }

    /// The broker has confirmed all of it, at these offsets.
    pub(crate) fn delivered(self, offsets: &[i64], ends: &Ends) -> Delivered {
        let mut delivered = Delivered::default();
        let Delivered { grown, lost } = &mut delivered;
        for (sent, offset) in self.sent.into_iter().zip(offsets) {
            spans::delivered(&sent.span, *offset);
            let end = End {
                offset: offset.saturating_add(1),
                position: sent.position,
            };
            // A few partitions, which share their topics' names.
            let known = grown.iter_mut().find(|grown| {
                grown.partition == sent.partition && Arc::ptr_eq(&grown.topic, &sent.topic)
            });
            let before = match &known {
                Some(known) => known.end,
                None => ends.get(&sent.topic, sent.partition).unwrap_or_default(),
            };
            if end.offset <= before.offset {
                lost.insert((sent.topic, sent.partition));
            } else if let Some(known) = known {
                known.end = end;
                known.records = known.records.saturating_add(1);
            } else {
                grown.push(Grown {
                    topic: sent.topic,
                    partition: sent.partition,
                    end,
                    records: 1,
                });
            }
        }
        grown.retain(|grown| !lost.contains(&(Arc::clone(&grown.topic), grown.partition)));
        delivered
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing::Span;

    use super::{Sent, UnderWay};
    use crate::mark::{End, Ends};

    #[test]
    fn every_partition_that_has_lost_something_is_named_and_none_of_them_has_grown() {
        let topic: Arc<str> = "topic".into();
        let mut ends = Ends::default();
        for (partition, offset) in [(0, 10), (1, 10), (2, 10)] {
            let end = End {
                offset,
                position: 30,
            };
            ends.set(&topic, partition, end);
        }
        let sent = [
            (0, 31, 10),
            (0, 32, 4),
            (1, 33, 10),
            (2, 34, 0),
            (2, 35, 11),
        ];
        let offsets = sent.map(|(_, _, offset)| offset);
        let sent = sent.map(|(partition, position, _)| Sent {
            span: Span::none(),
            position,
            topic: Arc::clone(&topic),
            partition,
        });
        let group = UnderWay {
            sent: sent.into(),
            to: Some(35),
            span: Span::none(),
        };
        let delivered = group.delivered(&offsets, &ends);
        let lost = delivered.lost.iter().map(|(_, partition)| *partition);
        assert!(lost.eq([0, 2]));
        let grown = delivered.grown.iter().map(|grown| grown.partition);
        assert!(grown.eq([1]));
    }
}
