//! The journal as a visitor sees it: beside the processes that write it.

use async_trait::async_trait;
use invoiceapp_domain::StreamId;
use invoiceapp_schemas::RecordedEvent;
use sqlx::Connection;

use super::error::within;
use super::open::{DEADLINE, OpenError, PostgresOptions, Settings, connect_writer};
use super::read::Reader;
use crate::port::{Head, JournalError, JournalStatus};
use crate::verify::{Chain, StreamSource};

/// A journal that is only looked at: no writer is started, and no table is made or changed.
#[derive(Debug)]
pub struct PostgresReadOnly {
    reader: Reader,
    /// The position when it was opened: what was there then has to be in every answer.
    known_position: u64,
}

impl PostgresReadOnly {
    /// Opens a journal that exists.
    ///
    /// # Errors
    /// [`OpenError`] says whether the server cannot be reached, or has no journal of ours.
    pub async fn open(options: &PostgresOptions) -> Result<Self, OpenError> {
        let reader = Reader::new(&Settings::new(options)?);
        let head = reader.head().await;
        let known_position = head
            .map_err(|error| OpenError::Head(error.into()))?
            .position;
        Ok(Self {
            reader,
            known_position,
        })
    }

    /// Whether the server is one that a journal can be trusted to: its version, and that it loses
    /// nothing that it has acknowledged.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn check_server(options: &PostgresOptions) -> Result<(), OpenError> {
        let connection = connect_writer(&Settings::new(options)?).await?;
        if let Err(failure) = within(DEADLINE, connection.close()).await {
            let error = JournalError::from(failure);
            tracing::debug!(%error, "the connection that was only a question was lost");
        }
        Ok(())
    }

    /// Closes the connections.
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
impl Chain for PostgresReadOnly {
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
impl StreamSource for PostgresReadOnly {
    async fn stream_page(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        self.reader.read_stream(stream, after_version, limit).await
    }
}
