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

use invoiceapp_domain::Ambient;

pub use engine::SqliteEngine;
pub use open::{BUSY_TIMEOUT, OpenError, SqliteOptions};
pub use read_only::SqliteReadOnly;
pub use readers::READ_CONNECTIONS;

use crate::port::{JournalError, JournalStatus};
use crate::sides::{ReadingSide, Sides};
use crate::writer::Writer;
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

impl Sides for SqliteJournal {
    type Reader = Reader;

    fn writer(&self) -> &Writer {
        &self.writer
    }

    fn reader(&self) -> &Reader {
        &self.reader
    }
}
