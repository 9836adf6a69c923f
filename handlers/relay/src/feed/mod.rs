//! Kafka as a feed: the events of all topics, put back into the journal's order.
//!
//! Positions are dense, so the order is theirs: an event is handed out when every event before it
//! was. A repeat is dropped. A position that does not come, though the relay's progress says that
//! it is on the topics, is looked for once more from the beginning, and then is an error: nothing
//! is skipped in silence.

mod buffer;
mod marks;
mod record;
mod search;
mod source;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_avro::{Codec, CodecError};
use invoiceapp_runtime::{FEED_WAIT_MAX, Feed, FeedError};
use invoiceapp_schemas::RecordedEvent;
use rdkafka::error::KafkaError;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::error::RelayError;
use crate::settings::KafkaSettings;
use buffer::Buffer;
use marks::Marks;
use source::Source;

/// Longest wait inside a read for events that are known to be on the topics.
pub(crate) const READ_DEADLINE: Duration = Duration::from_secs(15);
/// How long a read waits for one more record that nobody has promised.
const READ_GLANCE: Duration = Duration::from_millis(2);
/// How long a read takes records, as long as one comes after the other.
const READ_GATHER: Duration = Duration::from_millis(200);

/// Why the feed has no answer.
#[derive(Debug, Error)]
pub enum KafkaFeedError {
    /// The broker, or the topics.
    #[error(transparent)]
    Broker(#[from] RelayError),
    /// The schema registry.
    #[error("the event at position {position} cannot be decoded now")]
    Registry {
        /// The event's position.
        position: u64,
        /// Why not.
        #[source]
        source: CodecError,
    },
    /// An event that was published is not on the topics any more.
    #[error(
        "the event at position {position} is not on the topics, which are complete up to {complete}"
    )]
    Gap {
        /// The position that is missing.
        position: u64,
        /// Up to where the relay has published.
        complete: u64,
    },
    /// The broker did not hand out in time what it has.
    #[error("the event at position {position} was not read in time")]
    Deadline {
        /// The position that is waited for.
        position: u64,
    },
}

impl From<KafkaFeedError> for FeedError {
    fn from(source: KafkaFeedError) -> Self {
        Self(Box::new(source))
    }
}

/// A feed over the topics. It reads ahead of one consumer: each consumer has one of its own.
pub struct KafkaFeed {
    settings: KafkaSettings,
    codec: Codec,
    marks: Mutex<Marks>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Nothing until the first read, and after a failure.
    source: Option<Source>,
    buffer: Buffer,
}

impl fmt::Debug for KafkaFeed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KafkaFeed")
            .field("journal", &self.settings.journal)
            .finish_non_exhaustive()
    }
}

impl KafkaFeed {
    /// A feed of a journal's events. Nothing is connected yet.
    #[must_use]
    pub fn new(settings: KafkaSettings, codec: Codec) -> Arc<Self> {
        Arc::new(Self {
            marks: Mutex::new(Marks::new(settings.clone())),
            state: Mutex::default(),
            settings,
            codec,
        })
    }

