//! Our side: each contender drafts invoices, every one a fresh stream with one event of some 200
//! bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use invoiceapp_domain::{Ambient, Decider};
use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::execute::{CommandExecutor, Execution};
use invoiceapp_journal::port::{Append, AppendEvents, Journal};
use invoiceapp_journal::postgres::{PostgresJournal, PostgresOptions};
use invoiceapp_journal::verify::verify;
use invoiceapp_schemas::{CommandId, CommandStamp, Metadata, NewEvent, encode};

use crate::invoice::{BenchCommand, BenchInvoice, context, stream};
use crate::place::Place;

/// Something that drafts invoices.
pub(crate) trait Contender: Clone + Send + Sync + 'static {
    fn draft(&self) -> impl Future<Output = bool> + Send;
}

/// Commands per second with so many under way.
pub(crate) async fn run<C: Contender>(contender: &C, in_flight: usize, slice: Duration) -> u64 {
    let count = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let tasks = (0..in_flight).map(|_| {
        let (contender, count) = (contender.clone(), Arc::clone(&count));
        tokio::spawn(async move {
            while start.elapsed() < slice {
                if contender.draft().await {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
    });
    join_all(tasks).await;
    let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
    count.load(Ordering::Relaxed) * 1_000_000 / micros.max(1)
}

pub(crate) async fn journal(place: &Place, ambient: &Arc<SteppingAmbient>) -> PostgresJournal {
    let ambient: Arc<dyn Ambient> = Arc::<SteppingAmbient>::clone(ambient);
    let options = PostgresOptions::new(place.url().into());
    let journal = PostgresJournal::open(options, ambient).await;
    journal.expect("a journal")
}

async fn verify_and_say(journal: &dyn Journal) {
    let verification = verify(journal, |_, _| ()).await;
    let verification = verification.expect("a readable journal");
    assert_eq!(verification.fault, None);
    println!(
        "verified: {} events in {} streams",
        verification.events, verification.streams
    );
}

fn stamp(ambient: &SteppingAmbient) -> CommandStamp {
    CommandStamp {
        id: CommandId(ambient.new_id()),
        fingerprint: [7; 32],
    }
}

/// The whole of a command: decide, append, fold, answer.
#[derive(Clone)]
pub(crate) struct Ours {
    executor: CommandExecutor,
    journal: PostgresJournal,
    ambient: Arc<SteppingAmbient>,
}

impl Ours {
    pub(crate) async fn open(place: &Place) -> Self {
        let ambient = SteppingAmbient::new(1);
        let journal = journal(place, &ambient).await;
        Self {
            executor: CommandExecutor::new(Arc::new(journal.clone())),
            journal,
            ambient,
        }
    }

    /// What was measured is whole.
    pub(crate) async fn verify(&self) {
        verify_and_say(&self.journal).await;
    }

    pub(crate) async fn close(&self) {
        self.journal.close().await;
    }
}

impl Contender for Ours {
    async fn draft(&self) -> bool {
        let stream = stream(self.ambient.new_id());
        let correlation = self.ambient.new_id();
        let execution = Execution::new(stream, stamp(&self.ambient), context(), correlation);
        let execution = execution.of_a_new_stream();
        self.executor
            .execute::<BenchInvoice>(execution, BenchCommand::Draft)
            .await
            .is_ok()
    }
}

/// An append of events that are there already.
pub(crate) fn append_of(
    key: impl std::fmt::Display,
    expected_version: u64,
    events: Vec<NewEvent>,
    ambient: &SteppingAmbient,
) -> Append {
    let command = stamp(ambient);
    Append {
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
    }
}

/// The port alone, with one writer or with several that know nothing of each other. Each clone is a
/// client that keeps to one writer, as a connection to a process does.
pub(crate) struct Port {
    writers: Arc<Vec<PostgresJournal>>,
    /// Commands that each of them has committed.
    shares: Arc<Vec<AtomicU64>>,
    writer: usize,
    clients: Arc<AtomicUsize>,
    ambient: Arc<SteppingAmbient>,
}

impl Clone for Port {
    fn clone(&self) -> Self {
        Self {
            writers: Arc::clone(&self.writers),
            shares: Arc::clone(&self.shares),
            writer: self.clients.fetch_add(1, Ordering::Relaxed) % self.writers.len(),
            clients: Arc::clone(&self.clients),
            ambient: Arc::clone(&self.ambient),
        }
    }
}

impl Port {
    pub(crate) async fn open(place: &Place, writers: usize) -> Self {
        let ambient = SteppingAmbient::new(1);
        let mut journals = Vec::with_capacity(writers);
        for _ in 0..writers {
            journals.push(journal(place, &ambient).await);
        }
        Self {
            writers: Arc::new(journals),
            shares: Arc::new((0..writers).map(|_| AtomicU64::new(0)).collect()),
            writer: 0,
            clients: Arc::default(),
            ambient,
        }
    }

    pub(crate) async fn verify(&self) {
        verify_and_say(&self.writers[0]).await;
        let shares = self
            .shares
            .iter()
            .map(|share| share.load(Ordering::Relaxed));
        println!("committed by each writer: {:?}", shares.collect::<Vec<_>>());
    }

    pub(crate) async fn close(&self) {
        for journal in self.writers.iter() {
            journal.close().await;
        }
    }
}

impl Contender for Port {
    async fn draft(&self) -> bool {
        let decision = BenchInvoice::default().decide(&BenchCommand::Draft, &context());
        let event = encode(&decision.expect("a draft").events[0]).expect("an event");
        let append = append_of(self.ambient.new_id(), 0, vec![event], &self.ambient);
        let is_committed = self.writers[self.writer].append(append).await.is_ok();
        self.shares[self.writer].fetch_add(u64::from(is_committed), Ordering::Relaxed);
        is_committed
    }
}
