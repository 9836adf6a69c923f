//! What a relay does while it has the lease.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use invoiceapp_journal::port::JournalError;
use invoiceapp_schemas::RecordedEvent;
use rdkafka::consumer::StreamConsumer;
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::broker::{all_partitions, check_topics, partition_counts, watermarks};
use crate::delivery::{Prepared, Sent, deliver, delivered_or_failed};
use crate::error::RelayError;
use crate::headers::headers_of;
use crate::lease::Taken;
use crate::mark::{End, Ends, ProgressMark};
use crate::partition::partition_of;
use crate::relay::Relay;
use crate::spans;
use crate::status::Phase;
use crate::tail;

/// Some of the journal, encoded, and why it goes no further.
struct Batch {
    records: Vec<Prepared>,
    /// The last position that was looked at.
    to: u64,
    stopped: Option<RelayError>,
}

/// The work under one epoch of the lease.
pub(crate) struct Session<'r> {
    relay: &'r Relay,
    epoch: i64,
    producer: FutureProducer,
    consumer: Arc<StreamConsumer>,
    counts: BTreeMap<String, u32>,
    ends: Ends,
    /// The checkpoint.
    position: u64,
    renewed: Instant,
    ends_checked: Instant,
}

impl<'r> Session<'r> {
    /// Looks at what is on the topics and prepares to go on after it.
    pub(crate) async fn begin(relay: &'r Relay, taken: Taken) -> Result<Self, RelayError> {
        let renewed = Instant::now();
        let kafka = &relay.settings.kafka;
        let consumer: Arc<StreamConsumer> = Arc::new(kafka.consumer().create()?);
        let counts = partition_counts(&consumer, kafka).await?;
        check_topics(kafka, &counts).await?;
        check_counts(&counts, &taken.ends)?;
        let tails = tail::scan(kafka, &consumer, &counts).await?;
        let resume = tail::resume(taken.position, &taken.ends, &tails);
        for (topic, partition) in &resume.lost {
            tracing::error!(
                topic,
                partition,
                "the broker has lost records; they are sent again"
            );
        }
        let lost = u64::try_from(resume.lost.len()).unwrap_or(u64::MAX);
        relay.status.send_modify(|status| {
            status.position = resume.position;
            status.tails_lost = status.tails_lost.saturating_add(lost);
        });
        let mut session = Self {
            relay,
            epoch: taken.epoch,
            producer: kafka.producer().create()?,
            consumer,
            counts,
            ends: resume.ends,
            position: resume.position,
            renewed,
            ends_checked: Instant::now(),
        };
        session.renew().await?;
        Ok(session)
    }

    /// Publishes until cancelled, fenced or failed.
    pub(crate) async fn run(&mut self, cancel: &CancellationToken) -> Result<(), RelayError> {
        let mut newest = self.relay.journal.subscribe();
        // A mark at once: a new relay may have nothing to send, and consumers want to know.
        let mut mark = Some(self.send_mark()?);
        let mut next = self.prepare(self.position).await?;
        while !cancel.is_cancelled() {
            let Batch {
                records,
                to,
                stopped,
            } = next;
            let is_idle = to == self.position;
            let sent = self.send(records).await?;
            // The next batch is read and encoded while this one is on its way.
            let prepared = match &stopped {
                None if !is_idle => Some(self.prepare(to)),
                _ => None,
            };
            let prepared = futures::future::OptionFuture::from(prepared);
            let (prepared, delivered) =
                futures::join!(prepared, deliver(sent, self.relay, self.epoch));
            let (delivered, renewed) = delivered?;
            self.renewed = renewed.unwrap_or(self.renewed);
            self.note(delivered)?;
            if let Some(mark) = mark.take() {
                delivered_or_failed(mark.await)?;
            }
            if !is_idle {
                self.checkpoint(to).await?;
                mark = Some(self.send_mark()?);
            }
            if let Some(error) = stopped {
                return Err(error);
            }
            next = match prepared {
                Some(prepared) => prepared?,
                None => {
                    self.idle(&mut newest, cancel).await?;
                    self.prepare(self.position).await?
                }
            };
        }
        Ok(())
    }

