//! Connects to the server: settings, promises, tables, and a clear word when it cannot be done.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Row};
use thiserror::Error;

use super::error::{EngineFailure, engine_error, within};
use crate::writer::engine::EngineError;

/// Connections that read, unless the options say otherwise.
pub const READ_CONNECTIONS: u32 = 8;
/// How long connecting may take, TLS and authentication included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the server works on a statement before it gives up, waiting for locks included.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(8);
/// How long we wait for the answer to a statement. Longer than the server works on it, so that an
/// outcome is rarely unknown.
pub const DEADLINE: Duration = Duration::from_secs(10);
/// How long the operator's count may take, which reads an index from end to end.
pub const STATUS_DEADLINE: Duration = Duration::from_secs(60);
/// How long the server lets a silent client hold a lock: a writer that is stopped in the middle of
/// the slow path does not stop the others for longer.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(5);
/// How long bringing the tables up to date may take, waiting for another process that does it
/// included.
const MIGRATE_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a reader waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that was silent for longer is asked whether it is alive before it is trusted.
pub(super) const TRUSTED_FOR: Duration = Duration::from_secs(2);
/// How long that question may take.
pub(super) const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// A reading connection that nobody needed for so long is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);
/// The oldest server, as `server_version_num` counts.
const SERVER_VERSION_MIN: i32 = 150_000;

/// Every statement of ours goes along an index and has one right plan, whatever the statistics say;
/// so it is planned once per connection.
const PLANNED_BY_KEY: [(&str, &str); 6] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// Where the journal lies.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database`; the tables are where the `search_path` leads.
    pub url: SecretString,
    /// The most connections that read.
    pub read_connections: u32,
}

impl PostgresOptions {
    /// A journal in this database.
    #[must_use]
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            read_connections: READ_CONNECTIONS,
        }
    }
}

/// Why a journal cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The address cannot be read. It is not repeated: it has a password in it.
    #[error("the database's address cannot be read")]
    Address,
    /// The server is not there, or does not let us in.
    #[error("the database cannot be reached")]
    Unreachable(#[source] EngineError),
    /// The server is older than 15.
    #[error("the server's version is {found}, and at least {SERVER_VERSION_MIN} is needed")]
    TooOld {
        /// Its `server_version_num`.
        found: i32,
    },
    /// The server would lose what it has acknowledged, or not keep every text, or not write at all.
    #[error("the server answers {found} for {setting}, and the journal needs {needed}")]
    Unfit {
        /// The setting.
        setting: &'static str,
        /// What it is.
        found: String,
        /// What it has to be.
        needed: &'static str,
    },
    /// A newer version of the system, or another one, has made the tables.
    #[error("the database has tables that this version does not know")]
    UnknownSchema(#[source] MigrateError),
    /// The head cannot be read.
    #[error("the journal's head cannot be read")]
    Head(#[source] EngineError),
}

impl From<EngineFailure> for OpenError {
    fn from(failure: EngineFailure) -> Self {
        Self::Unreachable(failure.into())
    }
}

/// What to connect with. Its `Debug` says nothing: there is a password in it.
#[derive(Clone)]
pub(super) struct Settings {
    connect: PgConnectOptions,
    read_connections: u32,
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").finish_non_exhaustive()
    }
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}

impl Settings {
    pub(super) fn new(options: &PostgresOptions) -> Result<Self, OpenError> {
        // The parser's error is dropped on purpose: it could quote the address.
        let connect = PgConnectOptions::from_str(options.url.expose_secret())
            .map_err(|_| OpenError::Address)?
            .disable_statement_logging();
        Ok(Self {
            connect,
            read_connections: options.read_connections.max(1),
        })
    }

    fn of(&self, what_for: &str, statement_timeout: Duration) -> PgConnectOptions {
        self.connect
            .clone()
            .application_name(what_for)
            .options(PLANNED_BY_KEY)
            .options([
                ("statement_timeout", millis(statement_timeout)),
                (
                    "idle_in_transaction_session_timeout",
                    millis(IDLE_IN_TRANSACTION_TIMEOUT),
                ),
            ])
    }

    /// For the tasks that tell of commits and hear of them.
    pub(super) fn of_signals(&self) -> PgConnectOptions {
        self.of("invoiceapp journal signals", STATEMENT_TIMEOUT)
    }
}

/// The writing connection, with its promises checked.
///
/// # Errors
/// [`OpenError`].
pub(super) async fn connect_writer(settings: &Settings) -> Result<PgConnection, OpenError> {
    let options = settings.of("invoiceapp journal writer", STATEMENT_TIMEOUT);
    let mut connection = within(CONNECT_TIMEOUT, options.connect()).await?;
    within(DEADLINE, read_promises(&mut connection))
        .await?
        .check()?;
    Ok(connection)
}

/// A connection for the one statement that may take longer.
pub(super) async fn connect_for_status(settings: &Settings) -> Result<PgConnection, EngineFailure> {
    let options = settings.of("invoiceapp journal status", STATUS_DEADLINE);
    within(CONNECT_TIMEOUT, options.connect()).await
}

struct Promises {
    version: i32,
    fsync: String,
    synchronous_commit: String,
    encoding: String,
    read_only: String,
}

async fn read_promises(connection: &mut PgConnection) -> Result<Promises, sqlx::Error> {
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::integer, current_setting('fsync'), \
         current_setting('synchronous_commit'), current_setting('server_encoding'), \
         current_setting('transaction_read_only')",
    )
    .persistent(false)
    .fetch_one(connection)
    .await?;
    Ok(Promises {
        version: row.try_get(0)?,
        fsync: row.try_get(1)?,
        synchronous_commit: row.try_get(2)?,
        encoding: row.try_get(3)?,
        read_only: row.try_get(4)?,
    })
}

