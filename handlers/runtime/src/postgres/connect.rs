//! Connections: where to, how many, what each is set to, and what happens to one whose call did not
//! end well.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{Connection, PgPool, Postgres};

use crate::columns::unavailable;
use crate::jobs::JobStoreError;

/// Connections of one process, unless the options say otherwise. A reactor's workers each need one
/// for moments only.
pub const CONNECTIONS_DEFAULT: u32 = 8;
/// The schema of the tables, unless the options say otherwise.
pub const SCHEMA_DEFAULT: &str = "jobs";

/// Longest wait for a connection, from the pool or from the server.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for another process that brings the tables up to date.
const MIGRATE_TIME_MAX: Duration = Duration::from_mins(1);
/// What the server itself gives up after, so that no lock of ours outlives its call for long.
const SERVER_LIMITS: [(&str, &str); 3] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "10s"),
];
/// A commit that was answered is on disk, whatever the server's default is.
const DURABILITY: (&str, &str) = ("synchronous_commit", "on");
/// Longest name that PostgreSQL does not cut off.
const SCHEMA_BYTES_MAX: usize = 63;
/// Key of the advisory lock under which the schema is made.
const SCHEMA_LOCK: i64 = 0x6a6f_6273;

/// The schema, step by step. A step that was released is never edited.
static MIGRATIONS: Migrator = sqlx::migrate!("src/postgres/migrations");

/// Which database, which schema, how many connections.
#[derive(Clone)]
pub struct PostgresOptions {
    url: SecretString,
    schema: String,
    connections_max: u32,
    migrates: bool,
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresOptions")
            .field("schema", &self.schema)
            .field("connections_max", &self.connections_max)
            .finish_non_exhaustive()
    }
}

impl PostgresOptions {
    /// A database by its address, `postgres://user:password@host:port/database`. It may be the
    /// journal's: the tables have a schema of their own.
    #[must_use]
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            schema: SCHEMA_DEFAULT.to_owned(),
            connections_max: CONNECTIONS_DEFAULT,
            migrates: true,
        }
    }

    /// Another schema than [`SCHEMA_DEFAULT`]: lower-case letters, digits and underscores.
    #[must_use]
    pub fn with_schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = schema.into();
        self
    }

    /// Another number of connections than [`CONNECTIONS_DEFAULT`]; one more listens.
    #[must_use]
    pub const fn with_connections_max(mut self, connections_max: u32) -> Self {
        self.connections_max = connections_max;
        self
    }

    /// Leaves schema and tables as they are: for a tool that looks at those of running processes.
    #[must_use]
    pub const fn without_migration(mut self) -> Self {
        self.migrates = false;
        self
    }

    fn connect_options(&self) -> Result<PgConnectOptions, JobStoreError> {
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let schema = self.schema.as_str();
        if schema.is_empty() || schema.len() > SCHEMA_BYTES_MAX || !schema.bytes().all(is_plain) {
            return Err(unavailable("the name of the schema is malformed"));
        }
        let options = PgConnectOptions::from_str(self.url.expose_secret()).map_err(unavailable)?;
        Ok(options
            .application_name(&format!("invoiceapp {schema}"))
            .options([("search_path", schema), DURABILITY])
            .options(SERVER_LIMITS))
    }
}

/// The pool.
#[derive(Clone)]
pub(super) struct Connections {
    pool: PgPool,
}

impl Connections {
    /// Connects, makes the schema when it is not there, and brings its tables up to date.
    pub(super) async fn open(options: &PostgresOptions) -> Result<Self, JobStoreError> {
        let connect_options = options.connect_options()?;
        let pool = PgPoolOptions::new()
            .max_connections(options.connections_max.max(1))
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(connect_options)
            .await
            .map_err(unavailable)?;
        let connections = Self { pool };
        if !options.migrates {
            return Ok(connections);
        }
        let migrated = tokio::time::timeout(MIGRATE_TIME_MAX, async {
            let mut connection = connections.lend().await?;
            make_schema(&mut connection, &options.schema)
                .await
                .map_err(unavailable)?;
            MIGRATIONS
                .run(&mut *connection)
                .await
                .map_err(unavailable)?;
            connection.give_back();
            Ok(())
        });
        migrated.await.map_err(unavailable)??;
        Ok(connections)
    }

    /// A connection for one call.
    pub(super) async fn lend(&self) -> Result<Lent, JobStoreError> {
        let connection = self.pool.acquire().await.map_err(unavailable)?;
        Ok(Lent {
            connection,
            is_whole: false,
        })
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        self.pool.connect_options().as_ref().clone()
    }

    pub(super) fn used_and_idle(&self) -> (u64, u64) {
        let idle = u64::try_from(self.pool.num_idle()).unwrap_or(u64::MAX);
        (u64::from(self.pool.size()).saturating_sub(idle), idle)
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Two processes that start together make it one after the other. One that is there is not asked
/// for again, because that would take the right to make schemas.
async fn make_schema(connection: &mut PgConnection, schema: &str) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(SCHEMA_LOCK)
        .execute(&mut *transaction)
        .await?;
    let is_there: bool = sqlx::query_scalar("SELECT to_regnamespace($1) IS NOT NULL")
        .bind(schema)
        .fetch_one(&mut *transaction)
        .await?;
    if !is_there {
        // The name is of plain characters: nothing in it ends the quotes.
        let create = format!("CREATE SCHEMA \"{schema}\"");
        sqlx::query(&create).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// A connection that goes back to the pool only when its call came to an end. One whose call failed,
/// or was dropped half way, may be inside a transaction that nobody will end: it is closed.
pub(super) struct Lent {
    connection: PoolConnection<Postgres>,
    is_whole: bool,
}

impl Lent {
    /// The call came to its end.
    pub(super) fn give_back(mut self) {
        self.is_whole = true;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if !self.is_whole {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