    /// Gives up what is still on its way, so that nothing of this epoch is sent after it.
    pub(crate) async fn end(self) {
        let Self {
            producer, consumer, ..
        } = self;
        let dropped = spawn_blocking(move || {
            drop(producer);
            drop(consumer);
        });
        let _ended = dropped.await;
    }

    /// Reads and encodes what follows a position.
    async fn prepare(&self, after: u64) -> Result<Batch, RelayError> {
        let limit = self.relay.settings.batch_events;
        let events = self.relay.journal.read_all(after, limit).await?;
        let mut batch = Batch {
            records: Vec::with_capacity(events.len()),
            to: after,
            stopped: None,
        };
        for event in &events {
            match self.encode(event).await {
                Ok(record) => batch.records.push(record),
                Err(error) => {
                    batch.stopped = Some(error);
                    break;
                }
            }
            batch.to = event.position;
        }
        let newest = events.last().map_or(after, |event| event.position);
        self.relay
            .status
            .send_modify(|status| status.head = status.head.max(newest));
        Ok(batch)
    }

    async fn encode(&self, event: &RecordedEvent) -> Result<Prepared, RelayError> {
        let position = event.position;
        let codec = &self.relay.codec;
        let (value, schema_id) = codec.encode(event).await.map_err(|source| {
            match matches!(source, invoiceapp_avro::CodecError::Registry(_)) {
                true => RelayError::Registry { position, source },
                false => RelayError::Unencodable { position, source },
            }
        })?;
        let metadata = event.metadata().map_err(|error| {
            RelayError::Journal(JournalError::Damaged {
                position,
                reason: error.to_string(),
            })
        })?;
        let topic = self.relay.settings.kafka.topics.of(event);
        let key = event.stream.aggregate_id();
        let count = self.counts.get(&topic).copied().unwrap_or_default();
        Ok(Prepared {
            position,
            partition: partition_of(key.as_bytes(), count),
            topic,
            key,
            value,
            headers: headers_of(
                event,
                &metadata,
                &self.relay.settings.kafka.journal,
                schema_id,
            ),
            timestamp: event.recorded_at.as_millisecond(),
            event_id: event.event_id,
            tenant: event.stream.tenant.to_string(),
            cause: spans::cause(metadata.traceparent.as_deref()),
        })
    }

    /// Hands records to the producer, except those that are there already.
    async fn send(&mut self, records: Vec<Prepared>) -> Result<Vec<Sent>, RelayError> {
        if self.renewed.elapsed() > self.relay.settings.lease / 3 {
            self.renew().await?;
        }
        let mut records = records;
        records.retain(|record| {
            let end = self.ends.get(&record.topic, record.partition);
            end.is_none_or(|end| record.position > end.position)
        });
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let batch = spans::of_batch(&records);
        let mut sent = Vec::with_capacity(records.len());
        for (nth, record) in records.into_iter().enumerate() {
            let span = spans::of_record(nth, &record);
            let message = FutureRecord::to(&record.topic)
                .partition(record.partition)
                .key(&record.key)
                .payload(&record.value)
                .timestamp(record.timestamp)
                .headers(record.headers);
            let delivery = self
                .producer
                .send_result(message)
                .map_err(|(error, _)| error)?;
            sent.push(Sent {
                position: record.position,
                topic: record.topic,
                partition: record.partition,
                delivery,
                span,
                _batch: batch.clone(),
            });
        }
        Ok(sent)
    }

