//! Streams, commands and appends to test with, and a clock that a test steers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use invoiceapp_domain::{
    Actor, AllocatedNumber, Ambient, ClaimChange, ClaimKey, NumberRequest, StreamId, StreamKind,
    TenantId,
};
use invoiceapp_schemas::{CommandId, CommandStamp, Metadata, NewEvent, RecordedEvent};
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use crate::port::{Append, AppendEvents, Guard, Journal, READ_EVENTS_MAX, is_last_page};
use crate::verify::verify;

/// 2026-01-01T00:00:00Z in microseconds.
const START_MICROS: i64 = 1_767_225_600_000_000;

/// Time that goes on by one microsecond whenever it is asked for, and identities that never repeat
/// among instances of different seeds.
#[derive(Debug)]
pub struct SteppingAmbient {
    micros: AtomicI64,
    identities: AtomicU64,
    seed: u16,
}

impl SteppingAmbient {
    /// Starts at the beginning of 2026.
    #[must_use]
    pub fn new(seed: u16) -> Arc<Self> {
        let (micros, identities) = (AtomicI64::new(START_MICROS), AtomicU64::new(0));
        Arc::new(Self {
            micros,
            identities,
            seed,
        })
    }

    /// Sets the clock by so many microseconds, back or forth.
    pub fn shift(&self, micros: i64) {
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Ambient for SteppingAmbient {
    fn now(&self) -> Timestamp {
        let micros = self.micros.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_microsecond(micros).unwrap()
    }

    fn new_id(&self) -> Uuid {
        let count = self.identities.fetch_add(1, Ordering::Relaxed);
        let millis = u64::try_from(self.micros.load(Ordering::Relaxed) / 1_000).unwrap();
        let mut random = [0; 10];
        random[..2].copy_from_slice(&self.seed.to_be_bytes());
        random[2..].copy_from_slice(&count.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

pub(super) fn ambient() -> Arc<dyn Ambient> {
    SteppingAmbient::new(0)
}

pub(super) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

pub(super) fn stream(key: impl std::fmt::Display) -> StreamId {
    StreamId::new(tenant("acme"), StreamKind::Product, key)
}

pub(super) fn command(number: u128) -> CommandStamp {
    let mut fingerprint = [0; 32];
    fingerprint[..16].copy_from_slice(&number.to_be_bytes());
    CommandStamp {
        id: CommandId(Uuid::from_u128(number)),
        fingerprint,
    }
}

pub(super) fn event(payload: impl std::fmt::Display) -> NewEvent {
    NewEvent {
        event_type: "Happened".to_owned(),
        schema_version: 1,
        payload_json: format!(r#"{{"Happened":{{"what":"{payload} \u0000 “ж”"}}}}"#),
    }
}

/// An append of `count` events by the command of that number.
pub(super) fn append(stream: &StreamId, expected_version: u64, number: u128, count: u64) -> Append {
    let command = command(number);
    Append {
        stream: stream.clone(),
        expected_version,
        events: AppendEvents::Ready((0..count).map(event).collect()),
        command,
        metadata: Metadata {
            actor: Actor::System("conformance".to_owned()),
            command_id: command.id,
            correlation_id: Uuid::from_u128(7),
            causation_id: None,
            traceparent: None,
            claims: Vec::new(),
            number: None,
        },
        claims: Vec::new(),
        guards: Vec::new(),
    }
}

pub(super) fn key(value: &str) -> ClaimKey {
    ClaimKey {
        kind: "sku".to_owned(),
        value: value.to_owned(),
    }
}

pub(super) fn day(day: i8) -> Date {
    Date::constant(2026, 1, day)
}

/// What may be added to an append.
pub(super) trait AppendExt: Sized {
    fn taking(self, value: &str) -> Self;
    fn releasing(self, value: &str) -> Self;
    fn guarding(self, stream: &StreamId, version: u64) -> Self;
    fn numbered(self, series: &str, period: &str, date: Date) -> Self;
}

impl AppendExt for Append {
    fn taking(mut self, value: &str) -> Self {
        self.claims.push(ClaimChange::Take(key(value)));
        self
    }

    fn releasing(mut self, value: &str) -> Self {
        self.claims.push(ClaimChange::Release(key(value)));
        self
    }

    fn guarding(mut self, stream: &StreamId, version: u64) -> Self {
        self.guards.push(Guard {
            stream: stream.clone(),
            version,
        });
        self
    }

    fn numbered(mut self, series: &str, period: &str, date: Date) -> Self {
        let (series, period) = (series.to_owned(), period.to_owned());
        let request = NumberRequest {
            series,
            period,
            first: 1,
            date,
        };
        let count = match &self.events {
            AppendEvents::Ready(events) => events.len(),
            AppendEvents::Numbered { .. } => 1,
        };
        let complete = Arc::new(move |number: &AllocatedNumber| {
            let numbered = event(format_args!("number {}", number.sequence));
            Ok(vec![numbered; count])
        });
        self.events = AppendEvents::Numbered { request, complete };
        self
    }
}

/// Everything that the journal holds, read in pages.
pub(super) async fn everything(journal: &dyn Journal) -> Vec<RecordedEvent> {
    let mut events: Vec<RecordedEvent> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event.position);
        let page = journal.read_all(after, READ_EVENTS_MAX).await.unwrap();
        let is_last = is_last_page(&page, READ_EVENTS_MAX);
        events.extend(page);
        if is_last {
            return events;
        }
    }
}

/// The chain holds over exactly so many events.
pub(super) async fn assert_whole(journal: &dyn Journal, events: u64) {
    let verification = verify(journal, |_, _| ()).await.unwrap();
    assert_eq!(verification.fault, None);
    assert_eq!(
        (verification.head.position, verification.events),
        (events, events)
    );
}
