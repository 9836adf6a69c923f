//! What is on its way to the broker.

use std::time::{Duration, Instant};

use invoiceapp_observe::TraceContext;
use invoiceapp_observe::metrics::metrics;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::DeliveryFuture;
use rdkafka::producer::future_producer::OwnedDeliveryResult;
use tracing::Span;
use uuid::Uuid;

use crate::error::RelayError;
use crate::mark::End;
use crate::relay::Relay;
use crate::spans;

/// A record that is ready to be sent.
pub(crate) struct Prepared {
    pub(crate) position: u64,
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) key: String,
    pub(crate) value: Vec<u8>,
    pub(crate) headers: OwnedHeaders,
    /// Milliseconds.
    pub(crate) timestamp: i64,
    pub(crate) event_id: Uuid,
    pub(crate) tenant: String,
    /// The request that the event came of.
    pub(crate) cause: Option<TraceContext>,
}

/// A record whose delivery is awaited.
pub(crate) struct Sent {
    pub(crate) span: Span,
    /// Ends with the last of its records.
    pub(crate) _batch: Span,
    pub(crate) position: u64,
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) delivery: DeliveryFuture,
}

/// Awaits deliveries for as long as they take, holding the lease meanwhile: the producer gives
/// nothing up, so that a broker that is away ends this only by coming back, or the lease by
/// getting lost.
pub(crate) async fn deliver(
    sent: Vec<Sent>,
    relay: &Relay,
    epoch: i64,
) -> Result<(Vec<(String, i32, End)>, Option<Instant>), RelayError> {
    let tick: Duration = relay.settings.lease / 3;
    let mut renewal = tokio::time::interval_at(tokio::time::Instant::now() + tick, tick);
    let mut delivered = Vec::with_capacity(sent.len());
    let mut renewed = None;
    for sent in sent {
        let mut delivery = sent.delivery;
        let result = loop {
            tokio::select! {
                biased;
                result = &mut delivery => break result,
                _ = renewal.tick() => {
                    let began = Instant::now();
                    let name = &relay.settings.kafka.journal;
                    if !relay.leases.renew(name, epoch, relay.settings.lease).await? {
                        return Err(RelayError::Fenced);
                    }
                    renewed = Some(began);
                }
            }
        };
        let offset = delivered_or_failed(result).inspect_err(|_| spans::failed(&sent.span))?;
        spans::delivered(&sent.span, offset);
        metrics()
            .relay_published
            .with_label_values(&[&sent.topic])
            .inc();
        let end = End {
            offset: offset.saturating_add(1),
            position: sent.position,
        };
        delivered.push((sent.topic, sent.partition, end));
    }
    Ok((delivered, renewed))
}

/// The offset of a record that was delivered.
pub(crate) fn delivered_or_failed(
    result: Result<OwnedDeliveryResult, futures::channel::oneshot::Canceled>,
) -> Result<i64, RelayError> {
    match result {
        Ok(Ok(delivery)) => Ok(delivery.offset),
        Ok(Err((error, _))) => Err(error.into()),
        Err(_canceled) => Err(rdkafka::error::KafkaError::Canceled.into()),
    }
}
