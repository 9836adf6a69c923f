//! A journal over one database: a writer, and a reader beside it. What an engine's journal is made of
//! differs; what it answers does not.

use std::fmt;

use async_trait::async_trait;
use invoiceapp_domain::StreamId;
use invoiceapp_schemas::{CommandId, CommandStamp, RecordedEvent};
use tokio::sync::watch;

use crate::port::{
    Append, AppendError, Committed, Head, Journal, JournalError, JournalStatus, Snapshot, Tail,
    Writability,
};
use crate::verify::{Chain, StreamSource};
use crate::writer::Writer;
use crate::writer::engine::Receipt;

/// The reading side of a database. Nobody who reads is in the writer's way.
#[async_trait]
pub trait ReadingSide: fmt::Debug + Send + Sync + 'static {
    /// As [`Journal::read_stream`].
    ///
    /// # Errors
    /// [`JournalError`].
    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError>;

    /// As [`Journal::read_all`]; `known_position` has to be in the answer, as far as it was asked for.
    ///
    /// # Errors
    /// [`JournalError`].
    async fn read_all(
        &self,
        after_position: u64,
        limit: usize,
        known_position: u64,
    ) -> Result<Vec<RecordedEvent>, JournalError>;

    /// What a command came to.
    ///
    /// # Errors
    /// [`JournalError`].
    async fn receipt(&self, command: CommandId) -> Result<Option<Receipt>, JournalError>;

    /// As [`Journal::head`].
    ///
    /// # Errors
    /// [`JournalError`].
    async fn head(&self) -> Result<Head, JournalError>;

    /// As [`Journal::snapshot`].
    ///
    /// # Errors
    /// [`JournalError`].
    async fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, JournalError>;

    /// As [`Journal::read_tail`].
    ///
    /// # Errors
    /// [`JournalError`].
    async fn read_tail(&self, stream: &StreamId, state_hash: &str) -> Result<Tail, JournalError>;

    /// Facts for an operator.
    ///
    /// # Errors
    /// [`JournalError`].
    async fn status(&self) -> Result<JournalStatus, JournalError>;

    /// Gives up the connections.
    async fn close(&self);
}

/// What has both sides is a journal.
pub trait Sides: fmt::Debug + Send + Sync + 'static {
    /// The reading side.
    type Reader: ReadingSide;

    /// Who writes.
    fn writer(&self) -> &Writer;

    /// Who reads.
    fn reader(&self) -> &Self::Reader;
}

#[async_trait]
impl<J: Sides> Journal for J {
    async fn append(&self, append: Append) -> Result<Committed, AppendError> {
        self.writer().append(append).await
    }

    async fn receipt(&self, command: CommandStamp) -> Result<Option<Committed>, AppendError> {
        let receipt = self.reader().receipt(command.id).await?;
        receipt
            .map(|receipt| receipt.replayed_for(&command.fingerprint))
            .transpose()
    }

    async fn receipt_of(&self, command: CommandId) -> Result<Option<Committed>, JournalError> {
        let receipt = self.reader().receipt(command).await?;
        Ok(receipt.map(Receipt::replayed))
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let reader = self.reader();
        reader.read_stream(stream, after_version, limit).await
    }

    async fn read_all(
        &self,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        // Asked before the read: what is known to be there has to be in the answer.
        let known_position = self.writer().known_position();
        let reader = self.reader();
        reader.read_all(after_position, limit, known_position).await
    }

    async fn head(&self) -> Result<Head, JournalError> {
        self.reader().head().await
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.writer().subscribe()
    }

    fn writability(&self) -> watch::Receiver<Writability> {
        self.writer().writability()
    }

    async fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, JournalError> {
        self.reader().snapshot(stream).await
    }

    async fn read_tail(&self, stream: &StreamId, state_hash: &str) -> Result<Tail, JournalError> {
        self.reader().read_tail(stream, state_hash).await
    }

    async fn save_snapshot(
        &self,
        stream: &StreamId,
        snapshot: Snapshot,
    ) -> Result<(), JournalError> {
        self.writer().save_snapshot(stream.clone(), snapshot).await
    }
}

/// A journal that is only looked at, beside the processes that write it, or when there is none. No
/// writer is started; tables, settings and locks are left alone.
#[derive(Debug)]
pub struct ReadOnly<R> {
    reader: R,
    /// The position when it was opened: what was there then has to be in every answer.
    known_position: u64,
}

impl<R: ReadingSide> ReadOnly<R> {
    /// Looks at what a reader reads.
    ///
    /// # Errors
    /// [`JournalError`] when there is no journal to be read.
    pub(crate) async fn over(reader: R) -> Result<Self, JournalError> {
        let known_position = reader.head().await?.position;
        Ok(Self {
            reader,
            known_position,
        })
    }

    /// Gives up the connections.
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
impl<R: ReadingSide> Chain for ReadOnly<R> {
    async fn chain_head(&self) -> Result<Head, JournalError> {
        self.reader.head().await
    }

    async fn chain_page(
        &self,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let known_position = self.known_position;
        self.reader
            .read_all(after_position, limit, known_position)
            .await
    }
}

#[async_trait]
impl<R: ReadingSide> StreamSource for ReadOnly<R> {
    async fn stream_page(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        self.reader.read_stream(stream, after_version, limit).await
    }
}
