//! Loading an invoice by how long its stream is.

use std::sync::Arc;
use std::time::Instant;

use invoiceapp_domain::{Ambient, Decider, STATE_HASH};
use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::execute::{CommandExecutor, SNAPSHOT_EVERY_EVENTS};
use invoiceapp_journal::port::{Append, AppendEvents, Journal, Snapshot};
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_schemas::{CommandId, CommandStamp, Metadata, encode};

use crate::contender::directory;
use crate::invoice::{BenchCommand, BenchInvoice, LINES, context, stream};
use crate::rounds::{Series, report};

/// Rounds that are measured; one more before them is thrown away.
const ROUNDS: usize = 15;
/// Loads of a round, of which the mean is taken.
const LOADS: u32 = 50;
/// Cold loads of a round.
const COLD_LOADS: u32 = 3;
/// Events of a short and of a long stream.
const SHORT: u64 = 10;
const LONG: u64 = 10_000;
/// Events of one append while the streams are made.
const APPEND_EVENTS: u64 = 500;

pub(crate) async fn measure() {
    let directory = directory();
    let options = SqliteOptions::new(directory.path().join("journal.db"));
    let ambient = SteppingAmbient::new(3);
    let clock: Arc<dyn Ambient> = Arc::<SteppingAmbient>::clone(&ambient);
    let journal = SqliteJournal::open(options, clock)
        .await
        .expect("a journal");
    let journal: Arc<dyn Journal> = Arc::new(journal);
    let worst = LONG + SNAPSHOT_EVERY_EVENTS - 1;
    for (key, events) in [
        ("short", SHORT),
        ("long", LONG),
        ("worst", worst),
        ("cold", LONG),
    ] {
        write(&journal, &ambient, key, events).await;
    }
    for key in ["long", "worst"] {
        keep_snapshot(&journal, key).await;
    }
    let cold = journal.snapshot(&stream("cold")).await;
    assert_eq!(cold.expect("a readable journal"), None);
    let mut times = [
        Series::new("10 events"),
        Series::new("10,000 events, snapshot at the last"),
        Series::new("the longest tail behind the 10,000th's snapshot"),
        Series::new("10,000 events, no snapshot, all folded"),
    ];
    for round in 0..=ROUNDS {
        for (series, key) in times.iter_mut().zip(["short", "long", "worst", "cold"]) {
            let loads = if key == "cold" { COLD_LOADS } else { LOADS };
            let micros = load(&journal, key, loads).await;
            if round > 0 {
                series.push(micros);
            }
        }
    }
    let [short, long, worst, cold] = &times;
    println!("\nload, microseconds, {ROUNDS} rounds of {LOADS} (cold {COLD_LOADS})");
    report(
        &times,
        &[
            ("10,000 to 10 events (at most 1.5)", long, short),
            (
                "10,000 and the longest tail to 10 (at most 1.5)",
                worst,
                short,
            ),
            ("10,000 without snapshot to 10 (at most 60 ms)", cold, short),
        ],
    );
}

/// Microseconds per load by an executor that remembers nothing.
async fn load(journal: &Arc<dyn Journal>, key: &str, loads: u32) -> u64 {
    let mut spent = std::time::Duration::ZERO;
    let is_cold = key == "cold";
    for _ in 0..loads {
        let executor = CommandExecutor::new(Arc::clone(journal));
        let start = Instant::now();
        let version = if is_cold {
            // By version, because a load of the present would leave a snapshot behind.
            let loaded = executor
                .load_at_version::<BenchInvoice>(&stream(key), LONG)
                .await;
            loaded.expect("a readable stream").version
        } else {
            let loaded = executor.load::<BenchInvoice>(&stream(key)).await;
            loaded
                .expect("a readable stream")
                .expect("a stream")
                .version
        };
        spent += start.elapsed();
        assert!(version >= SHORT);
    }
    u64::try_from((spent / loads).as_micros()).unwrap_or(u64::MAX)
}

async fn write(journal: &Arc<dyn Journal>, ambient: &SteppingAmbient, key: &str, events: u64) {
    let draft = BenchInvoice::default().decide(&BenchCommand::Draft, &context());
    let mut state = BenchInvoice::default();
    let mut pending = draft.expect("a draft").events;
    state.evolve(&pending[0]);
    let mut version = 0;
    for n in 1..=events {
        if n % APPEND_EVENTS == 0 || n == events {
            append(journal, ambient, key, version, &pending).await;
            version += u64::try_from(pending.len()).unwrap_or(0);
            pending.clear();
        }
        if n < events {
            let command = BenchCommand::ChangeLine {
                index: n % LINES,
                quantity: n,
            };
            let decision = state.decide(&command, &context()).expect("a change");
            state.evolve(&decision.events[0]);
            pending.extend(decision.events);
        }
    }
    assert_eq!(version, events);
}

async fn append(
    journal: &Arc<dyn Journal>,
    ambient: &SteppingAmbient,
    key: &str,
    expected_version: u64,
    events: &[<BenchInvoice as Decider>::Event],
) {
    let command = CommandStamp {
        id: CommandId(ambient.new_id()),
        fingerprint: [7; 32],
    };
    let events = events
        .iter()
        .map(|event| encode(event).expect("an event"))
        .collect();
    let append = Append {
        stream: stream(key),
        expected_version,
        events: AppendEvents::Ready(events),
        command,
        metadata: Metadata {
            actor: context().actor,
            command_id: command.id,
            correlation_id: ambient.new_id(),
            causation_id: None,
            traceparent: None,
            claims: Vec::new(),
            number: None,
        },
        claims: Vec::new(),
        guards: Vec::new(),
    };
    journal.append(append).await.expect("an append");
}

/// The snapshot that the executor saves in the background, made at once.
async fn keep_snapshot(journal: &Arc<dyn Journal>, key: &str) {
    let executor = CommandExecutor::new(Arc::clone(journal));
    let loaded = executor
        .load_at_version::<BenchInvoice>(&stream(key), LONG)
        .await;
    let loaded = loaded.expect("a stream of that length");
    let state_json = serde_json::to_string(&loaded).expect("a state");
    let state_hash = STATE_HASH.to_owned();
    let snapshot = Snapshot {
        version: LONG,
        state_hash,
        state_json,
    };
    journal
        .save_snapshot(&stream(key), snapshot)
        .await
        .expect("a snapshot");
}
