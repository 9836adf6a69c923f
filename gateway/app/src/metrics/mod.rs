//! What a process shows of itself on `/metrics` and sends over OTLP: what its parts count, and what is
//! asked for when somebody looks.
//!
//! | module | what |
//! |---|---|
//! | `asked` | metrics whose values are asked for at the moment they are gathered |
//! | `readings` | lags, jobs and parked keys, from the newest reading |
//! | `writer` | the journal's writer and the executor |
//! | `machine` | the health board, pools, the disk |
//! | `verify` | the chain, recomputed slowly in the background |

mod asked;
mod machine;
mod readings;
mod verify;
mod writer;

pub(crate) use machine::Pool;
pub(crate) use verify::verify_slowly;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use invoiceapp_http::health::Health;
use invoiceapp_http::metrics::HttpMetrics;
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_journal::writer::observe::WriterStats;
use prometheus::Registry;
use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use tokio::sync::watch;

use crate::reading::Reading;

/// The metrics of this process; cheap to clone.
#[derive(Clone)]
pub(crate) struct ProcessMetrics {
    registry: Registry,
    http: HttpMetrics,
}

/// What the journal's writer is watched by.
pub(crate) struct WatchedWriter {
    pub(crate) head: watch::Receiver<u64>,
    pub(crate) stats: Arc<WriterStats>,
    pub(crate) executor: CommandExecutor,
}

impl ProcessMetrics {
    /// The metrics that every process has. `role` is what this one is.
    ///
    /// # Errors
    /// When two metrics have one name.
    pub(crate) fn new(role: &str, health: &Health) -> anyhow::Result<Self> {
        let registry = Registry::new();
        let http = HttpMetrics::register(&registry).context("metrics cannot be registered")?;
        invoiceapp_observe::metrics::register(&registry).context("metrics cannot be registered")?;
        let metrics = Self { registry, http };
        metrics.add(Box::new(ProcessCollector::for_self()))?;
        metrics.add(machine::build(role.to_owned()))?;
        metrics.add(machine::parts(health.clone()))?;
        Ok(metrics)
    }

    /// What serves and sends them.
    pub(crate) fn registry(&self) -> Registry {
        self.registry.clone()
    }

    /// What every service counts.
    pub(crate) fn http(&self) -> HttpMetrics {
        self.http.clone()
    }

    /// Shows the writer of the journal.
    pub(crate) fn watch_writer(&self, writer: WatchedWriter) -> anyhow::Result<()> {
        self.add(writer::collector(writer))
    }

    /// Shows the newest reading.
    pub(crate) fn watch_readings(
        &self,
        newest: watch::Receiver<Option<Arc<Reading>>>,
    ) -> anyhow::Result<()> {
        self.add(readings::collector(newest))
    }

    /// Shows how much room is left where the data is.
    pub(crate) fn watch_data_dir(&self, path: PathBuf) -> anyhow::Result<()> {
        self.add(machine::disk(path))
    }

    /// Shows the connections of pools: their name, and how many are used and idle.
    pub(crate) fn watch_pools(&self, pools: Vec<(&'static str, Pool)>) -> anyhow::Result<()> {
        self.add(machine::pools(pools))
    }

    fn add(&self, collector: Box<dyn Collector>) -> anyhow::Result<()> {
        self.registry
            .register(collector)
            .context("metrics cannot be registered")
    }
}
