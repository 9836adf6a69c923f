//! The peers: cqrs-es over postgres-es as they come, and pgbench with the same row.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::CqrsFramework;
use cqrs_es::persist::PersistedEventStore;
use invoiceapp_domain::{Ambient, Root};
use invoiceapp_journal::conformance::SteppingAmbient;
use postgres_es::PostgresEventRepository;
use sqlx::Executor;
use sqlx::postgres::PgPoolOptions;
use tempfile::NamedTempFile;

use crate::contender::Contender;
use crate::invoice::{BenchCommand, BenchInvoice, services, stream};
use crate::place::Place;

/// The events table as postgres-es wants it, under a name.
pub(crate) fn raw_table(name: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {name} (
            aggregate_type text NOT NULL, aggregate_id text NOT NULL,
            sequence bigint CHECK (sequence >= 0) NOT NULL, event_type text NOT NULL,
            event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
            PRIMARY KEY (aggregate_type, aggregate_id, sequence)
        )"
    )
}

type RawStore = PersistedEventStore<PostgresEventRepository, Root<BenchInvoice>>;

#[derive(Clone)]
pub(crate) struct Raw {
    pub(crate) pool: u32,
    framework: Arc<CqrsFramework<Root<BenchInvoice>, RawStore>>,
    ambient: Arc<SteppingAmbient>,
}

impl Raw {
    pub(crate) async fn open(place: &Place, pool: u32) -> Self {
        let table = raw_table("events");
        let created = place.connect().await.execute(table.as_str()).await;
        created.expect("the table");
        let connections = PgPoolOptions::new()
            .max_connections(pool)
            .connect(&place.url())
            .await
            .expect("a pool");
        let framework = postgres_es::postgres_cqrs(connections, Vec::new(), services());
        Self {
            pool,
            framework: Arc::new(framework),
            // Identities of pools that write into one table must not meet.
            ambient: SteppingAmbient::new(u16::try_from(pool).unwrap_or(u16::MAX)),
        }
    }
}

impl Contender for Raw {
    async fn draft(&self) -> bool {
        let id = stream(self.ambient.new_id()).aggregate_id();
        let drafted = self.framework.execute(&id, BenchCommand::Draft).await;
        drafted.is_ok()
    }
}

/// One row per transaction, of the same size, in the same table, with nothing decided or read.
const PGBENCH_SCRIPT: &str = r#"\set high random(1, 9223372036854775807)
\set low random(1, 9223372036854775807)
INSERT INTO events VALUES ('invoice', 'default:' || :high || '-' || :low, 1, 'Drafted', '1', '{"Drafted":{"buyer":"Example Trading Company Limited, 12 Long Street, Sometown","currency":"EUR","note":"as agreed on the telephone, to be delivered before noon","delivery_date":"2026-01-01"}}', '{}');
"#;

pub(crate) struct PgBench {
    script: NamedTempFile,
    url: String,
}

impl PgBench {
    pub(crate) async fn prepare(place: &Place) -> Self {
        let table = raw_table("events");
        let created = place.connect().await.execute(table.as_str()).await;
        created.expect("the table");
        let script = NamedTempFile::new().expect("a file for the script");
        std::fs::write(script.path(), PGBENCH_SCRIPT).expect("the script");
        let url = place.url();
        Self { script, url }
    }

    /// Transactions per second, as it says itself.
    pub(crate) fn run(&self, clients: usize, slice: Duration) -> u64 {
        let output = Command::new("pgbench")
            .args(["--no-vacuum", "--protocol=prepared"])
            .args(["--client", &clients.to_string()])
            .args(["--jobs", &clients.min(2).to_string()])
            .args(["--time", &slice.as_secs().to_string()])
            .arg("--file")
            .arg(self.script.path())
            .arg(&self.url)
            .output()
            .expect("pgbench");
        let text = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let whole = line.and_then(|line| line.split_once('.'));
        let rate = whole.and_then(|(whole, _)| whole.parse().ok());
        // On a busy machine, that can be all.
        let is_nothing = text.contains("actually processed: 0\n");
        rate.or(is_nothing.then_some(0))
            .unwrap_or_else(|| unreachable!("pgbench says: {text} {error}"))
    }
}
