//! What the session remembers of records that are on their way.

use std::sync::Arc;

use tracing::Span;

use crate::error::RelayError;
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
    ///
    /// # Errors
    /// [`RelayError::TailLost`] when a partition ends before what is known of it.
    pub(crate) fn delivered(self, offsets: &[i64], ends: &Ends) -> Result<Vec<Grown>, RelayError> {
        let mut grown: Vec<Grown> = Vec::new();
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
                return Err(RelayError::TailLost {
                    topic: sent.topic.to_string(),
                    partition: sent.partition,
                });
            }
            if let Some(known) = known {
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
        Ok(grown)
    }
}
