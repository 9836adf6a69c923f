//! Sessions and their refresh tokens.
//!
//! A session is a family of tokens of which one is good at a time. Rotation marks that one and adds
//! its successor in one transaction. A marked token that comes again was copied by somebody: the
//! whole family ends, whoever presented it (RFC 9700, section 4.14.2).

use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::ended::ENDED_SESSION_SECONDS;
use super::{IdentityStore, IdentityStoreError};
use crate::tokens::{REFRESH_TOKEN_SECONDS, RefreshDigest, SESSION_SECONDS_MAX};

/// How many sessions a user may have; a further login ends the oldest.
pub const SESSIONS_PER_USER_MAX: i64 = 50;
/// How many rows of each kind one purge removes.
pub const PURGE_ROWS_MAX: i64 = 500;

/// A login to be recorded.
#[derive(Debug, Clone, Copy)]
pub struct NewSession<'a> {
    /// Its id, in the tokens as `sid`.
    pub id: Uuid,
    /// Whose tenant.
    pub tenant: &'a TenantId,
    /// Who logged in.
    pub user: UserId,
    /// The first refresh token.
    pub digest: RefreshDigest,
}

/// A login that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, in the tokens as `sid`.
    pub id: Uuid,
    /// Whose tenant.
    pub tenant: TenantId,
    /// Who logged in.
    pub user: UserId,
}

/// What became of a presented refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// It was the good one; its successor is the good one now.
    Rotated(Session),
    /// It had been rotated before; its session has been ended.
    Reused(Session),
    /// It is unknown, expired, or of an ended session.
    Invalid,
}

struct StoredToken {
    session: Session,
    session_expires_at: i64,
    rotated: bool,
    valid: bool,
}

impl StoredToken {
    fn from_row(row: &SqliteRow, now: i64) -> Result<Self, IdentityStoreError> {
        let id: String = row.try_get("id")?;
        let tenant: String = row.try_get("tenant")?;
        let user: String = row.try_get("user_id")?;
        let session_expires_at = row.try_get("session_expires_at")?;
        let expires_at: i64 = row.try_get("expires_at")?;
        let session = Session {
            id: Uuid::try_parse(&id).map_err(|_| IdentityStoreError::Damaged)?,
            tenant: TenantId::parse(&tenant).map_err(|_| IdentityStoreError::Damaged)?,
            user: user.parse().map_err(|_| IdentityStoreError::Damaged)?,
        };
        let ended = row.try_get::<Option<i64>, _>("ended_at")?.is_some();
        Ok(Self {
            session,
            session_expires_at,
            rotated: row.try_get::<Option<i64>, _>("rotated_at")?.is_some(),
            valid: !ended && now < expires_at.min(session_expires_at),
        })
    }
}

impl IdentityStore {
    /// Records a login. The user's oldest sessions beyond [`SESSIONS_PER_USER_MAX`] end.
    ///
    /// # Errors
    /// [`IdentityStoreError`]; nothing has changed then.
    pub async fn start_session(
        &self,
        new: NewSession<'_>,
        now: Timestamp,
    ) -> Result<Session, IdentityStoreError> {
        let now = now.as_second();
        let expires_at = now.saturating_add(SESSION_SECONDS_MAX);
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(
            "INSERT INTO sessions (id, tenant, user_id, started_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(new.id.to_string())
        .bind(new.tenant.as_str())
        .bind(new.user.to_string())
        .bind(now)
        .bind(expires_at)
        .execute(&mut *transaction)
        .await?;
        insert_token(&mut transaction, new.digest, new.id, (now, expires_at)).await?;
        let ended: Vec<String> = sqlx::query_scalar(
            "UPDATE sessions SET ended_at = ?4 WHERE id IN (
                 SELECT id FROM sessions WHERE tenant = ?1 AND user_id = ?2 AND ended_at IS NULL
                 ORDER BY started_at DESC, id DESC LIMIT -1 OFFSET ?3) RETURNING id",
        )
        .bind(new.tenant.as_str())
        .bind(new.user.to_string())
        .bind(SESSIONS_PER_USER_MAX)
        .bind(now)
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        self.ended.insert(&ended)?;
        Ok(Session {
            id: new.id,
            tenant: new.tenant.clone(),
            user: new.user,
        })
    }