    async fn read_after(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, KafkaFeedError> {
        let mut state = self.state.lock().await;
        let result = self.read_with(&mut state, after, limit).await;
        if result.is_err() {
            // Where the consumer stands is not known any more: the next read looks for it.
            *state = State::default();
        }
        result
    }

    async fn read_with(
        &self,
        state: &mut State,
        after: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, KafkaFeedError> {
        self.stand_after(state, after).await?;
        self.gather(state, limit).await?;
        let events = state.buffer.ready(limit);
        if !events.is_empty() {
            return Ok(events);
        }
        // Nothing came by itself: is there something that should have?
        let Some(mark) = self.marks.lock().await.newest().await? else {
            return Ok(Vec::new());
        };
        if mark.position <= after {
            return Ok(Vec::new());
        }
        let deadline = Instant::now() + READ_DEADLINE;
        for is_last_try in [false, true] {
            if self.fill_up_to(state, &mark, deadline).await? {
                self.gather(state, limit).await?;
                return Ok(state.buffer.ready(limit));
            }
            if !is_last_try {
                let position = after.saturating_add(1);
                tracing::warn!(position, "an event is missing; the topics are read again");
                state.buffer = Buffer::after(after);
                state.source = Some(Source::at_the_beginning(&self.settings).await?);
            }
        }
        Err(KafkaFeedError::Gap {
            position: after.saturating_add(1),
            complete: mark.position,
        })
    }

    /// Makes the next event that is handed out the one after a position.
    async fn stand_after(&self, state: &mut State, after: u64) -> Result<(), KafkaFeedError> {
        if state.source.is_some() && state.buffer.forward(after) {
            return Ok(());
        }
        state.buffer = Buffer::after(after);
        state.source = Some(Source::after(&self.settings, after).await?);
        Ok(())
    }

    /// Takes what comes until so many events are ready, or nothing comes for a moment.
    async fn gather(&self, state: &mut State, limit: usize) -> Result<(), KafkaFeedError> {
        let end = Instant::now() + READ_GATHER;
        while !state.buffer.has_ready(limit) {
            let until = end.min(Instant::now() + READ_GLANCE);
            let Ok(taken) = timeout_at(until, self.take(state)).await else {
                return Ok(());
            };
            taken?;
        }
        Ok(())
    }

    /// Takes what comes until an event is ready, or it is too late.
    async fn await_one(&self, state: &mut State, until: Instant) -> Result<(), KafkaFeedError> {
        while !state.buffer.has_ready(1) {
            let Ok(taken) = timeout_at(until, self.take(state)).await else {
                return Ok(());
            };
            taken?;
        }
        Ok(())
    }

    /// Takes what comes until an event is ready. False when the topics were read up to a mark
    /// without it.
    async fn fill_up_to(
        &self,
        state: &mut State,
        mark: &crate::mark::ProgressMark,
        deadline: Instant,
    ) -> Result<bool, KafkaFeedError> {
        while !state.buffer.has_ready(1) {
            let has_passed = match &state.source {
                Some(source) => source.has_passed(&mark.ends),
                None => false,
            };
            if has_passed {
                return Ok(false);
            }
            timeout_at(deadline, self.take(state))
                .await
                .map_err(|_late| KafkaFeedError::Deadline {
                    position: state.buffer.next(),
                })??;
        }
        Ok(true)
    }

    /// Takes one record. May be dropped at any time: a record that was received stays with the
    /// source until it is in the buffer.
    async fn take(&self, state: &mut State) -> Result<(), KafkaFeedError> {
        let Some(source) = &mut state.source else {
            return Err(RelayError::from(KafkaError::NoMessageReceived).into());
        };
        source.keep_within(&state.buffer)?;
        let received = source.receive().await?;
        let Some(headers) = record::headers_of(received, &self.settings.journal) else {
            source.done();
            return Ok(());
        };
        if state.buffer.wants(&headers) {
            let event = record::decode(&self.codec, &headers, received).await?;
            let place = received.place();
            state.buffer.put(event, place);
        }
        source.done();
        Ok(())
    }
}

#[async_trait]
impl Feed for KafkaFeed {
    async fn read(&self, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, FeedError> {
        Ok(self.read_after(after, limit).await?)
    }

    async fn wait(&self, after: u64) {
        let until = Instant::now() + FEED_WAIT_MAX;
        let Ok(mut state) = timeout_at(until, self.state.lock()).await else {
            return;
        };
        // A failure is the next read's to report, after the wait has run out.
        let failed = match self.stand_after(&mut state, after).await {
            Ok(()) => self.await_one(&mut state, until).await.is_err(),
            Err(_) => true,
        };
        if failed {
            *state = State::default();
            drop(state);
            tokio::time::sleep_until(until).await;
        }
    }

    async fn head(&self) -> Result<u64, FeedError> {
        let mark = self.marks.lock().await.newest().await;
        let mark = mark.map_err(KafkaFeedError::from)?;
        Ok(mark.map_or(0, |mark| mark.position))
    }
}
