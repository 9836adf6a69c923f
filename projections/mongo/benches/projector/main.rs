//! The projector on MongoDB against one update per event on the same server, in paired rounds.
//!
//! `cargo bench -p invoiceapp-mongo`, with the stack running. The peer folds in memory, reads
//! nothing, keeps no checkpoint, no counters and no register of numbers, and sends for each event one
//! guarded upsert of the document and its index fields: less than it would have to do to be right.
//! Both have the same collections and indexes. A round runs both, the one first in even rounds and the
//! other in odd ones; the figure is the median of the rounds' own ratios.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench: it prints its table, and a part that fails ends it"
)]

mod life;

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use invoiceapp_domain::{Ambient, StreamId};
use invoiceapp_journal::port::{Journal, READ_EVENTS_MAX};
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_mongo::{MongoSettings, MongoViewStore};
use invoiceapp_parts as parts;
use invoiceapp_projections::conformance::history::{CountingAmbient, Invoices};
use invoiceapp_projections::projector::Projector;
use invoiceapp_projections::store::Applied;
use invoiceapp_projections::{Changes, Document, FieldValue, ViewStore, views};
use life::Lives;
use mongodb::bson::{self, Bson, doc};

/// Rounds that are measured; one more before them is thrown away.
const ROUNDS: usize = 3;
/// Events in the journal: more than two batches, so that documents are changed as well as made.
const EVENTS: u64 = 4_500;

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
    let invoices = Invoices::new(Arc::clone(&journal), Arc::clone(&ambient));
    let mut lives = Lives::new(&invoices, &*ambient);
    for _ in 0..EVENTS {
        lives.step().await;
    }
    assert_eq!(journal.head().await.expect("head").position, EVENTS);
    println!("{EVENTS} events of {} invoices", lives.begun);
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

/// An empty database with its collections and indexes, which the first write makes once in its life.
async fn store(settings: &MongoSettings) -> Arc<MongoViewStore> {
    let store = MongoViewStore::new(settings, &CountingAmbient::default()).await;
    let store = Arc::new(store.expect("a store"));
    let nothing = store.apply(0, 0, Changes::default()).await;
    assert!(matches!(nothing, Ok(Applied::Committed)));
    store
}

/// Ours, to the journal's head.
async fn batched(journal: &Arc<dyn Journal>) -> Duration {
    let store = store(&settings()).await;
    let (projector, _) = Projector::new(Arc::clone(journal), store.clone());
    let started = Instant::now();
    projector.catch_up().await.expect("caught up");
    let elapsed = started.elapsed();
    store.drop_everything().await.expect("dropped");
    elapsed
}

/// The peer: one guarded upsert per event.
async fn one_by_one(journal: &Arc<dyn Journal>) -> Duration {
    let settings = settings();
    let store = store(&settings).await;
    let client = mongodb::Client::with_uri_str(parts::mongodb_url()).await;
    let database = client
        .expect("a client")
        .database(&settings.database_name());
    let collection = database.collection::<bson::Document>("invoice");
    let mut folded: HashMap<StreamId, Document> = HashMap::new();
    let mut position = 0;
    let started = Instant::now();
    loop {
        let events = journal.read_all(position, READ_EVENTS_MAX).await;
        let events = events.expect("events");
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
            let set = doc! { "$set": fields(&document) };
            let update = collection.update_one(guard, set).upsert(true);
            update.await.expect("updated");
            folded.insert(stream, document);
        }
    }
    let elapsed = started.elapsed();
    store.drop_everything().await.expect("dropped");
    elapsed
}

/// A document as the peer writes it.
fn fields(document: &Document) -> bson::Document {
    let signed = |number: u64| i64::try_from(number).expect("fits");
    let mut fields = doc! {
        "tenant": document.stream.tenant.as_str(),
        "key": &document.stream.key,
        "version": signed(document.version),
        "position": signed(document.position),
        "created": signed(document.created_position),
        "json": &document.json,
    };
    let names = views::fields_of(document.kind()).iter();
    for (name, value) in names.zip(&document.fields) {
        let value = match value {
            FieldValue::Text(text) => Bson::String(text.clone()),
            FieldValue::Integer(number) => Bson::Int64(*number),
            FieldValue::Absent => continue,
        };
        fields.insert(format!("f_{name}"), value);
    }
    fields
}
