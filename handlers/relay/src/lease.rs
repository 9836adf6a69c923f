//! Who may publish: one relay at a time, by a row in PostgreSQL. Every change of the row names the
//! epoch in which its holder took it, so that one who was thought dead cannot move it any more.

use std::time::Duration;

use invoiceapp_observe::client::{called, table};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgPool, Postgres, Row};
use tokio::time::timeout;
use uuid::Uuid;

use crate::error::LeaseError;
use crate::mark::Ends;

/// Longest wait for the database.
pub const LEASE_DEADLINE: Duration = Duration::from_secs(5);

/// Serialises the creation of the table among processes that start together.
const CREATION_LOCK: i64 = 0x696e_765f_7265_6c61;

/// The leases of relays, in one table.
#[derive(Debug, Clone)]
pub struct LeaseTable {
    pool: PgPool,
    holder: Uuid,
}

/// A lease that was taken, and where its line goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) epoch: i64,
    pub(crate) position: u64,
    pub(crate) ends: Ends,
}

/// What anybody can see of a relay's place in its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseView {
    /// Every event up to here is on the topics.
    pub position: u64,
    /// How often the lease was taken.
    pub epoch: u64,
    /// Whether a relay holds it now.
    pub is_held: bool,
    /// Whether that one is the holder that asks.
    pub is_ours: bool,
}

impl LeaseTable {
    /// A holder's view of the table; `holder` is fresh for every process.
    #[must_use]
    pub const fn new(pool: PgPool, holder: Uuid) -> Self {
        Self { pool, holder }
    }

    /// Creates the table, unless it is there.
    ///
    /// # Errors
    /// [`LeaseError`] when the database refuses.
    pub async fn create(&self) -> Result<(), LeaseError> {
        let work = async {
            let mut transaction = self.pool.begin().await?;
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(CREATION_LOCK)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(
                "CREATE TABLE IF NOT EXISTS feeds (
                    name text PRIMARY KEY,
                    position bigint NOT NULL CHECK (position >= 0),
                    ends text NOT NULL,
                    epoch bigint NOT NULL,
                    holder text NOT NULL,
                    lease_until timestamptz NOT NULL
                )",
            )
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await
        };
        Ok(timeout(LEASE_DEADLINE, work).await??)
    }

    /// The lease of a journal as it is now; `None` when no relay has ever had it.
    ///
    /// # Errors
    /// [`LeaseError`].
    pub async fn look(&self, name: &str) -> Result<Option<LeaseView>, LeaseError> {
        let there = sqlx::query_scalar("SELECT to_regclass('feeds') IS NOT NULL");
        let is_there: bool = timeout(LEASE_DEADLINE, there.fetch_one(&self.pool)).await??;
        if !is_there {
            return Ok(None);
        }
        let query = sqlx::query(
            "SELECT position, epoch, lease_until >= now() AS is_held, holder FROM feeds
             WHERE name = $1",
        )
        .bind(name);
        let row = timeout(LEASE_DEADLINE, query.fetch_optional(&self.pool)).await??;
        let Some(row) = row else {
            return Ok(None);
        };
        let position: i64 = row.try_get("position")?;
        let epoch: i64 = row.try_get("epoch")?;
        let is_held: bool = row.try_get("is_held")?;
        let holder: String = row.try_get("holder")?;
        Ok(Some(LeaseView {
            position: u64::try_from(position).unwrap_or_default(),
            epoch: u64::try_from(epoch).unwrap_or_default(),
            is_held,
            is_ours: is_held && holder == self.holder.to_string(),
        }))
    }

    /// Takes the lease, if it is free, has run out, or was this holder's before.
    pub(crate) async fn take(
        &self,
        name: &str,
        hold: Duration,
    ) -> Result<Option<Taken>, LeaseError> {
        let query = sqlx::query(
            "INSERT INTO feeds (name, position, ends, epoch, holder, lease_until)
             VALUES ($1, 0, '{}', 1, $2, now() + $3 * interval '1 millisecond')
             ON CONFLICT (name) DO UPDATE
             SET epoch = feeds.epoch + 1, holder = excluded.holder,
                 lease_until = excluded.lease_until
             WHERE feeds.lease_until < now() OR feeds.holder = excluded.holder
             RETURNING epoch, position, ends",
        )
        .bind(name)
        .bind(self.holder.to_string())
        .bind(milliseconds(hold));
        let row = timeout(LEASE_DEADLINE, query.fetch_optional(&self.pool)).await??;
        let Some(row) = row else {
            return Ok(None);
        };
        let position: i64 = row.try_get("position")?;
        let ends: String = row.try_get("ends")?;
        Ok(Some(Taken {
            epoch: row.try_get("epoch")?,
            position: u64::try_from(position).unwrap_or_default(),
            ends: serde_json::from_str(&ends)?,
        }))
    }

    /// Holds the lease longer; `false` when another one has it.
    pub(crate) async fn renew(
        &self,
        name: &str,
        epoch: i64,
        hold: Duration,
    ) -> Result<bool, LeaseError> {
        let query = sqlx::query(
            "UPDATE feeds SET lease_until = now() + $3 * interval '1 millisecond'
             WHERE name = $1 AND epoch = $2",
        )
        .bind(name)
        .bind(epoch)
        .bind(milliseconds(hold));
        self.moved(query).await
    }

    /// Moves the checkpoint and holds the lease longer; `false` when another one has it.
    pub(crate) async fn checkpoint(
        &self,
        name: &str,
        epoch: i64,
        hold: Duration,
        position: u64,
        ends: &Ends,
    ) -> Result<bool, LeaseError> {
        let query = sqlx::query(
            "UPDATE feeds SET position = $4, ends = $5,
                    lease_until = now() + $3 * interval '1 millisecond'
             WHERE name = $1 AND epoch = $2",
        )
        .bind(name)
        .bind(epoch)
        .bind(milliseconds(hold))
        .bind(i64::try_from(position).unwrap_or(i64::MAX))
        .bind(serde_json::to_string(ends)?);
        self.moved(query).await
    }

    /// Whether a statement has changed the row.
    async fn moved(&self, statement: Query<'_, Postgres, PgArguments>) -> Result<bool, LeaseError> {
        let change = async {
            let done = timeout(LEASE_DEADLINE, statement.execute(&self.pool)).await??;
            Ok::<_, LeaseError>(done.rows_affected() == 1)
        };
        called(table("postgresql", "UPDATE", "feeds"), change).await
    }

    /// Lets another one take over at once.
    pub(crate) async fn release(&self, name: &str, epoch: i64) -> Result<(), LeaseError> {
        let query = sqlx::query(
            "UPDATE feeds SET lease_until = now() - interval '1 second'
             WHERE name = $1 AND epoch = $2",
        )
        .bind(name)
        .bind(epoch);
        self.moved(query).await?;
        Ok(())
    }
}

fn milliseconds(hold: Duration) -> i64 {
    i64::try_from(hold.as_millis()).unwrap_or(i64::MAX)
}
