//! What a relay does while it has the lease.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use invoiceapp_observe::metrics::metrics;
use rdkafka::consumer::StreamConsumer;
use rdkafka::producer::BaseRecord;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::broker::{all_partitions, check_topics, partition_counts, watermarks};
use crate::delivery::Outbox;
use crate::encoder::{Encoder, Prepared};
use crate::error::RelayError;
use crate::lease::Taken;
use crate::mark::{Ends, ProgressMark};
use crate::relay::{Relay, reason_of};
use crate::spans;
use crate::status::Phase;
use crate::tail;
use crate::under_way::{Sent, UnderWay};

/// Most batches that are on their way at once: one that the broker works on, one that it finds next.
const UNDER_WAY_MAX: usize = 2;

/// The work under one epoch of the lease.
pub(crate) struct Session<'r> {
    relay: &'r Relay,
    epoch: i64,
    outbox: Outbox,
    encoder: Arc<Encoder>,
    consumer: Arc<StreamConsumer>,
    counts: BTreeMap<String, u32>,
    ends: Ends,
    /// Events up to here may be on their partition already.
    resumed: u64,
    /// The oldest first.
    under_way: VecDeque<UnderWay>,
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
        // It connects while the topics are looked at.
        let outbox = Outbox::new(kafka)?;
        let consumer: Arc<StreamConsumer> = Arc::new(kafka.consumer().create()?);
        let counts = partition_counts(&consumer, kafka).await?;
        check_topics(kafka, &counts).await?;
        check_counts(&counts, &taken.ends)?;
        let tails = tail::scan(kafka, &consumer, &counts, &taken.ends).await?;
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
        let newest = resume.ends.iter().map(|(_, _, end)| end.position).max();
        let mut session = Self {
            relay,
            epoch: taken.epoch,
            outbox,
            encoder: Arc::new(Encoder::new(relay, &counts)),
            consumer,
            counts,
            ends: resume.ends,
            resumed: newest.unwrap_or_default(),
            under_way: VecDeque::new(),
            position: resume.position,
            renewed,
            ends_checked: Instant::now(),
        };
        session.renew().await?;
        Ok(session)
    }

    /// Publishes until cancelled, fenced or failed.
    pub(crate) async fn run(&mut self, cancel: &CancellationToken) -> Result<(), RelayError> {
        let ended = self.publish(cancel).await;
        if matches!(ended, Err(RelayError::TailLost { .. })) {
            self.keep_losses().await?;
        }
        ended
    }

    /// What follows is read and encoded while batches are on their way.
    async fn publish(&mut self, cancel: &CancellationToken) -> Result<(), RelayError> {
        let mut newest = self.relay.journal.subscribe();
        // A mark at once: a new relay may have nothing to send, and consumers want to know.
        self.send_mark()?;
        let mut read = self.position;
        let mut ahead = self.encoder.ahead(read, None);
        while !cancel.is_cancelled() {
            let batch = ahead.batch().await?;
            self.saw(batch.newest);
            if batch.to == read && batch.stopped.is_none() {
                self.settle(0).await?;
                self.idle(&mut newest, cancel).await?;
                ahead = self.encoder.ahead(read, None);
                continue;
            }
            let after = std::mem::replace(&mut read, batch.to);
            if let Some(error) = batch.stopped {
                self.send(batch.records, after, read).await?;
                self.settle(0).await?;
                return Err(error);
            }
            ahead = self.encoder.ahead(read, batch.following);
            self.send(batch.records, after, read).await?;
            self.settle(UNDER_WAY_MAX - 1).await?;
        }
        self.settle(0).await
    }

    /// Gives up what is still on its way, so that nothing of this epoch is sent after it.
    pub(crate) async fn end(self) {
        let Self {
            outbox, consumer, ..
        } = self;
        let dropped = spawn_blocking(move || {
            drop(outbox);
            drop(consumer);
        });
        let _ended = dropped.await;
    }

    fn saw(&self, position: u64) {
        self.relay
            .status
            .send_modify(|status| status.head = status.head.max(position));
    }

    /// Hands the records between two positions to the producer, except those that are there already.
    async fn send(
        &mut self,
        mut records: Vec<Prepared>,
        after: u64,
        to: u64,
    ) -> Result<(), RelayError> {
        if self.renewed.elapsed() > self.relay.settings.lease / 3 {
            self.renew().await?;
        }
        if after < self.resumed {
            records.retain(|record| {
                let end = self.ends.get(&record.topic, record.partition);
                end.is_none_or(|end| record.position > end.position)
            });
        }
        let span = match records.is_empty() {
            true => Span::none(),
            false => spans::of_batch(&records),
        };
        let first = self.outbox.begin(records.len());
        let mut sent = Vec::with_capacity(records.len());
        for (nth, record) in records.into_iter().enumerate() {
            let span = spans::of_record(nth, &record);
            let message = BaseRecord::with_opaque_to(&record.topic, first.saturating_add(nth))
                .partition(record.partition)
                .key(&record.key)
                .payload(&record.value)
                .timestamp(record.timestamp)
                .headers(record.headers);
            self.outbox.send(message)?;
            sent.push(Sent {
                span,
                position: record.position,
                topic: record.topic,
                partition: record.partition,
            });
        }
        let to = Some(to);
        self.under_way.push_back(UnderWay { sent, to, span });
        Ok(())
    }

    /// Waits until no more than so many batches are on their way, and moves the checkpoint to where
    /// everything is confirmed.
    async fn settle(&mut self, may_remain: usize) -> Result<(), RelayError> {
        let mut reached = None;
        loop {
            let batches = self.under_way.iter().filter(|group| group.to.is_some());
            let offsets = match batches.count() > may_remain {
                true => self.confirmed().await?,
                false => match self.oldest()? {
                    Some(offsets) => offsets,
                    None => break,
                },
            };
            if let Some(mut group) = self.under_way.pop_front() {
                let span = std::mem::replace(&mut group.span, Span::none());
                reached = group.to.map(|to| (to, span)).or(reached);
                self.note(group, &offsets)?;
            }
        }
        if let Some((reached, span)) = reached {
            self.checkpoint(reached).instrument(span).await?;
            self.send_mark()?;
        }
        Ok(())
    }

    /// The offsets of what has been on its way for longest, if all of it is confirmed.
    fn oldest(&self) -> Result<Option<Vec<i64>>, RelayError> {
        let confirmed = self.outbox.confirmed();
        Ok(confirmed.inspect_err(|_| self.under_way.iter().for_each(UnderWay::failed))?)
    }

    /// The same, when they are. The producer gives nothing up, so a broker that is away ends this
    /// only by coming back, or the lease, which is held meanwhile, by getting lost.
    async fn confirmed(&mut self) -> Result<Vec<i64>, RelayError> {
        let tick = self.relay.settings.lease / 3;
        loop {
            if let Some(offsets) = self.oldest()? {
                return Ok(offsets);
            }
            let rest = tick.saturating_sub(self.renewed.elapsed());
            if tokio::time::timeout(rest, self.outbox.changed())
                .await
                .is_err()
            {
                self.renew().await?;
            }
        }
    }

    /// Takes note of what was delivered.
    fn note(&mut self, group: UnderWay, offsets: &[i64]) -> Result<(), RelayError> {
        let count = u64::try_from(group.sent.len()).unwrap_or(u64::MAX);
        let delivered = group.delivered(offsets, &self.ends);
        for grown in delivered.grown {
            self.ends.set(&grown.topic, grown.partition, grown.end);
            let published = &metrics().relay_published;
            published
                .with_label_values(&[&*grown.topic])
                .inc_by(grown.records);
        }
        self.relay
            .status
            .send_modify(|status| status.sent = status.sent.saturating_add(count));
        let lost = delivered.lost.into_iter();
        self.lost(lost.map(|(topic, partition)| (topic.to_string(), partition)))
    }

    /// Ends the session when partitions have lost what was written to them.
    fn lost(&mut self, lost: impl Iterator<Item = (String, i32)>) -> Result<(), RelayError> {
        let mut outcome = Ok(());
        for (topic, partition) in lost {
            self.ends.set_lost(&topic, partition);
            outcome = Err(RelayError::TailLost { topic, partition });
        }
        outcome
    }

    /// Stores what is known of lost records before anybody looks at the partitions again. Their ends
    /// alone do not tell it: newer records may stand behind the hole by then. While the database is
    /// away nobody can take over either.
    async fn keep_losses(&mut self) -> Result<(), RelayError> {
        let mut pause = self.relay.settings.pause_first;
        loop {
            match self.store(self.position).await {
                Err(RelayError::Lease(error)) => {
                    let reason = reason_of(&error);
                    tracing::warn!(reason, "that records were lost cannot be stored now");
                }
                outcome => return outcome,
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(self.relay.settings.pause_max);
        }
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
        self.store(position).await?;
        self.position = position;
        self.relay.status.send_modify(|status| {
            status.phase = Phase::Publishing;
            status.position = position;
            status.head = status.head.max(position);
        });
        Ok(())
    }

    /// Writes how far everything is, and holds the lease with it.
    async fn store(&mut self, position: u64) -> Result<(), RelayError> {
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
        Ok(())
    }

    /// Says how far the topics are.
    fn send_mark(&mut self) -> Result<(), RelayError> {
        let kafka = &self.relay.settings.kafka;
        let mark = ProgressMark {
            position: self.position,
            ends: self.ends.clone(),
        };
        let mark = serde_json::to_vec(&mark).map_err(crate::error::LeaseError::Stored)?;
        let topic = kafka.topics.relay();
        let record = BaseRecord::with_opaque_to(&topic, self.outbox.begin(1))
            .partition(0)
            .key(&kafka.journal)
            .payload(&mark);
        self.outbox.send(record)?;
        self.under_way.push_back(UnderWay::mark());
        Ok(())
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
        let ends = self.ends.iter();
        let places = ends.map(|(topic, partition, end)| ((topic.to_owned(), partition), end));
        let lost = places.filter(|(place, end)| {
            let marks = found.get(place);
            marks.is_some_and(|marks| marks.high < end.offset)
        });
        let lost: Vec<(String, i32)> = lost.map(|(place, _)| place).collect();
        self.lost(lost.into_iter())
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
