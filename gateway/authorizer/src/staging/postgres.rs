//! In PostgreSQL, in a schema of its own: shared by every process of the user access role.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use invoiceapp_observe::client::{ClientSpan, called, table};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{PgPool, Row as _};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{CredentialStaging, Row, StagedCredential, StagingError, UserLock, page_start};

/// The schema of the tables.
const SCHEMA: &str = "identity";
/// Connections of one process: the table is touched by commands that set a password, and no other.
const CONNECTIONS_MAX: u32 = 4;
/// Hand-overs of one process at a time. Each holds a connection while the provider is asked; the other
/// connections are left to the commands, which must not wait for the provider.
const HAND_OVERS_MAX: usize = 2;
/// How long a caller waits for a connection, or for a hand-over of somebody else to end.
const ACQUIRE_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a statement may run, in milliseconds.
const STATEMENT_MILLISECONDS_MAX: &str = "5000";

/// The staging place. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PostgresStaging {
    pool: PgPool,
    hand_overs: Arc<Semaphore>,
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
                // The locks of a machine that is gone end within half a minute.
                ("tcp_keepalives_idle", "10"),
                ("tcp_keepalives_interval", "5"),
                ("tcp_keepalives_count", "3"),
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
        Ok(Self {
            pool,
            hand_overs: Arc::new(Semaphore::new(HAND_OVERS_MAX)),
        })
    }

    /// Closes the connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

#[async_trait]
impl CredentialStaging for PostgresStaging {
    async fn draw_turn(&self) -> Result<i64, StagingError> {
        let drawn = sqlx::query_scalar("SELECT nextval('password_turns')").fetch_one(&self.pool);
        called(table("postgresql", "SELECT", "password_turns"), drawn)
            .await
            .map_err(StagingError::of)
    }

    async fn stage(&self, credential: &StagedCredential) -> Result<(), StagingError> {
        let staged = sqlx::query(
            "INSERT INTO staged_credentials (command, fingerprint, tenant, phc, staged_at, turn)
             SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS
                 (SELECT 1 FROM staged_credentials
                  WHERE command = $1 AND handed_over_at IS NOT NULL)
             ON CONFLICT (command, fingerprint) DO UPDATE
                 SET claims = staged_credentials.claims + 1, staged_at = excluded.staged_at,
                     turn = greatest(staged_credentials.turn, excluded.turn)
                 WHERE staged_credentials.phc IS NOT NULL",
        )
        .bind(credential.command)
        .bind(credential.fingerprint.as_slice())
        .bind(credential.tenant.as_str())
        .bind(credential.hash.expose())
        .bind(credential.staged_at.as_second())
        .bind(credential.turn)
        .execute(&self.pool);
        called(calling("INSERT"), staged)
            .await
            .map(drop)
            .map_err(StagingError::of)
    }

    async fn staged_by(&self, command: Uuid) -> Result<Vec<StagedCredential>, StagingError> {
        let rows = sqlx::query(
            "SELECT command, fingerprint, tenant, phc, staged_at, turn FROM staged_credentials
             WHERE command = $1 AND phc IS NOT NULL",
        )
        .bind(command)
        .fetch_all(&self.pool);
        let rows = called(calling("SELECT"), rows)
            .await
            .map_err(StagingError::of)?;
        rows.iter().map(credential).collect()
    }

    async fn staged(
        &self,
        after: Option<&StagedCredential>,
        limit: u32,
    ) -> Result<Vec<StagedCredential>, StagingError> {
        let (turn, command, fingerprint) = page_start(after);
        let rows = sqlx::query(
            "SELECT command, fingerprint, tenant, phc, staged_at, turn FROM staged_credentials
             WHERE phc IS NOT NULL AND (turn, command, fingerprint) > ($1, $2, $3)
             ORDER BY turn, command, fingerprint LIMIT $4",
        )
        .bind(turn)
        .bind(command)
        .bind(fingerprint.as_slice())
        .bind(i64::from(limit))
        .fetch_all(&self.pool);
        let rows = called(calling("SELECT"), rows)
            .await
            .map_err(StagingError::of)?;
        rows.iter().map(credential).collect()
    }

    async fn lock(&self, tenant: &TenantId, user: UserId) -> Result<UserLock, StagingError> {
        let permit = Arc::clone(&self.hand_overs).acquire_owned();
        let permit = tokio::time::timeout(ACQUIRE_TIME_MAX, permit);
        let permit = permit.await.map_err(StagingError::of)?;
        let permit = permit.map_err(StagingError::of)?;
        let mut transaction = self.pool.begin().await.map_err(StagingError::of)?;
        // Two users of one number wait for each other, and no more.
        let locked = sqlx::query(
            "SELECT pg_advisory_xact_lock(hashtextextended('invoiceapp password of ' || $1, 0))",
        )
        .bind(format!("{tenant}/{user}"))
        .execute(&mut *transaction);
        called(table("postgresql", "SELECT", "taken_turns"), locked)
            .await
            .map_err(StagingError::of)?;
        Ok(UserLock::held_by((transaction, permit)))
    }

    async fn take_turn(
        &self,
        user: UserId,
        credential: &StagedCredential,
    ) -> Result<bool, StagingError> {
        let taken = sqlx::query(
            "INSERT INTO taken_turns (tenant, user_id, turn) VALUES ($1, $2, $3)
             ON CONFLICT (tenant, user_id) DO UPDATE SET turn = excluded.turn
                 WHERE taken_turns.turn <= excluded.turn",
        )
        .bind(credential.tenant.as_str())
        .bind(user.0)
        .bind(credential.turn)
        .execute(&self.pool);
        called(table("postgresql", "INSERT", "taken_turns"), taken)
            .await
            .map(|outcome| outcome.rows_affected() > 0)
            .map_err(StagingError::of)
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

    async fn withdraw(&self, command: Uuid, fingerprint: &[u8; 32]) -> Result<(), StagingError> {
        let taken_back = sqlx::query(
            "UPDATE staged_credentials SET claims = claims - 1
             WHERE command = $1 AND fingerprint = $2 AND phc IS NOT NULL",
        )
        .bind(command)
        .bind(fingerprint.as_slice())
        .execute(&self.pool);
        called(calling("UPDATE"), taken_back)
            .await
            .map_err(StagingError::of)?;
        // Not in one transaction: who stages it again in between makes it one that stays.
        let deleted = sqlx::query(
            "DELETE FROM staged_credentials
             WHERE command = $1 AND fingerprint = $2 AND phc IS NOT NULL AND claims <= 0",
        )
        .bind(command)
        .bind(fingerprint.as_slice())
        .execute(&self.pool);
        called(calling("DELETE"), deleted)
            .await
            .map(drop)
            .map_err(StagingError::of)
    }

    async fn discard(&self, command: Uuid, fingerprint: &[u8; 32]) -> Result<(), StagingError> {
        let deleted = sqlx::query(
            "DELETE FROM staged_credentials
             WHERE command = $1 AND fingerprint = $2 AND phc IS NOT NULL",
        )
        .bind(command)
        .bind(fingerprint.as_slice())
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
        turn: row.try_get("turn").map_err(StagingError::of)?,
    };
    row.try_into()
}
