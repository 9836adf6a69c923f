//! Loading an invoice by how long its stream is, against a raw replay; and the read alone, which is
//! what ADR 7 stands on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cqrs_es::EventStore;
use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore};
use invoiceapp_domain::{Decider, Root, STATE_HASH};
use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_journal::port::{Journal, READ_EVENTS_MAX, Snapshot, is_last_page};
use invoiceapp_journal::postgres::PostgresJournal;
use invoiceapp_schemas::encode;
use postgres_es::PostgresEventRepository;
use sqlx::{Executor, PgPool};

use crate::Plan;
use crate::contender::{append_of, journal};
use crate::invoice::{BenchCommand, BenchInvoice, LINES, context, stream};
use crate::peers::raw_table;
use crate::place::Place;
use crate::rounds::{Series, report};

const SHORT: u64 = 10;
const LONG: u64 = 1_000;
const VERY_LONG: u64 = 10_000;
/// Events of one append while the streams are made.
const APPEND_EVENTS: u64 = 500;
/// Loads of a round, of which the mean is taken.
const LOADS: u32 = 5;

/// The same events, to be had in each way.
struct Shelf {
    journal: PostgresJournal,
    raw: PersistedEventStore<PostgresEventRepository, Root<BenchInvoice>>,
    /// postgres-es's repository on our own table.
    repository: PostgresEventRepository,
}

#[derive(Clone, Copy)]
enum Way {
    Snapshot,
    Replay,
    Raw,
    Read,
    RepositoryRead,
}

const ROWS: [(Way, u64, &str); 10] = [
    (Way::Snapshot, SHORT, "10 events, ours"),
    (Way::Raw, SHORT, "10 events, raw replay"),
    (Way::Snapshot, LONG, "1,000 events, ours, snapshot"),
    (Way::Replay, LONG, "1,000 events, ours, no snapshot"),
    (Way::Raw, LONG, "1,000 events, raw replay"),
    (Way::Snapshot, VERY_LONG, "10,000 events, ours, snapshot"),
    (Way::Replay, VERY_LONG, "10,000 events, ours, no snapshot"),
    (Way::Raw, VERY_LONG, "10,000 events, raw replay"),
    (Way::Read, VERY_LONG, "10,000 events, our read alone"),
    (
        Way::RepositoryRead,
        VERY_LONG,
        "10,000 events, postgres-es's read alone",
    ),
];

/// By the places of the rows.
const RATIOS: [(&str, usize, usize); 6] = [
    ("10 events: raw to ours", 1, 0),
    ("1,000 events: raw to ours", 4, 2),
    ("1,000 events: raw to ours without snapshot", 4, 3),
    ("10,000 events: raw to ours", 7, 5),
    ("10,000 events: raw to ours without snapshot", 7, 6),
    ("10,000 events: postgres-es's read to ours", 9, 8),
];

pub(crate) async fn measure(plan: Plan) {
    let place = Place::new("load").await;
    let shelf = Shelf::fill(&place).await;
    let mut times = ROWS.map(|(_, _, name)| Series::new(name));
    for round in 0..=plan.rounds {
        for ((way, events, _), series) in ROWS.iter().zip(&mut times) {
            let micros = shelf.load(*way, *events).await;
            if round > 0 {
                series.push(micros);
            }
        }
    }
    println!("\nload, microseconds, {} rounds of {LOADS}", plan.rounds);
    let ratios = RATIOS.map(|(name, of, to)| (name, &times[of], &times[to]));
    report(&times, &ratios);
    shelf.journal.close().await;
    place.remove().await;
}

impl Shelf {
    async fn fill(place: &Place) -> Self {
        let ambient = SteppingAmbient::new(3);
        let journal = journal(place, &ambient).await;
        for events in [SHORT, LONG, VERY_LONG] {
            write(&journal, &ambient, events).await;
        }
        let copy = format!(
            "{}; INSERT INTO raw_events SELECT aggregate_type, aggregate_id, sequence, event_type, \
             event_version, payload, '{{}}' FROM events; ANALYZE",
            raw_table("raw_events")
        );
        let copied = place.connect().await.execute(copy.as_str()).await;
        copied.expect("a copy in the peer's own table");
        let pool = PgPool::connect(&place.url()).await.expect("a pool");
        let raw = PostgresEventRepository::new(pool.clone()).with_tables("raw_events", "none");
        Self {
            journal,
            raw: PersistedEventStore::new_event_store(raw),
            repository: PostgresEventRepository::new(pool),
        }
    }

