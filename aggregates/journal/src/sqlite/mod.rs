//! The journal on SQLite: WAL, `synchronous=FULL`, one connection that writes and a few that read.

mod batch;
mod engine;
mod error;
mod open;
mod read;
mod read_only;
mod readers;
mod rows;

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::{Ambient, StreamId};
use invoiceapp_schemas::{CommandId, CommandStamp, RecordedEvent};
use tokio::sync::watch;

pub use engine::SqliteEngine;
pub use open::{BUSY_TIMEOUT, OpenError, SqliteOptions};
pub use read_only::SqliteReadOnly;
pub use readers::READ_CONNECTIONS;

use crate::port::{
    Append, AppendError, Committed, Head, Journal, JournalError, JournalStatus, Snapshot,
    Writability,
};
use crate::writer::Writer;
use crate::writer::engine::Receipt;
use crate::writer::observe::WriterStats;
use read::Reader;

/// A journal in one database file. A second process on the same file is to be kept out by the
/// composition root; if one gets in nevertheless, the compare-and-set of the head keeps both right.
#[derive(Debug, Clone)]
pub struct SqliteJournal {
    writer: Writer,
    reader: Reader,
}

impl SqliteJournal {
    /// Opens or creates the journal, brings its tables up to date, and starts its writer.
    ///
    /// # Errors
    /// [`OpenError`] says whether the place cannot be written, the file is no journal of ours, or
    /// durability cannot be had.
    pub async fn open(
        options: SqliteOptions,
        ambient: Arc<dyn Ambient>,
    ) -> Result<Self, OpenError> {
        let engine = SqliteEngine::open(&options).await?;
        let reader = Reader::open(&options).await?;
        let writer = Writer::start(engine, ambient)
            .await
            .map_err(OpenError::Head)?;
        Ok(Self { writer, reader })
    }

    /// Commits what waits, refuses what comes later, and closes the file.
    pub async fn close(&self) {
        self.writer.close().await;
        self.reader.close().await;
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
impl Journal for SqliteJournal {
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