impl Promises {
    /// Durable means that a commit is flushed before it is acknowledged; a standby, or a primary
    /// that has become one, writes nothing.
    fn check(self) -> Result<(), OpenError> {
        if self.version < SERVER_VERSION_MIN {
            let found = self.version;
            return Err(OpenError::TooOld { found });
        }
        let unfit = |setting, found, needed| OpenError::Unfit {
            setting,
            found,
            needed,
        };
        if self.fsync != "on" {
            return Err(unfit("fsync", self.fsync, "on"));
        }
        if self.synchronous_commit == "off" {
            let found = self.synchronous_commit;
            return Err(unfit("synchronous_commit", found, "local, on or more"));
        }
        if self.encoding != "UTF8" {
            return Err(unfit("server_encoding", self.encoding, "UTF8"));
        }
        if self.read_only != "off" {
            return Err(unfit("transaction_read_only", self.read_only, "off"));
        }
        Ok(())
    }
}

/// Brings the tables up to date. Processes that do it at once take turns.
///
/// # Errors
/// [`OpenError`].
pub(super) async fn migrate(settings: &Settings) -> Result<(), OpenError> {
    let options = settings.of("invoiceapp journal migration", MIGRATE_TIMEOUT);
    let mut connection = within(CONNECT_TIMEOUT, options.connect()).await?;
    let migrator = sqlx::migrate!("./migrations/postgres");
    // `run` is the same, and the compiler cannot prove its future to be `Send`.
    let migrated =
        tokio::time::timeout(MIGRATE_TIMEOUT, migrator.run_direct(&mut connection)).await;
    match migrated {
        Err(_) => return Err(EngineFailure::TooLate(MIGRATE_TIMEOUT).into()),
        Ok(Err(MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _))) => {
            return Err(OpenError::Unreachable(engine_error(&source)));
        }
        Ok(Err(other)) => return Err(OpenError::UnknownSchema(other)),
        Ok(Ok(())) => {}
    }
    if let Err(error) = connection.close().await {
        tracing::debug!(%error, "the connection that had brought the tables up to date was lost");
    }
    Ok(())
}

/// The reading connections; the first of them is opened by the first read.
pub(super) fn readers(settings: &Settings) -> PgPool {
    let options = settings
        .of("invoiceapp journal reader", STATEMENT_TIMEOUT)
        .options([("default_transaction_read_only", "on")]);
    PgPoolOptions::new()
        .max_connections(settings.read_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .max_lifetime(None)
        // Asking each time would double the round trips of a short read.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for < TRUSTED_FOR {
                    return Ok(true);
                }
                let ping = tokio::time::timeout(PING_TIMEOUT, connection.ping()).await;
                Ok(matches!(ping, Ok(Ok(()))))
            })
        })
        .connect_lazy_with(options)
}
