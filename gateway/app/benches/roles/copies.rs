//! Drafts that go into the journal without the front door: copies of one that a client made, appended
//! as the invoice service appends them. One machine that runs all servers and all roles cannot take as
//! many requests as it takes events.

use std::sync::Arc;
use std::time::{Duration, Instant};

use invoiceapp_domain::{Ambient, StreamId, StreamKind, TenantId};
use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::port::{Append, AppendEvents, Journal};
use invoiceapp_journal::postgres::{PostgresJournal, PostgresOptions};
use invoiceapp_schemas::{CommandId, CommandStamp, Metadata, NewEvent, RecordedEvent};
use secrecy::SecretString;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// Drafts that grow at once.
const COPIES_AT_ONCE: u64 = 8;
/// More than a draft has.
const EVENTS_MAX: usize = 1_000;

/// A draft to be copied, and the journal that it came from.
#[derive(Clone)]
pub(crate) struct Copies {
    journal: Arc<PostgresJournal>,
    ambient: Arc<SteppingAmbient>,
    tenant: TenantId,
    /// What each command came to.
    commands: Arc<Vec<(Metadata, Vec<NewEvent>)>>,
}

impl Copies {
    /// Reads the draft.
    pub(crate) async fn of(url: &str, tenant: &str, invoice: &str) -> Self {
        let ambient = SteppingAmbient::new(1);
        let options = PostgresOptions::new(SecretString::from(url.to_owned()));
        let journal = PostgresJournal::open(options, Arc::<SteppingAmbient>::clone(&ambient));
        let journal = journal.await.expect("the journal");
        let tenant = TenantId::parse(tenant).expect("a tenant");
        let stream = StreamId::new(tenant.clone(), StreamKind::Invoice, invoice);
        let events = journal.read_stream(&stream, 0, EVENTS_MAX).await;
        let mut commands: Vec<(Metadata, Vec<NewEvent>)> = Vec::new();
        for event in events.expect("the draft") {
            let metadata = event.metadata().expect("metadata");
            match commands.last_mut() {
                Some((known, events)) if known.command_id == metadata.command_id => {
                    events.push(written(event));
                }
                _ => commands.push((metadata, vec![written(event)])),
            }
        }
        Self {
            journal: Arc::new(journal),
            ambient,
            tenant,
            commands: Arc::new(commands),
        }
    }

    /// Appends so many events a second, until time is up.
    pub(crate) async fn write(&self, events_per_second: u64, time: Duration) {
        let until = Instant::now() + time;
        let events: usize = self.commands.iter().map(|(_, events)| events.len()).sum();
        let (events, commands) = (amount(events), amount(self.commands.len()));
        let commands_per_hundred_seconds = events_per_second * 100 * commands / events;
        let pause = 100_000_000 * COPIES_AT_ONCE / commands_per_hundred_seconds;
        let mut copiers = JoinSet::new();
        for _ in 0..COPIES_AT_ONCE {
            let copies = self.clone();
            copiers.spawn(async move {
                copies.copy(Duration::from_micros(pause), until).await;
            });
        }
        copiers.join_all().await;
    }

    async fn copy(&self, pause: Duration, until: Instant) {
        let mut ticks = interval(pause);
        // What is missed is made up for: the rate is what is wanted.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            let key = self.ambient.new_id();
            let stream = StreamId::new(self.tenant.clone(), StreamKind::Invoice, key);
            let mut version = 0;
            for (metadata, events) in self.commands.iter() {
                ticks.tick().await;
                if Instant::now() >= until {
                    return;
                }
                let append = self.append(&stream, version, metadata, events);
                self.journal.append(append).await.expect("an append");
                version += amount(events.len());
            }
        }
    }

    fn append(
        &self,
        stream: &StreamId,
        version: u64,
        metadata: &Metadata,
        events: &[NewEvent],
    ) -> Append {
        let id = CommandId(self.ambient.new_id());
        Append {
            stream: stream.clone(),
            expected_version: version,
            events: AppendEvents::Ready(events.to_vec()),
            command: CommandStamp {
                id,
                fingerprint: [7; 32],
            },
            metadata: Metadata {
                command_id: id,
                ..metadata.clone()
            },
            claims: Vec::new(),
            guards: Vec::new(),
        }
    }
}

fn written(event: RecordedEvent) -> NewEvent {
    NewEvent {
        event_type: event.event_type,
        schema_version: event.schema_version,
        payload_json: event.payload_json,
    }
}

fn amount(count: usize) -> u64 {
    u64::try_from(count).expect("it is small")
}
