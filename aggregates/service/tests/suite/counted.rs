//! A journal that counts how often its streams and its head are read, and can be away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use invoiceapp_domain::StreamId;
use invoiceapp_journal::port::{
    Append, AppendError, Committed, Head, Journal, JournalError, Snapshot, Tail, Writability,
};
use invoiceapp_schemas::{CommandId, CommandStamp, RecordedEvent};
use tokio::sync::watch;

#[derive(Debug)]
pub(crate) struct Counted {
    journal: Arc<dyn Journal>,
    stream_reads: AtomicU32,
    head_reads: AtomicU32,
    pub(crate) is_away: AtomicBool,
}

impl Counted {
    pub(crate) fn of(journal: Arc<dyn Journal>) -> Self {
        Self {
            journal,
            stream_reads: AtomicU32::new(0),
            head_reads: AtomicU32::new(0),
            is_away: AtomicBool::new(false),
        }
    }

    pub(crate) fn stream_reads(&self) -> u32 {
        self.stream_reads.load(Ordering::Relaxed)
    }

    pub(crate) fn head_reads(&self) -> u32 {
        self.head_reads.load(Ordering::Relaxed)
    }

    fn is_there(&self) -> Result<(), JournalError> {
        if self.is_away.load(Ordering::Relaxed) {
            let reason = "away".to_owned();
            return Err(JournalError::Unavailable { reason });
        }
        Ok(())
    }
}

#[async_trait]
impl Journal for Counted {
    async fn append(&self, append: Append) -> Result<Committed, AppendError> {
        self.is_there()?;
        self.journal.append(append).await
    }

    async fn receipt(&self, command: CommandStamp) -> Result<Option<Committed>, AppendError> {
        self.is_there()?;
        self.journal.receipt(command).await
    }

    async fn receipt_of(&self, command: CommandId) -> Result<Option<Committed>, JournalError> {
        self.is_there()?;
        self.journal.receipt_of(command).await
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        self.stream_reads.fetch_add(1, Ordering::Relaxed);
        self.is_there()?;
        self.journal.read_stream(stream, after_version, limit).await
    }

    async fn read_all(
        &self,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        self.is_there()?;
        self.journal.read_all(after_position, limit).await
    }

    async fn head(&self) -> Result<Head, JournalError> {
        self.head_reads.fetch_add(1, Ordering::Relaxed);
        self.is_there()?;
        self.journal.head().await
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.journal.subscribe()
    }

    fn writability(&self) -> watch::Receiver<Writability> {
        self.journal.writability()
    }

    async fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, JournalError> {
        self.is_there()?;
        self.journal.snapshot(stream).await
    }

    async fn read_tail(&self, stream: &StreamId, state_hash: &str) -> Result<Tail, JournalError> {
        self.stream_reads.fetch_add(1, Ordering::Relaxed);
        self.is_there()?;
        self.journal.read_tail(stream, state_hash).await
    }

    async fn save_snapshot(
        &self,
        stream: &StreamId,
        snapshot: Snapshot,
    ) -> Result<(), JournalError> {
        self.is_there()?;
        self.journal.save_snapshot(stream, snapshot).await
    }
}
