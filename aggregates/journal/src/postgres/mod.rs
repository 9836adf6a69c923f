//! The journal on PostgreSQL 15 and newer: one connection that writes, a bounded pool that reads,
//! and two connections by which processes wake each other.

mod engine;
mod error;
mod open;
mod read;
mod read_only;
mod rows;
mod signals;
mod statements;

use std::sync::Arc;

use invoiceapp_domain::Ambient;
use tokio::sync::watch;

pub use open::{
    CONNECT_TIMEOUT, DEADLINE, OpenError, PostgresOptions, READ_CONNECTIONS, STATEMENT_TIMEOUT,
    STATUS_DEADLINE,
};
pub use read_only::PostgresReadOnly;
pub use signals::{NOTIFY_INTERVAL, POLL_INTERVAL};

use crate::port::{JournalError, JournalStatus};
use crate::sides::{ReadingSide, Sides};
use crate::writer::Writer;
use crate::writer::observe::WriterStats;
use engine::PostgresEngine;
use open::{Settings, migrate};
use read::Reader;
use signals::Signals;

/// A journal in one schema of one database. Any number of processes may have it open: the
/// compare-and-set of the head keeps all of them right.
#[derive(Debug, Clone)]
pub struct PostgresJournal {
    writer: Writer,
    reader: Reader,
    signals: Arc<Signals>,
}

impl PostgresJournal {
    /// Opens or creates the journal, brings its tables up to date, and starts its writer.
    ///
    /// # Errors
    /// [`OpenError`] says whether the server cannot be reached, is no server that a journal can be
    /// trusted to, or holds tables of another version.
    pub async fn open(
        options: PostgresOptions,
        ambient: Arc<dyn Ambient>,
    ) -> Result<Self, OpenError> {
        let settings = Settings::new(&options)?;
        let engine = PostgresEngine::open(&settings).await?;
        migrate(&settings).await?;
        let (known, written) = (watch::Sender::new(0), engine.written());
        let writer = Writer::start_telling(engine, ambient, known.clone())
            .await
            .map_err(OpenError::Head)?;
        Ok(Self {
            writer,
            reader: Reader::new(&settings),
            signals: Arc::new(Signals::start(&settings, known, written)),
        })
    }

    /// Commits what waits, refuses what comes later, and closes the connections.
    pub async fn close(&self) {
        self.writer.close().await;
        self.signals.close().await;
        self.reader.close().await;
    }

    /// How many of the connections that read are used, and how many are idle.
    #[must_use]
    pub fn connections(&self) -> (u64, u64) {
        self.reader.connections()
    }

    /// What the writer counts.
    #[must_use]
    pub fn writer_stats(&self) -> Arc<WriterStats> {
        self.writer.stats()
    }

    /// Facts for an operator. Counts streams, which reads an index from end to end.
    ///
    /// # Errors
    /// [`JournalError`] when unreadable.
    pub async fn status(&self) -> Result<JournalStatus, JournalError> {
        self.reader.status().await
    }
}

impl Sides for PostgresJournal {
    type Reader = Reader;

    fn writer(&self) -> &Writer {
        &self.writer
    }

    fn reader(&self) -> &Reader {
        &self.reader
    }
}
