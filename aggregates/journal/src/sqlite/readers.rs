//! The reading connections: a few, opened when they are first needed, each used by one thread at a
//! time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::batch::STATEMENTS;
use super::error::engine_error;
use super::open::{BUSY_TIMEOUT, SqliteOptions};
use crate::port::JournalError;
use crate::writer::engine::EngineError;

/// Connections that read.
pub const READ_CONNECTIONS: u32 = 4;
/// How long a reader waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Page cache of each reading connection, in KiB, as SQLite wants it: negative.
const READER_CACHE: i64 = -1_024;

#[derive(Debug, Clone)]
pub(super) struct Readers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: SqliteOptions,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    /// Opens the first connection.
    ///
    /// # Errors
    /// SQLite's word, when the file cannot be opened.
    pub(super) fn open(options: &SqliteOptions) -> rusqlite::Result<Self> {
        let first = connect(options)?;
        Ok(Self {
            shared: Arc::new(Shared {
                options: options.clone(),
                permits: Arc::new(Semaphore::new(READ_CONNECTIONS as usize)),
                idle: Mutex::new(vec![first]),
            }),
        })
    }

    /// Reads on a thread that may block. Dropping the future does not stop the reading, which has an
    /// end by itself.
    ///
    /// # Errors
    /// [`JournalError`]: no connection in time, or what the reading has found.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        reading: impl FnOnce(&Connection) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let acquired = Arc::clone(&self.shared.permits).acquire_owned();
        let permit = match timeout(ACQUIRE_TIMEOUT, acquired).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(unavailable("the journal is closed")),
            Err(_) => return Err(unavailable("all connections that read are in use")),
        };
        let shared = Arc::clone(&self.shared);
        let read = spawn_blocking(move || {
            let connection = shared.connection()?;
            let found = reading(&connection);
            // Whoever failed has a new one next time.
            if found.is_ok() {
                shared.idle().push(connection);
            }
            drop(permit);
            found
        });
        let read = read.await.map_err(|_| unavailable("a reader panicked"))?;
        Ok(read?)
    }

    /// Waits for those who read, and closes the file.
    pub(super) async fn close(&self) {
        let all = self.shared.permits.acquire_many(READ_CONNECTIONS).await;
        self.shared.permits.close();
        drop(all);
        self.shared.idle().clear();
    }
}

impl Shared {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self) -> Result<Connection, EngineError> {
        let idle = self.idle().pop();
        match idle {
            Some(connection) => Ok(connection),
            None => connect(&self.options).map_err(|error| engine_error(&error)),
        }
    }
}

fn connect(options: &SqliteOptions) -> rusqlite::Result<Connection> {
    // Only one thread at a time has it.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&options.path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cache_size", READER_CACHE)?;
    Ok(connection)
}

fn unavailable(reason: &str) -> JournalError {
    JournalError::Unavailable {
        reason: reason.to_owned(),
    }
}
