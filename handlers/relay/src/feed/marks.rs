//! The relay's progress, as consumers see it.

use std::sync::Arc;

use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::timeout;

use crate::broker::{partition_count, watermarks};
use crate::error::RelayError;
use crate::mark::ProgressMark;
use crate::settings::{BROKER_DEADLINE, KafkaSettings};

/// The reader of the relay's topic.
pub(super) struct Marks {
    settings: KafkaSettings,
    reading: Option<Reading>,
    newest: Option<ProgressMark>,
}

struct Reading {
    consumer: Arc<StreamConsumer>,
    /// The next offset that was not read yet.
    next: i64,
}

impl Marks {
    pub(super) const fn new(settings: KafkaSettings) -> Self {
        Self {
            settings,
            reading: None,
            newest: None,
        }
    }

    /// The newest mark of the journal; nothing when there was never one.
    pub(super) async fn newest(&mut self) -> Result<Option<ProgressMark>, RelayError> {
        // Taken out meanwhile: after a failure, or when this is dropped, it begins again.
        let mut reading = match self.reading.take() {
            Some(reading) => reading,
            None => self.begin().await?,
        };
        let topic = self.settings.topics.relay();
        let place = (topic.clone(), 0);
        let marks = watermarks(&reading.consumer, vec![place.clone()]).await?;
        let high = marks.get(&place).map_or(0, |marks| marks.high);
        if high < reading.next {
            // The topic is another one than it was.
            reading = self.begin().await?;
        }
        while reading.next < high {
            let Ok(received) = timeout(BROKER_DEADLINE, reading.consumer.recv()).await else {
                let problem = "was not read in time".to_owned();
                return Err(RelayError::Topic { topic, problem });
            };
            let record = received?;
            reading.next = record.offset().saturating_add(1);
            if record.key() == Some(self.settings.journal.as_bytes()) {
                self.take(record.payload().unwrap_or_default());
            }
        }
        self.reading = Some(reading);
        Ok(self.newest.clone())
    }

    /// A mark of a relay that was thought dead may come late: the furthest one counts.
    fn take(&mut self, value: &[u8]) {
        match serde_json::from_slice::<ProgressMark>(value) {
            Ok(mark) => {
                let is_further = |newest: &ProgressMark| mark.position >= newest.position;
                if self.newest.as_ref().is_none_or(is_further) {
                    self.newest = Some(mark);
                }
            }
            Err(error) => tracing::error!(%error, "a progress mark cannot be read"),
        }
    }

    async fn begin(&self) -> Result<Reading, RelayError> {
        let topic = self.settings.topics.relay();
        let consumer: Arc<StreamConsumer> = Arc::new(self.settings.consumer().create()?);
        partition_count(&consumer, topic.clone()).await?;
        let place = (topic.clone(), 0);
        let marks = watermarks(&consumer, vec![place.clone()]).await?;
        let low = marks.get(&place).map_or(0, |marks| marks.low);
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&topic, 0, Offset::Offset(low))?;
        consumer.assign(&list)?;
        Ok(Reading {
            consumer,
            next: low,
        })
    }
}