    /// Microseconds per load, with nothing remembered.
    async fn load(&self, way: Way, events: u64) -> u64 {
        let mut spent = Duration::ZERO;
        for _ in 0..LOADS {
            let start = Instant::now();
            let found = self.load_once(way, events).await;
            spent += start.elapsed();
            assert!(found.is_none_or(|found| found == events));
        }
        u64::try_from((spent / LOADS).as_micros()).unwrap_or(u64::MAX)
    }

    /// How many events were found, where the way tells.
    async fn load_once(&self, way: Way, events: u64) -> Option<u64> {
        let id = stream(events);
        match way {
            Way::Snapshot => {
                let executor = CommandExecutor::new(Arc::new(self.journal.clone()));
                let loaded = executor.load::<BenchInvoice>(&id).await;
                loaded.expect("a load").map(|loaded| loaded.version)
            }
            Way::Replay => {
                // By version, because a load of the present would stand on the snapshot.
                let executor = CommandExecutor::new(Arc::new(self.journal.clone()));
                let loaded = executor
                    .load_at_version::<BenchInvoice>(&id, events - 1)
                    .await;
                Some(loaded.expect("a load").version + 1)
            }
            Way::Raw => {
                let loaded = self.raw.load_aggregate(&id.aggregate_id()).await;
                let found = loaded.expect("a load").current_sequence;
                u64::try_from(found).ok()
            }
            Way::Read => Some(self.read(events).await),
            Way::RepositoryRead => {
                let read = self
                    .repository
                    .get_events::<Root<BenchInvoice>>(&id.aggregate_id())
                    .await;
                u64::try_from(read.expect("a read").len()).ok()
            }
        }
    }

    async fn read(&self, events: u64) -> u64 {
        let (id, mut version) = (stream(events), 0);
        loop {
            let page = self.journal.read_stream(&id, version, READ_EVENTS_MAX);
            let page = page.await.expect("a page");
            version = page.last().map_or(version, |event| event.version);
            if is_last_page(&page, READ_EVENTS_MAX) {
                return version;
            }
        }
    }
}

/// A stream of so many events, with its snapshot at the last.
async fn write(journal: &PostgresJournal, ambient: &SteppingAmbient, events: u64) {
    let draft = BenchInvoice::default().decide(&BenchCommand::Draft, &context());
    let mut state = BenchInvoice::default();
    let mut pending = draft.expect("a draft").events;
    state.evolve(&pending[0]);
    let mut version = 0;
    for n in 1..=events {
        if n % APPEND_EVENTS == 0 || n == events {
            let texts = pending.iter().map(|event| encode(event).expect("an event"));
            let append = append_of(events, version, texts.collect(), ambient);
            version = journal.append(append).await.expect("an append").version;
            pending.clear();
        }
        if n < events {
            let (index, quantity) = (n % LINES, n);
            let command = BenchCommand::ChangeLine { index, quantity };
            let decision = state.decide(&command, &context()).expect("a change");
            state.evolve(&decision.events[0]);
            pending.extend(decision.events);
        }
    }
    assert_eq!(version, events);
    let executor = CommandExecutor::new(Arc::new(journal.clone()));
    let id = stream(events);
    let loaded = executor.load_at_version::<BenchInvoice>(&id, events).await;
    let loaded = loaded.expect("a stream of that length");
    let snapshot = Snapshot {
        version,
        state_hash: STATE_HASH.to_owned(),
        state_json: serde_json::to_string(&loaded).expect("a state"),
    };
    let saved = journal.save_snapshot(&id, snapshot).await;
    saved.expect("a snapshot");
}