    /// Takes note of what was delivered.
    fn note(&mut self, delivered: Vec<(String, i32, End)>) -> Result<(), RelayError> {
        let count = u64::try_from(delivered.len()).unwrap_or(u64::MAX);
        for (topic, partition, end) in delivered {
            let known = self.ends.get(&topic, partition).unwrap_or_default();
            if end.offset <= known.offset {
                return Err(RelayError::TailLost { topic, partition });
            }
            self.ends.set(&topic, partition, end);
        }
        self.relay
            .status
            .send_modify(|status| status.sent = status.sent.saturating_add(count));
        Ok(())
    }

    async fn renew(&mut self) -> Result<(), RelayError> {
        let settings = &self.relay.settings;
        let began = Instant::now();
        let leases = &self.relay.leases;
        match leases
            .renew(&settings.kafka.journal, self.epoch, settings.lease)
            .await?
        {
            true => {
                self.renewed = began;
                Ok(())
            }
            false => Err(RelayError::Fenced),
        }
    }

    async fn checkpoint(&mut self, position: u64) -> Result<(), RelayError> {
        let settings = &self.relay.settings;
        let began = Instant::now();
        let held = self
            .relay
            .leases
            .checkpoint(
                &settings.kafka.journal,
                self.epoch,
                settings.lease,
                position,
                &self.ends,
            )
            .await?;
        if !held {
            return Err(RelayError::Fenced);
        }
        self.renewed = began;
        self.position = position;
        self.relay.status.send_modify(|status| {
            status.phase = Phase::Publishing;
            status.position = position;
            status.head = status.head.max(position);
        });
        Ok(())
    }

    /// Says how far the topics are.
    fn send_mark(&self) -> Result<DeliveryFuture, RelayError> {
        let kafka = &self.relay.settings.kafka;
        let mark = ProgressMark {
            position: self.position,
            ends: self.ends.clone(),
        };
        let mark = serde_json::to_vec(&mark).map_err(crate::error::LeaseError::Stored)?;
        let topic = kafka.topics.relay();
        let record = FutureRecord::to(&topic)
            .partition(0)
            .key(&kafka.journal)
            .payload(&mark);
        Ok(self
            .producer
            .send_result(record)
            .map_err(|(error, _)| error)?)
    }

    /// Waits for the journal to move, holding the lease.
    async fn idle(
        &mut self,
        newest: &mut tokio::sync::watch::Receiver<u64>,
        cancel: &CancellationToken,
    ) -> Result<(), RelayError> {
        let tick = self.relay.settings.lease / 3;
        let position = self.position;
        self.relay
            .status
            .send_modify(|status| status.phase = Phase::Publishing);
        let moved = async {
            if newest.wait_for(|newest| *newest > position).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = moved => {}
            () = tokio::time::sleep(tick) => {}
        }
        if self.renewed.elapsed() >= tick {
            self.renew().await?;
        }
        if self.ends_checked.elapsed() >= self.relay.settings.ends_check {
            self.check_ends().await?;
        }
        Ok(())
    }

    /// Whether every partition still ends where it did, or later.
    async fn check_ends(&mut self) -> Result<(), RelayError> {
        let found = watermarks(&self.consumer, all_partitions(&self.counts)).await?;
        self.ends_checked = Instant::now();
        for (topic, partition, end) in self.ends.iter() {
            let marks = found.get(&(topic.to_owned(), partition));
            if marks.is_some_and(|marks| marks.high < end.offset) {
                let topic = topic.to_owned();
                return Err(RelayError::TailLost { topic, partition });
            }
        }
        Ok(())
    }
}

/// A changed number of partitions would move keys, and with them lose their order.
fn check_counts(counts: &BTreeMap<String, u32>, noted: &Ends) -> Result<(), RelayError> {
    for (topic, partitions) in &noted.0 {
        let Some(count) = counts.get(topic) else {
            continue;
        };
        let noted = partitions.len();
        if u32::try_from(noted).is_ok_and(|noted| noted != *count) {
            return Err(RelayError::Topic {
                topic: topic.clone(),
                problem: format!("has {count} partitions and had {noted}; keys would move"),
            });
        }
    }
    Ok(())
}
