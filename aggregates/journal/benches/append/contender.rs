//! The contenders: each drafts invoices, every one a fresh stream with one event of some 200 bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cqrs_es::CqrsFramework;
use cqrs_es::persist::PersistedEventStore;
use futures::future::join_all;
use invoiceapp_domain::{Ambient, Decider, Root};
use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::execute::{CommandExecutor, Execution};
use invoiceapp_journal::port::{Append, AppendEvents, Journal};
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_journal::verify::verify;
use invoiceapp_journal::writer::observe::WriterStats;
use invoiceapp_schemas::{CommandId, CommandStamp, Metadata, encode};
use sqlite_es::SqliteEventRepository;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tempfile::TempDir;

use crate::invoice::{BenchCommand, BenchInvoice, context, services, stream};

/// The tables as sqlite-es wants them.
const RAW_TABLES: &str = "\
CREATE TABLE events (
    aggregate_type text NOT NULL, aggregate_id text NOT NULL,
    sequence integer CHECK (sequence >= 0) NOT NULL, event_type text NOT NULL,
    event_version text NOT NULL, payload text NOT NULL, metadata text NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
) STRICT";
/// As long as ours waits.
const RAW_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) fn directory() -> TempDir {
    // Beside the build, on a real disk: a file system in memory flushes nothing.
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory for the bench")
}

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

async fn journal(directory: &TempDir, ambient: &Arc<SteppingAmbient>) -> SqliteJournal {
    let options = SqliteOptions::new(directory.path().join("journal.db"));
    let ambient: Arc<dyn Ambient> = Arc::<SteppingAmbient>::clone(ambient);
    SqliteJournal::open(options, ambient)
        .await
        .expect("a journal")
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
    stats: Arc<WriterStats>,
    ambient: Arc<SteppingAmbient>,
    _directory: Arc<TempDir>,
}

impl Ours {
    pub(crate) async fn open() -> Self {
        let (directory, ambient) = (Arc::new(directory()), SteppingAmbient::new(1));
        let journal = journal(&directory, &ambient).await;
        let stats = journal.writer_stats();
        let executor = CommandExecutor::new(Arc::new(journal));
        Self {
            executor,
            stats,
            ambient,
            _directory: directory,
        }
    }

    /// How large the batches were, and how long they took.
    pub(crate) fn say_batches(&self) {
        let figures = self.stats.figures();
        let (sizes, micros) = (figures.batch_commands, figures.commit_micros);
        println!(
            "{} batches of {} commands and {} microseconds on average; sizes up to: {:?}",
            sizes.count,
            sizes.sum / sizes.count.max(1),
            micros.sum / micros.count.max(1),
            sizes.buckets
        );
    }

    /// What was measured is whole.
    pub(crate) async fn verify(&self) {
        let verification = verify(self.executor.journal().as_ref(), |_, _| ()).await;
        let verification = verification.expect("a readable journal");
        assert_eq!(verification.fault, None);
        println!(
            "verified: {} events in {} streams",
            verification.events, verification.streams
        );
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

/// The port alone: the event is there already.
#[derive(Clone)]
pub(crate) struct Port {
    journal: Arc<SqliteJournal>,
    ambient: Arc<SteppingAmbient>,
    _directory: Arc<TempDir>,
}

impl Port {
    pub(crate) async fn open() -> Self {
        let (directory, ambient) = (Arc::new(directory()), SteppingAmbient::new(1));
        let journal = Arc::new(journal(&directory, &ambient).await);
        Self {
            journal,
            ambient,
            _directory: directory,
        }
    }
}

impl Contender for Port {
    async fn draft(&self) -> bool {
        let decision = BenchInvoice::default().decide(&BenchCommand::Draft, &context());
        let event = encode(&decision.expect("a draft").events[0]).expect("an event");
        let command = stamp(&self.ambient);
        let append = Append {
            stream: stream(self.ambient.new_id()),
            expected_version: 0,
            events: AppendEvents::Ready(vec![event]),
            command,
            metadata: Metadata {
                actor: context().actor,
                command_id: command.id,
                correlation_id: self.ambient.new_id(),
                causation_id: None,
                traceparent: None,
                claims: Vec::new(),
                number: None,
            },
            claims: Vec::new(),
            guards: Vec::new(),
        };
        self.journal.append(append).await.is_ok()
    }
}

type RawStore = PersistedEventStore<SqliteEventRepository, Root<BenchInvoice>>;

/// cqrs-es over sqlite-es, as they come, but as durable as ours.
#[derive(Clone)]
pub(crate) struct Raw {
    pub(crate) pool: u32,
    framework: Arc<CqrsFramework<Root<BenchInvoice>, RawStore>>,
    ambient: Arc<SteppingAmbient>,
    _directory: Arc<TempDir>,
}

impl Raw {
    pub(crate) async fn open(pool: u32) -> Self {
        let directory = directory();
        let options = SqliteConnectOptions::new()
            .filename(directory.path().join("raw.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(RAW_BUSY_TIMEOUT);
        let connections = SqlitePoolOptions::new()
            .max_connections(pool)
            .connect_with(options)
            .await;
        let connections = connections.expect("a pool");
        sqlx::query(RAW_TABLES)
            .execute(&connections)
            .await
            .expect("the tables");
        let framework = sqlite_es::sqlite_cqrs(connections, Vec::new(), services());
        let ambient = SteppingAmbient::new(2);
        Self {
            pool,
            framework: Arc::new(framework),
            ambient,
            _directory: Arc::new(directory),
        }
    }
}

impl Contender for Raw {
    async fn draft(&self) -> bool {
        let id = stream(self.ambient.new_id()).aggregate_id();
        self.framework
            .execute(&id, BenchCommand::Draft)
            .await
            .is_ok()
    }
}
