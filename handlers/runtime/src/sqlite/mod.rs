//! The job store on SQLite: one file, WAL, `synchronous=FULL`, one connection.
//!
//! One connection, because every change is one short transaction and SQLite has one writer anyway:
//! within the process nobody then ever meets a busy database.

mod admin;
mod claim;
mod plan;
mod rows;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_observe::client::{called, found, table};
use jiff::Timestamp;
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::columns::unavailable;
use crate::job::{Claim, JobId, PlanBatch, Ticket, Verdict};
use crate::jobs::{JobFilter, JobRecord, JobStore, JobStoreError, ReactorStatus};
use crate::spans;

/// How long another process (a command line) may hold the file before a statement gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Page cache of the connection, in KiB, as SQLite wants it: negative.
const PAGE_CACHE: &str = "-1024";
/// How long a caller waits for the connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// What the spans of its calls name it.
const SYSTEM: &str = "sqlite";

/// The schema, step by step. A step that was released is never edited.
static MIGRATIONS: Migrator = sqlx::migrate!("src/sqlite/migrations");

/// The SQLite adapter of [`JobStore`].
#[derive(Debug, Clone)]
pub struct SqliteJobStore {
    pool: SqlitePool,
}

impl SqliteJobStore {
    /// Opens the store in a file, which is created when it is not there.
    ///
    /// # Errors
    /// [`JobStoreError::Unavailable`] when the file cannot be opened, or was written by a newer
    /// version.
    pub async fn open(file: &Path) -> Result<Self, JobStoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("cache_size", PAGE_CACHE)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options)
            .await
            .map_err(unavailable)?;
        MIGRATIONS.run(&pool).await.map_err(unavailable)?;
        Ok(Self { pool })
    }

    /// The journal mode and `synchronous` level that the file is used with: `("wal", 2)`, where 2 is
    /// FULL. For health checks, which must not take durability on trust.
    ///
    /// # Errors
    /// [`JobStoreError::Unavailable`].
    pub async fn durability(&self) -> Result<(String, i64), JobStoreError> {
        let mode = "SELECT journal_mode, synchronous FROM pragma_journal_mode, pragma_synchronous";
        sqlx::query_as(mode)
            .fetch_one(&self.pool)
            .await
            .map_err(unavailable)
    }

    /// Closes the file once the calls that run have ended.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[async_trait]
impl JobStore for SqliteJobStore {
    async fn register(
        &self,
        reactor: &str,
        start_after: u64,
        now: Timestamp,
    ) -> Result<u64, JobStoreError> {
        plan::register(&self.pool, reactor, start_after, now).await
    }

    async fn checkpoint(&self, reactor: &str) -> Result<Option<u64>, JobStoreError> {
        plan::checkpoint(&self.pool, reactor).await
    }

    async fn commit_plan(
        &self,
        reactor: &str,
        (from, to): (u64, u64),
        batch: &PlanBatch,
        now: Timestamp,
    ) -> Result<bool, JobStoreError> {
        let planned = plan::commit_plan(&self.pool, reactor, (from, to), batch, now);
        called(table(SYSTEM, "INSERT", "jobs"), planned).await
    }

    async fn finish_plan(
        &self,
        ticket: Ticket,
        batch: &PlanBatch,
        now: Timestamp,
    ) -> Result<bool, JobStoreError> {
        let planned = plan::finish_plan(&self.pool, ticket, batch, now);
        called(table(SYSTEM, "INSERT", "jobs"), planned).await
    }

    async fn claim(
        &self,
        reactor: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Claim>, JobStoreError> {
        let claim = claim::claim(&self.pool, reactor, now, lease_until);
        found((SYSTEM, "UPDATE", "jobs"), claim, spans::of_claimed).await
    }

    async fn renew(&self, ticket: Ticket, lease_until: Timestamp) -> Result<bool, JobStoreError> {
        let renewed = claim::renew(&self.pool, ticket, lease_until);
        called(table(SYSTEM, "UPDATE", "jobs"), renewed).await
    }

    async fn mark_started(&self, ticket: Ticket) -> Result<bool, JobStoreError> {
        let marked = claim::mark_started(&self.pool, ticket);
        called(table(SYSTEM, "UPDATE", "jobs"), marked).await
    }

    async fn finish(
        &self,
        ticket: Ticket,
        verdict: &Verdict,
        now: Timestamp,
    ) -> Result<bool, JobStoreError> {
        let finished = claim::finish(&self.pool, ticket, verdict, now);
        called(table(SYSTEM, "UPDATE", "jobs"), finished).await
    }

    async fn next_due(&self, reactor: &str) -> Result<Option<Timestamp>, JobStoreError> {
        claim::next_due(&self.pool, reactor).await
    }

    async fn release_leases(&self, reactor: &str, now: Timestamp) -> Result<u64, JobStoreError> {
        claim::release_leases(&self.pool, reactor, now).await
    }

    async fn status(&self) -> Result<Vec<ReactorStatus>, JobStoreError> {
        admin::status(&self.pool).await
    }

    async fn backlog(&self) -> Result<Vec<ReactorStatus>, JobStoreError> {
        admin::backlog(&self.pool).await
    }

    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, JobStoreError> {
        admin::list(&self.pool, filter).await
    }

    async fn retry(&self, id: JobId, now: Timestamp) -> Result<bool, JobStoreError> {
        admin::retry(&self.pool, id, now).await
    }

    async fn cancel(&self, id: JobId, reason: &str, now: Timestamp) -> Result<bool, JobStoreError> {
        admin::cancel(&self.pool, id, reason, now).await
    }

    async fn prune(&self, finished_before: Timestamp, limit: u32) -> Result<u64, JobStoreError> {
        admin::prune(&self.pool, finished_before, limit).await
    }
}
