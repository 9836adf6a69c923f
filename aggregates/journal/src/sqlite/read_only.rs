//! The journal as a visitor sees it: beside a process that writes it, or when there is none.

use async_trait::async_trait;
use invoiceapp_domain::StreamId;
use invoiceapp_schemas::RecordedEvent;

use super::open::{OpenError, SqliteOptions};
use super::read::Reader;
use crate::port::{Head, JournalError, JournalStatus};
use crate::verify::{Chain, StreamSource};

/// A journal that is only looked at. It takes no lock that a writer would wait for, and changes
/// neither tables nor settings.
#[derive(Debug)]
pub struct SqliteReadOnly {
    reader: Reader,
    /// The position when it was opened: what was there then has to be in every answer.
    known_position: u64,
}

impl SqliteReadOnly {
    /// Opens a journal that exists.
    ///
    /// # Errors
    /// [`OpenError`] says whether the file is missing, damaged, or no journal of ours.
    pub async fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        let reader = Reader::open(options).await?;
        let head = reader.head().await;
        let known_position = head
            .map_err(|error| OpenError::Head(error.into()))?
            .position;
        Ok(Self {
            reader,
            known_position,
        })
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.reader.close().await;
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
impl Chain for SqliteReadOnly {
    async fn chain_head(&self) -> Result<Head, JournalError> {
        self.reader.head().await
    }

    async fn chain_page(
        &self,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        self.reader
            .read_all(after_position, limit, self.known_position)
            .await
    }
}

#[async_trait]
impl StreamSource for SqliteReadOnly {
    async fn stream_page(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        self.reader.read_stream(stream, after_version, limit).await
    }
}