    /// The session a refresh token belongs to, also when the token has been rotated already; `None`
    /// when it is unknown, expired, or of an ended session.
    ///
    /// # Errors
    /// [`IdentityStoreError`].
    pub async fn session_of(
        &self,
        digest: RefreshDigest,
        now: Timestamp,
    ) -> Result<Option<Session>, IdentityStoreError> {
        let mut connection = self.pool.acquire().await?;
        let stored = stored_token(&mut connection, digest, now.as_second()).await?;
        Ok(stored
            .filter(|stored| stored.valid)
            .map(|stored| stored.session))
    }

    /// Spends a refresh token and puts its successor in its place.
    ///
    /// # Errors
    /// [`IdentityStoreError`]; the token has not been spent then.
    pub async fn rotate(
        &self,
        presented: RefreshDigest,
        successor: RefreshDigest,
        now: Timestamp,
    ) -> Result<Rotation, IdentityStoreError> {
        let now = now.as_second();
        // Immediate, so that of two who present the same token the second sees the first's mark.
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let stored = stored_token(&mut transaction, presented, now).await?;
        let Some(stored) = stored.filter(|stored| stored.valid) else {
            return Ok(Rotation::Invalid);
        };
        if stored.rotated {
            let ended = end_session(&mut transaction, stored.session.id, now).await?;
            transaction.commit().await?;
            self.ended.insert(&ended)?;
            return Ok(Rotation::Reused(stored.session));
        }
        sqlx::query("UPDATE refresh_tokens SET rotated_at = ?1 WHERE digest = ?2")
            .bind(now)
            .bind(presented.0.as_slice())
            .execute(&mut *transaction)
            .await?;
        let period = (now, stored.session_expires_at);
        insert_token(&mut transaction, successor, stored.session.id, period).await?;
        transaction.commit().await?;
        Ok(Rotation::Rotated(stored.session))
    }

    /// Ends a session. One that is unknown has ended.
    ///
    /// # Errors
    /// [`IdentityStoreError`].
    pub async fn end_session(&self, id: Uuid, now: Timestamp) -> Result<(), IdentityStoreError> {
        let mut connection = self.pool.acquire().await?;
        let ended = end_session(&mut connection, id, now.as_second()).await?;
        self.ended.insert(&ended)
    }

    /// Ends the session that a refresh token belongs to, whether the token is good or not.
    ///
    /// # Errors
    /// [`IdentityStoreError`].
    pub async fn end_session_of_token(
        &self,
        digest: RefreshDigest,
        now: Timestamp,
    ) -> Result<(), IdentityStoreError> {
        let ended: Vec<String> = sqlx::query_scalar(
            "UPDATE sessions SET ended_at = ?1 WHERE ended_at IS NULL AND id =
                 (SELECT session FROM refresh_tokens WHERE digest = ?2) RETURNING id",
        )
        .bind(now.as_second())
        .bind(digest.0.as_slice())
        .fetch_all(&self.pool)
        .await?;
        self.ended.insert(&ended)
    }

    /// Ends every session of a user.
    ///
    /// # Errors
    /// [`IdentityStoreError`].
    pub async fn end_sessions_of_user(
        &self,
        tenant: &TenantId,
        user: UserId,
        now: Timestamp,
    ) -> Result<(), IdentityStoreError> {
        let mut connection = self.pool.acquire().await?;
        let ended = end_sessions_of(&mut connection, tenant, user, now).await?;
        self.ended.insert(&ended)
    }

