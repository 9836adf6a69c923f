//! The embedded view store: SQLite, documents and checkpoint in one transaction.
//!
//! `synchronous=NORMAL` is enough here: a power cut may lose the last commits as a whole, and they
//! are folded again from the journal.

mod read;
mod register;
mod rows;
mod sql;
mod write;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_observe::client::{ClientSpan, called, table};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

use crate::dashboard::Bucket;
use crate::document::{Document, FieldValue};
use crate::error::ViewError;
use crate::query::{ListQuery, Page};
use crate::register::{RegisterPage, RegisterQuery, RegisteredNumber};
use crate::store::{Applied, Change, Changes, ParkedKey, Progress, Unparked, ViewStore};

/// Connections that read.
pub const READERS: u32 = 4;
/// Rows that a statement is ahead of whoever reads them: a document may be some megabytes.
pub const ROWS_AHEAD_MAX: usize = 8;
/// How long a statement waits for another process's lock.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Page cache of each connection, in KiB, as SQLite wants it: negative.
const PAGE_CACHE: &str = "-1024";
/// How long a query waits for a free connection.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Views in one SQLite file: one connection writes, a few read.
#[derive(Debug)]
pub struct SqliteViewStore {
    writer: Mutex<SqliteConnection>,
    readers: SqlitePool,
}

impl SqliteViewStore {
    /// Opens the file, creating it and its tables when they are not there.
    ///
    /// # Errors
    /// [`ViewError::Unavailable`] when the file cannot be opened or written.
    pub async fn open(path: &Path) -> Result<Self, ViewError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .row_buffer_size(ROWS_AHEAD_MAX)
            .pragma("cache_size", PAGE_CACHE)
            .busy_timeout(BUSY_TIMEOUT);
        let mut writer = SqliteConnection::connect_with(&options)
            .await
            .map_err(ViewError::unavailable)?;
        sqlx::migrate!("./migrations")
            .run(&mut writer)
            .await
            .map_err(ViewError::unavailable)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.read_only(true))
            .await
            .map_err(ViewError::unavailable)?;
        Ok(Self {
            writer: Mutex::new(writer),
            readers,
        })
    }

    /// Closes every connection, folding the write-ahead log into the file.
    ///
    /// # Errors
    /// [`ViewError::Unavailable`] when the file cannot be written.
    pub async fn close(self) -> Result<(), ViewError> {
        self.readers.close().await;
        self.writer
            .into_inner()
            .close()
            .await
            .map_err(ViewError::unavailable)
    }
}

/// The span of a query, as far as a request or another piece of work asks it.
fn selecting(from: &'static str) -> ClientSpan {
    table("sqlite", "SELECT", from)
}

#[async_trait]
impl ViewStore for SqliteViewStore {
    async fn progress(&self) -> Result<Progress, ViewError> {
        called(selecting("checkpoint"), read::progress(&self.readers)).await
    }

    async fn finish(&self, checkpoint: u64) -> Result<Applied, ViewError> {
        let mut writer = self.writer.lock().await;
        write::finish(&mut writer, checkpoint).await
    }

    async fn apply(&self, from: u64, to: u64, changes: Changes) -> Result<Applied, ViewError> {
        let mut writer = self.writer.lock().await;
        write::apply(&mut writer, from, to, &changes).await
    }

    async fn document(&self, stream: &StreamId) -> Result<Option<Document>, ViewError> {
        called(
            selecting("documents"),
            read::document(&self.readers, stream),
        )
        .await
    }

    async fn documents(&self, streams: &[StreamId]) -> Result<Vec<Document>, ViewError> {
        called(
            selecting("documents"),
            read::documents(&self.readers, streams),
        )
        .await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, ViewError> {
        called(selecting("documents"), read::list(&self.readers, query)).await
    }

    async fn across_tenants(
        &self,
        kind: StreamKind,
        field: &'static str,
        value: &FieldValue,
        limit: u32,
    ) -> Result<Vec<Document>, ViewError> {
        let found = read::across_tenants(&self.readers, kind, field, value, limit);
        called(selecting("documents"), found).await
    }

    async fn buckets(&self, tenant: &TenantId) -> Result<Vec<Bucket>, ViewError> {
        called(selecting("buckets"), read::buckets(&self.readers, tenant)).await
    }

    async fn parked(&self, limit: u32) -> Result<Vec<ParkedKey>, ViewError> {
        called(selecting("parked"), read::parked(&self.readers, limit)).await
    }

    async fn register(&self, query: &RegisterQuery) -> Result<RegisterPage, ViewError> {
        called(
            selecting("number_register"),
            register::page(&self.readers, query),
        )
        .await
    }

    async fn last_numbers(
        &self,
        tenant: &TenantId,
        series: &[SeriesCode],
    ) -> Result<Vec<RegisteredNumber>, ViewError> {
        let numbers = register::last_numbers(&self.readers, tenant, series);
        called(selecting("number_register"), numbers).await
    }

    async fn unpark(&self, checkpoint: u64, change: Change) -> Result<Unparked, ViewError> {
        let mut writer = self.writer.lock().await;
        write::unpark(&mut writer, checkpoint, &change).await
    }
}
