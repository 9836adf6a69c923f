//! From the journal to records: what follows a position is read and encoded ahead, while what came
//! before it is on its way.

use std::collections::BTreeMap;
use std::sync::Arc;

use invoiceapp_avro::{Codec, CodecError, Topic};
use invoiceapp_domain::TenantId;
use invoiceapp_journal::port::{Journal, JournalError, READ_EVENTS_MAX};
use invoiceapp_observe::TraceContext;
use invoiceapp_schemas::RecordedEvent;
use rdkafka::message::OwnedHeaders;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use crate::error::RelayError;
use crate::headers::{HeaderWriter, published};
use crate::partition::partition_of;
use crate::relay::Relay;
use crate::spans;

/// A record that is ready to be sent.
pub(crate) struct Prepared {
    pub(crate) position: u64,
    lane: Topic,
    pub(crate) topic: Arc<str>,
    pub(crate) partition: i32,
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
    pub(crate) headers: OwnedHeaders,
    /// Milliseconds.
    pub(crate) timestamp: i64,
    pub(crate) event_id: Uuid,
    pub(crate) tenant: TenantId,
    /// The request that the event came of.
    pub(crate) cause: Option<TraceContext>,
}

/// Some of the journal, encoded, and why it goes no further.
pub(crate) struct Batch {
    pub(crate) records: Vec<Prepared>,
    /// The last position that was looked at.
    pub(crate) to: u64,
    /// The newest position that was seen.
    pub(crate) newest: u64,
    pub(crate) stopped: Option<RelayError>,
    /// What follows, if it is being read already.
    pub(crate) following: Option<Page>,
}

/// Events that are being read. They are given up with this.
pub(crate) struct Page(AbortOnDropHandle<Result<Vec<RecordedEvent>, JournalError>>);

/// A topic's name, and how many partitions it has.
#[derive(Debug, Clone)]
struct Lane {
    topic: Arc<str>,
    partitions: u32,
}

/// Makes records of one journal's events.
#[derive(Debug)]
pub(crate) struct Encoder {
    journal: Arc<dyn Journal>,
    codec: Codec,
    lanes: BTreeMap<Topic, Lane>,
    name: String,
    events_max: usize,
}

impl Encoder {
    /// For topics with so many partitions.
    pub(crate) fn new(relay: &Relay, counts: &BTreeMap<String, u32>) -> Self {
        let kafka = &relay.settings.kafka;
        let lane = |topic| {
            let name = kafka.topics.name(topic);
            let partitions = counts.get(&name).copied().unwrap_or_default();
            let topic = name.into();
            Lane { topic, partitions }
        };
        Self {
            journal: Arc::clone(&relay.journal),
            codec: relay.codec.clone(),
            lanes: Topic::ALL.map(|topic| (topic, lane(topic))).into(),
            name: kafka.journal.clone(),
            events_max: relay.settings.batch_events,
        }
    }

    /// Reads and encodes what follows a position, beside everything else.
    pub(crate) fn ahead(self: &Arc<Self>, after: u64, page: Option<Page>) -> Ahead {
        let encoder = Arc::clone(self);
        let task = tokio::spawn(async move { encoder.prepare(after, page).await });
        Ahead(AbortOnDropHandle::new(task))
    }

    fn page(&self, after: u64) -> Page {
        let (journal, limit) = (Arc::clone(&self.journal), self.page_events());
        let task = tokio::spawn(async move { journal.read_all(after, limit).await });
        Page(AbortOnDropHandle::new(task))
    }

    fn page_events(&self) -> usize {
        self.events_max.min(READ_EVENTS_MAX)
    }

    /// Under a backlog the next page is read while this one is encoded.
    async fn prepare(&self, after: u64, page: Option<Page>) -> Result<Batch, RelayError> {
        let mut batch = Batch {
            records: Vec::new(),
            to: after,
            newest: after,
            stopped: None,
            following: Some(page.unwrap_or_else(|| self.page(after))),
        };
        let mut headers = HeaderWriter::new(&self.name);
        while batch.records.len() < self.events_max
            && let Some(page) = batch.following.take()
        {
            let events = page.0.await??;
            batch.newest = events.last().map_or(batch.to, |event| event.position);
            if events.len() >= self.page_events() {
                batch.following = Some(self.page(batch.newest));
            }
            for event in events {
                let position = event.position;
                match self.encode(event, &mut headers).await {
                    Ok(record) => batch.records.push(record),
                    Err(error) => {
                        batch.stopped = Some(error);
                        batch.following = None;
                        break;
                    }
                }
                batch.to = position;
            }
        }
        // Partition by partition, each in its order: so the producer finds more for one request.
        let place = |record: &Prepared| (record.lane, record.partition);
        batch.records.sort_by_cached_key(place);
        Ok(batch)
    }

    async fn encode(
        &self,
        event: RecordedEvent,
        headers: &mut HeaderWriter,
    ) -> Result<Prepared, RelayError> {
        let position = event.position;
        let encoded = self.codec.encode(&event).await;
        let (value, schema_id) = encoded.map_err(|source| match source {
            CodecError::Registry(_) => RelayError::Registry { position, source },
            source => RelayError::Unencodable { position, source },
        })?;
        let published = published(&event).map_err(|error| {
            RelayError::Journal(JournalError::Damaged {
                position,
                reason: error.to_string(),
            })
        })?;
        let key = event.stream.aggregate_id();
        let lane = Topic::of(event.stream.kind);
        let (topic, partitions) = self.lanes.get(&lane).map_or_else(
            || (Arc::from(""), 0),
            |lane| (Arc::clone(&lane.topic), lane.partitions),
        );
        Ok(Prepared {
            position,
            lane,
            topic,
            partition: partition_of(key.as_bytes(), partitions),
            headers: headers.write(&event, &published, &key, schema_id),
            cause: spans::cause(published.traceparent.as_deref()),
            key,
            value,
            timestamp: event.recorded_at.as_millisecond(),
            event_id: event.event_id,
            tenant: event.stream.tenant,
        })
    }
}

/// A batch that is being made. It is given up with this.
pub(crate) struct Ahead(AbortOnDropHandle<Result<Batch, RelayError>>);

impl Ahead {
    pub(crate) async fn batch(self) -> Result<Batch, RelayError> {
        self.0.await.map_err(|error: JoinError| error)?
    }
}
