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

use async_trait::async_trait;
use invoiceapp_domain::{Ambient, StreamId};
use invoiceapp_schemas::{CommandId, CommandStamp, RecordedEvent};
use tokio::sync::watch;

pub use open::{
    CONNECT_TIMEOUT, DEADLINE, OpenError, PostgresOptions, READ_CONNECTIONS, STATEMENT_TIMEOUT,
    STATUS_DEADLINE,
};
pub use read_only::PostgresReadOnly;
pub use signals::{NOTIFY_INTERVAL, POLL_INTERVAL};

use crate::port::{
    Append, AppendError, Committed, Head, Journal, JournalError, JournalStatus, Snapshot,
    Writability,
};
use crate::writer::Writer;
use crate::writer::engine::Receipt;
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

#[async_trait]
impl Journal for PostgresJournal {
    async fn append(&self, append: Append) -> Result<Committed, AppendError> {
        self.writer.append(append).await
    }

    async fn receipt(&self, command: CommandStamp) -> Result<Option<Committed>, AppendError> {
        let receipt = self.reader.receipt(command.id).await?;
        receipt
            .map(|receipt| receipt.replayed_for(&command.fingerprint))
            .transpose()
    }

    async fn receipt_of(&self, command: CommandId) -> Result<Option<Committed>, JournalError> {
        let receipt = self.reader.receipt(command).await?;
        Ok(receipt.map(Receipt::replayed))
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        self.reader.read_stream(stream, after_version, limit).await
    }

    async fn read_all(
        &self,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        // Asked before the read: what is known to be there has to be in the answer.
        let known_position = self.writer.known_position();
        self.reader
            .read_all(after_position, limit, known_position)
            .await
    }

    async fn head(&self) -> Result<Head, JournalError> {
        self.reader.head().await
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.writer.subscribe()
    }

    fn writability(&self) -> watch::Receiver<Writability> {
        self.writer.writability()
    }

    async fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, JournalError> {
        self.reader.snapshot(stream).await
    }

    async fn save_snapshot(
        &self,
        stream: &StreamId,
        snapshot: Snapshot,
    ) -> Result<(), JournalError> {
        self.writer.save_snapshot(stream.clone(), snapshot).await
    }
}