    /// Removes what has no meaning any more, at most [`PURGE_ROWS_MAX`] rows of each kind. Answers
    /// how many rows went; less than that many means that nothing is left to remove.
    ///
    /// # Errors
    /// [`IdentityStoreError`].
    pub async fn purge_expired(&self, now: Timestamp) -> Result<u64, IdentityStoreError> {
        let now = now.as_second();
        let mut removed = 0_u64;
        for (statement, before) in [
            (PURGE_TOKENS, now),
            (PURGE_SESSIONS, now),
            // Until then its access tokens are out, and a restart must know that they do not count.
            (
                PURGE_ENDED_SESSIONS,
                now.saturating_sub(ENDED_SESSION_SECONDS),
            ),
        ] {
            let outcome = sqlx::query(statement)
                .bind(before)
                .bind(PURGE_ROWS_MAX)
                .execute(&self.pool)
                .await?;
            removed = removed.saturating_add(outcome.rows_affected());
        }
        Ok(removed)
    }
}

const PURGE_TOKENS: &str = "DELETE FROM refresh_tokens WHERE digest IN
    (SELECT digest FROM refresh_tokens WHERE expires_at <= ?1 LIMIT ?2)";
/// Also those that were idle until their last token expired.
const PURGE_SESSIONS: &str = "DELETE FROM sessions WHERE id IN
    (SELECT id FROM sessions WHERE ended_at IS NULL AND (expires_at <= ?1 OR NOT EXISTS
        (SELECT 1 FROM refresh_tokens WHERE session = sessions.id)) LIMIT ?2)";
const PURGE_ENDED_SESSIONS: &str = "DELETE FROM sessions WHERE id IN
    (SELECT id FROM sessions WHERE ended_at <= ?1 LIMIT ?2)";

async fn stored_token(
    connection: &mut SqliteConnection,
    digest: RefreshDigest,
    now: i64,
) -> Result<Option<StoredToken>, IdentityStoreError> {
    let row = sqlx::query(
        "SELECT sessions.id, sessions.tenant, sessions.user_id, sessions.ended_at,
                sessions.expires_at AS session_expires_at,
                refresh_tokens.expires_at, refresh_tokens.rotated_at
         FROM refresh_tokens JOIN sessions ON sessions.id = refresh_tokens.session
         WHERE refresh_tokens.digest = ?1",
    )
    .bind(digest.0.as_slice())
    .fetch_optional(connection)
    .await?;
    row.map(|row| StoredToken::from_row(&row, now)).transpose()
}

/// `period` is the present and the end of the session, which no token outlives.
async fn insert_token(
    connection: &mut SqliteConnection,
    digest: RefreshDigest,
    session: Uuid,
    period: (i64, i64),
) -> Result<(), IdentityStoreError> {
    let (now, session_expires_at) = period;
    sqlx::query("INSERT INTO refresh_tokens (digest, session, expires_at) VALUES (?1, ?2, ?3)")
        .bind(digest.0.as_slice())
        .bind(session.to_string())
        .bind(
            now.saturating_add(REFRESH_TOKEN_SECONDS)
                .min(session_expires_at),
        )
        .execute(connection)
        .await?;
    Ok(())
}

/// Answers the ids of the sessions that it ended.
async fn end_session(
    connection: &mut SqliteConnection,
    id: Uuid,
    now: i64,
) -> Result<Vec<String>, IdentityStoreError> {
    let ended = sqlx::query_scalar(
        "UPDATE sessions SET ended_at = ?1 WHERE id = ?2 AND ended_at IS NULL RETURNING id",
    )
    .bind(now)
    .bind(id.to_string())
    .fetch_all(connection)
    .await?;
    Ok(ended)
}

/// Answers the ids of the sessions that it ended.
pub(super) async fn end_sessions_of(
    connection: &mut SqliteConnection,
    tenant: &TenantId,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<String>, IdentityStoreError> {
    let ended = sqlx::query_scalar(
        "UPDATE sessions SET ended_at = ?1
         WHERE tenant = ?2 AND user_id = ?3 AND ended_at IS NULL RETURNING id",
    )
    .bind(now.as_second())
    .bind(tenant.as_str())
    .bind(user.to_string())
    .fetch_all(connection)
    .await?;
    Ok(ended)
}
