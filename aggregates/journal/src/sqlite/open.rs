//! Opens the database file: settings, tables, and a clear word when it cannot be done.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection as Writing, OpenFlags};
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use thiserror::Error;

use super::batch::STATEMENTS;
use super::error::{engine_error, explain_migration};
use crate::writer::engine::EngineError;

/// How long a statement waits for a lock that another connection holds.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Page cache of the writing connection, in KiB, as SQLite wants it: negative. All caches of a process
/// end up full, and the system has the file's pages in its own.
const WRITER_CACHE: i64 = -8_192;
/// Pages in the write-ahead log before they are moved into the file: 16 MiB.
const CHECKPOINT_PAGES: i64 = 4_096;
/// Bytes to which the write-ahead log is cut back after a burst.
const JOURNAL_SIZE_LIMIT: i64 = 64 << 20;
/// What `PRAGMA synchronous` answers for FULL.
const SYNCHRONOUS_FULL: i64 = 2;

/// Where the journal lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// The database file; its directory has to exist.
    pub path: PathBuf,
    /// The most pages of 4 KiB that the file may grow to; nothing for as many as the disk has.
    pub page_limit: Option<u32>,
}

impl SqliteOptions {
    /// A journal in this file, as large as it will.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            page_limit: None,
        }
    }
}

/// Why a journal cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The file or its directory is missing, read-only, or not ours.
    #[error("{path} cannot be written")]
    NotWritable {
        /// The database file.
        path: PathBuf,
        /// What the database says.
        #[source]
        source: EngineError,
    },
    /// The file is damaged, or is something else.
    #[error("{path} is not a database, or is damaged")]
    NotAJournal {
        /// The database file.
        path: PathBuf,
        /// What the database says.
        #[source]
        source: EngineError,
    },
    /// A newer version of the system, or another one, has made its tables.
    #[error("{path} has tables that this version does not know")]
    UnknownSchema {
        /// The database file.
        path: PathBuf,
        /// What the database says.
        #[source]
        source: MigrateError,
    },
    /// The database does not promise to keep what it has acknowledged.
    #[error("the database answers {found} for {pragma}: what it acknowledges could be lost")]
    NotDurable {
        /// The setting.
        pragma: &'static str,
        /// What it is.
        found: String,
    },
    /// The connection that writes cannot be had.
    #[error("the connection that writes cannot be opened")]
    Writer(#[source] EngineError),
    /// The head cannot be read.
    #[error("the journal's head cannot be read")]
    Head(#[source] EngineError),
    /// Anything else the database says.
    #[error("the database cannot be opened")]
    Database(#[source] EngineError),
}

fn common(options: &SqliteOptions) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&options.path)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

/// Creates the file where there is none, brings its tables up to date, and proves that the place can
/// be written.
///
/// # Errors
/// [`OpenError`].
pub(super) async fn prepare(options: &SqliteOptions) -> Result<(), OpenError> {
    let settings = common(options)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = settings
        .connect()
        .await
        .map_err(|error| explain_migration(options, &error))?;
    migrate(options, &mut connection).await?;
    connection
        .close()
        .await
        .map_err(|error| explain_migration(options, &error))
}

/// The writing connection, with its promises checked. Blocks.
///
/// # Errors
/// [`WriterOpenError`].
pub(super) fn connect_writer(options: &SqliteOptions) -> Result<Writing, WriterOpenError> {
    // Only one thread at a time has it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Writing::open_with_flags(&options.path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // CHECKs are for other hands. What the writer's types cannot get wrong they would ask of every row, and
    // for the sake of the function in them SQLite would prepare to undo each statement alone.
    connection.pragma_update(None, "ignore_check_constraints", true)?;
    connection
        .pragma_update_and_check(None, "journal_size_limit", JOURNAL_SIZE_LIMIT, |_| Ok(()))?;
    if let Some(pages) = options.page_limit {
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    check_promises(&connection)?;
    Ok(connection)
}

/// Why there is no writing connection.
#[derive(Debug)]
pub(super) enum WriterOpenError {
    Database(rusqlite::Error),
    Broken { pragma: &'static str, found: String },
}

impl From<rusqlite::Error> for WriterOpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<WriterOpenError> for EngineError {
    fn from(error: WriterOpenError) -> Self {
        match error {
            WriterOpenError::Database(error) => engine_error(&error),
            WriterOpenError::Broken { pragma, found } => Self::Unavailable {
                reason: OpenError::NotDurable { pragma, found }.to_string(),
            },
        }
    }
}

impl From<WriterOpenError> for OpenError {
    fn from(error: WriterOpenError) -> Self {
        match error {
            WriterOpenError::Database(error) => Self::Writer(engine_error(&error)),
            WriterOpenError::Broken { pragma, found } => Self::NotDurable { pragma, found },
        }
    }
}

/// Durable means: a write-ahead log that is flushed before a commit is acknowledged.
fn check_promises(connection: &Writing) -> Result<(), WriterOpenError> {
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(WriterOpenError::Broken {
            pragma: "journal_mode",
            found: mode,
        });
    }
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    if synchronous < SYNCHRONOUS_FULL {
        return Err(WriterOpenError::Broken {
            pragma: "synchronous",
            found: synchronous.to_string(),
        });
    }
    Ok(())
}

async fn migrate(
    options: &SqliteOptions,
    connection: &mut SqliteConnection,
) -> Result<(), OpenError> {
    sqlx::query("BEGIN IMMEDIATE; ROLLBACK")
        .execute(&mut *connection)
        .await
        .map_err(|error| explain_migration(options, &error))?;
    // `run` is the same, and the compiler cannot prove its future to be `Send`.
    let migrated = sqlx::migrate!("./migrations/sqlite")
        .run_direct(connection)
        .await;
    migrated.map_err(|error| match error {
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => {
            explain_migration(options, &source)
        }
        other => OpenError::UnknownSchema {
            path: options.path.clone(),
            source: other,
        },
    })
}
