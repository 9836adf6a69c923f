//! In PostgreSQL, in a schema of its own: shared by every process of the user access role.

use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_observe::client::{ClientSpan, called, table};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

use super::{CredentialStaging, Row, StagedCredential, StagingError};

/// The schema of the tables.
const SCHEMA: &str = "identity";
/// Connections of one process: the table is touched by commands that set a password, and no other.
const CONNECTIONS_MAX: u32 = 4;
/// How long a caller waits for a connection.
const ACQUIRE_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a statement may run, in milliseconds.
const STATEMENT_MILLISECONDS_MAX: &str = "5000";

/// The staging place. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PostgresStaging {
    pool: PgPool,
}

impl PostgresStaging {
    /// Connects and brings the schema up to date.
    ///
    /// # Errors
    /// [`StagingError`].
    pub async fn open(url: &SecretString) -> Result<Self, StagingError> {
        let options = PgConnectOptions::from_str(url.expose_secret())
            // The parser's own words may quote the address, which has a password in it.
            .map_err(|_| StagingError::of("the address of PostgreSQL is not valid"))?
            .options([
                ("search_path", SCHEMA),
                ("statement_timeout", STATEMENT_MILLISECONDS_MAX),
                ("synchronous_commit", "on"),
            ]);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(ACQUIRE_TIME_MAX)
            .connect_with(options)
            .await
            .map_err(StagingError::of)?;
        // Two processes that start together must not both create it: the lock ends with the
        // transaction.
        let mut transaction = pool.begin().await.map_err(StagingError::of)?;
        sqlx::query("SELECT pg_advisory_xact_lock(hashtext('invoiceapp identity schema'))")
            .execute(&mut *transaction)
            .await
            .map_err(StagingError::of)?;
        sqlx::query("CREATE SCHEMA IF NOT EXISTS identity")
            .execute(&mut *transaction)
            .await
            .map_err(StagingError::of)?;
        transaction.commit().await.map_err(StagingError::of)?;
        sqlx::migrate!("./migrations-postgres")
            .run(&pool)
            .await
            .map_err(StagingError::of)?;
        Ok(Self { pool })
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[async_trait]
impl CredentialStaging for PostgresStaging {
    async fn stage(&self, credential: &StagedCredential) -> Result<(), StagingError> {
        let staged = sqlx::query(
            "INSERT INTO staged_credentials (command, fingerprint, tenant, phc, staged_at)
             SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS
                 (SELECT 1 FROM staged_credentials
                  WHERE command = $1 AND handed_over_at IS NOT NULL)
             ON CONFLICT DO NOTHING",
        )
        .bind(credential.command)
        .bind(credential.fingerprint.as_slice())
        .bind(credential.tenant.as_str())
        .bind(credential.hash.expose())
        .bind(credential.staged_at.as_second())
        .execute(&self.pool);
        called(calling("INSERT"), staged)
            .await
            .map(drop)
            .map_err(StagingError::of)
    }

    async fn staged_by(&self, command: Uuid) -> Result<Vec<StagedCredential>, StagingError> {
        let rows = sqlx::query(
            "SELECT command, fingerprint, tenant, phc, staged_at FROM staged_credentials
             WHERE command = $1 AND phc IS NOT NULL",
        )
        .bind(command)
        .fetch_all(&self.pool);
        let rows = called(calling("SELECT"), rows)
            .await
            .map_err(StagingError::of)?;
        rows.iter().map(credential).collect()
    }

    async fn staged(&self, limit: u32) -> Result<Vec<StagedCredential>, StagingError> {
        let rows = sqlx::query(
            "SELECT command, fingerprint, tenant, phc, staged_at FROM staged_credentials
             WHERE phc IS NOT NULL ORDER BY staged_at, command LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.pool);
        let rows = called(calling("SELECT"), rows)
            .await
            .map_err(StagingError::of)?;
        rows.iter().map(credential).collect()
    }

    async fn handed_over(&self, command: Uuid, now: Timestamp) -> Result<(), StagingError> {
        let erased = sqlx::query(
            "UPDATE staged_credentials SET phc = NULL, handed_over_at = $2
             WHERE command = $1 AND phc IS NOT NULL",
        )
        .bind(command)
        .bind(now.as_second())
        .execute(&self.pool);
        called(calling("UPDATE"), erased)
            .await
            .map(drop)
            .map_err(StagingError::of)
    }

    async fn discard(&self, command: Uuid) -> Result<(), StagingError> {
        let deleted =
            sqlx::query("DELETE FROM staged_credentials WHERE command = $1 AND phc IS NOT NULL")
                .bind(command)
                .execute(&self.pool);
        called(calling("DELETE"), deleted)
            .await
            .map(drop)
            .map_err(StagingError::of)
    }

    async fn forget(&self, before: Timestamp) -> Result<u64, StagingError> {
        let deleted = sqlx::query("DELETE FROM staged_credentials WHERE handed_over_at < $1")
            .bind(before.as_second())
            .execute(&self.pool);
        called(calling("DELETE"), deleted)
            .await
            .map(|outcome| outcome.rows_affected())
            .map_err(StagingError::of)
    }
}

/// The span of a call, as far as a request asks for it.
fn calling(operation: &'static str) -> ClientSpan {
    table("postgresql", operation, "staged_credentials")
}

fn credential(row: &PgRow) -> Result<StagedCredential, StagingError> {
    let row = Row {
        command: row.try_get("command").map_err(StagingError::of)?,
        fingerprint: row.try_get("fingerprint").map_err(StagingError::of)?,
        tenant: row.try_get("tenant").map_err(StagingError::of)?,
        phc: row.try_get("phc").map_err(StagingError::of)?,
        staged_at: row.try_get("staged_at").map_err(StagingError::of)?,
    };
    row.try_into()
}
