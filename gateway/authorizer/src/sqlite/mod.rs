//! The identity store: credentials, sessions and refresh tokens in `identity.db`.
//!
//! It is no part of the journal: what is in it is secret, short-lived, and nobody's history. One
//! connection, so that a rotation is decided by one writer at a time.

mod credentials;
mod ended;
mod sessions;

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use thiserror::Error;
use tokio::sync::Mutex;

use self::ended::EndedSessionIds;

pub use ended::ENDED_SESSIONS_MAX;
pub use sessions::{NewSession, PURGE_ROWS_MAX, Rotation, SESSIONS_PER_USER_MAX, Session};

/// Page cache of the connection, in KiB, as SQLite wants it: negative.
const PAGE_CACHE: &str = "-512";
/// How long a caller waits for the connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a statement waits for another process's lock, such as a backup's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const PRIVATE_FILE_MODE: u32 = 0o600;

/// Why the identity store did not do what was asked.
#[derive(Debug, Error)]
pub enum IdentityStoreError {
    /// The file cannot be made or made private.
    #[error("the identity store cannot be opened")]
    File(#[source] std::io::Error),
    /// The schema cannot be brought up to date.
    #[error("the identity store cannot be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The database does not answer.
    #[error("the identity store does not answer")]
    Database(#[from] sqlx::Error),
    /// A stored value is not what was written.
    #[error("the identity store is damaged")]
    Damaged,
}

/// The open store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct IdentityStore {
    pool: SqlitePool,
    ended: EndedSessionIds,
    hand_overs: Arc<Mutex<()>>,
}

impl IdentityStore {
    /// Opens the store, making the file and its tables where they are missing. The file is for its
    /// owner only; SQLite gives the files beside it the same mode.
    ///
    /// # Errors
    /// [`IdentityStoreError`].
    pub async fn open(path: &Path) -> Result<Self, IdentityStoreError> {
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(PRIVATE_FILE_MODE)
            .open(path)
            .and_then(|file| file.set_permissions(Permissions::from_mode(PRIVATE_FILE_MODE)))
            .map_err(IdentityStoreError::File)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("cache_size", PAGE_CACHE)
            // What is deleted is overwritten: an ended session leaves nothing to find.
            .pragma("secure_delete", "ON")
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options)
            .await?;
        sqlx::migrate!("./migrations").run(&pool).await?;
        let ended = EndedSessionIds::load(&pool).await?;
        Ok(Self {
            pool,
            ended,
            hand_overs: Arc::default(),
        })
    }

    /// Tries whether the store answers.
    ///
    /// # Errors
    /// [`IdentityStoreError`].
    pub async fn check(&self) -> Result<(), IdentityStoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    pub(crate) const fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// Whoever holds it hands a password over, and nobody else does.
    pub(crate) const fn hand_overs(&self) -> &Arc<Mutex<()>> {
        &self.hand_overs
    }

    /// Closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
