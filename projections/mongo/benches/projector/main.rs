//! The projector on MongoDB against one update per event on the same server, in paired rounds.
//!
//! `cargo bench -p invoiceapp-mongo`, with the stack running. The peer folds in memory, reads
//! nothing, keeps no checkpoint, and sends for each event one guarded upsert of the plain document:
//! less than it would have to do to be right. A round runs both, the one first in even rounds and
//! the other in odd ones; the figure is the median of the rounds' own ratios.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench: it prints its table, and a part that fails ends it"
)]

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use invoiceapp_domain::{Ambient, StreamId};
use invoiceapp_journal::port::{Journal, READ_EVENTS_MAX};
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_mongo::{MongoSettings, MongoViewStore};
use invoiceapp_parts as parts;
use invoiceapp_projections::conformance::history::{CountingAmbient, Invoices, Seeded};
use invoiceapp_projections::projector::Projector;
use invoiceapp_projections::store::Applied;
use invoiceapp_projections::{Changes, Document, ViewStore, views};
use mongodb::bson::doc;

/// Rounds that are measured; one more before them is thrown away.
const ROUNDS: usize = 5;
/// Events in the journal.
const EVENTS: u64 = 2_000;

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test` builds and starts benches as well; measuring is not its business.
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(measure());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let ambient: Arc<dyn Ambient> = Arc::new(CountingAmbient::default());
    let options = SqliteOptions::new(folder.path().join("journal.db"));
    let journal = SqliteJournal::open(options, Arc::clone(&ambient)).await;
    let journal: Arc<dyn Journal> = Arc::new(journal.expect("a journal"));
    let invoices = Invoices::new(Arc::clone(&journal), ambient);
    let (mut random, mut streams) = (Seeded::new(1), Vec::new());
    while journal.head().await.expect("head").position < EVENTS {
        invoices.take_a_step(&mut random, &mut streams).await;
    }
    println!("{EVENTS} events of {} invoices", streams.len());
    let mut ratios = Vec::new();
    for round in 0..=ROUNDS {
        let (batched, single) = if round % 2 == 0 {
            let batched = batched(&journal).await;
            (batched, one_by_one(&journal).await)
        } else {
            let single = one_by_one(&journal).await;
            (batched(&journal).await, single)
        };
        println!(
            "  round {round}: projector {:>6} events/s, one update per event {:>6} events/s",
            rate(batched),
            rate(single)
        );
        if round > 0 {
            ratios.push(single.as_micros() * 100 / batched.as_micros().max(1));
        }
    }
    ratios.sort_unstable();
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or(0);
    println!(
        "  median of the ratios: {}.{:02}",
        median / 100,
        median % 100
    );
}

fn rate(time: Duration) -> u128 {
    u128::from(EVENTS) * 1_000_000 / time.as_micros().max(1)
}

fn settings() -> MongoSettings {
    MongoSettings {
        url: parts::mongodb_url().into(),
        database_prefix: parts::unique("bench").chars().take(20).collect(),
    }
}

/// Ours, from a database with its indexes and no document to the journal's head.
async fn batched(journal: &Arc<dyn Journal>) -> Duration {
    let ambient = CountingAmbient::default();
    let store = MongoViewStore::new(&settings(), &ambient).await;
    let store = Arc::new(store.expect("a store"));
    // The first write makes collections and indexes, once in the life of a database.
    let nothing = store.apply(0, 0, Changes::default()).await;
    assert!(matches!(nothing, Ok(Applied::Committed)));
    let (projector, _) = Projector::new(Arc::clone(journal), store.clone());
    let started = Instant::now();
    projector.catch_up().await.expect("caught up");
    let elapsed = started.elapsed();
    store.drop_everything().await.expect("dropped");
    elapsed
}

/// The peer: one guarded upsert per event.
async fn one_by_one(journal: &Arc<dyn Journal>) -> Duration {
    let client = mongodb::Client::with_uri_str(parts::mongodb_url()).await;
    let database = client
        .expect("a client")
        .database(&settings().database_name());
    let collection = database.collection::<mongodb::bson::Document>("invoice");
    let mut folded: HashMap<StreamId, Document> = HashMap::new();
    let mut position = 0;
    let started = Instant::now();
    loop {
        let events = journal
            .read_all(position, READ_EVENTS_MAX)
            .await
            .expect("events");
        if events.is_empty() {
            break;
        }
        for event in events {
            position = event.position;
            let current = folded.get(&event.stream);
            let stream = event.stream.clone();
            let change = views::fold(stream.kind, current, &[event]).expect("a fold");
            let document = change.document;
            let version = i64::try_from(document.version).expect("fits");
            let guard = doc! { "_id": stream.aggregate_id(), "version": { "$lt": version } };
            let set = doc! { "$set": {
                "tenant": stream.tenant.as_str(),
                "key": &stream.key,
                "version": version,
                "json": &document.json,
            } };
            let update = collection.update_one(guard, set).upsert(true);
            update.await.expect("updated");
            folded.insert(stream, document);
        }
    }
    let elapsed = started.elapsed();
    database.drop().await.expect("dropped");
    elapsed
}
