//! The sessions that ended lately, in memory: their access tokens are still out.

use std::time::Duration;

use invoiceapp_access::{CLOCK_LEEWAY_SECONDS, EndedSessions, SessionId};
use moka::sync::Cache;
use sqlx::SqlitePool;
use uuid::Uuid;

use super::{IdentityStore, IdentityStoreError};
use crate::tokens::ACCESS_TOKEN_SECONDS;

/// How many ended sessions are remembered; more than this many would have to end within minutes.
pub const ENDED_SESSIONS_MAX: u32 = 100_000;
/// How long the last access token of an ended session may still be accepted, in seconds.
pub(super) const ENDED_SESSION_SECONDS: i64 = ACCESS_TOKEN_SECONDS + CLOCK_LEEWAY_SECONDS;

/// The ids of sessions that ended lately.
#[derive(Debug, Clone)]
pub(super) struct EndedSessionIds(Cache<Uuid, ()>);

impl EndedSessionIds {
    /// Those that the store knows of. It keeps them for as long as they matter.
    pub(super) async fn load(pool: &SqlitePool) -> Result<Self, IdentityStoreError> {
        let life = Duration::from_secs(ENDED_SESSION_SECONDS.unsigned_abs());
        let ended = Self(
            Cache::builder()
                .max_capacity(u64::from(ENDED_SESSIONS_MAX))
                .time_to_live(life)
                .build(),
        );
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM sessions WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT ?1",
        )
        .bind(ENDED_SESSIONS_MAX)
        .fetch_all(pool)
        .await?;
        ended.insert(&ids)?;
        Ok(ended)
    }

    /// Remembers sessions, by their ids as the store returns them.
    pub(super) fn insert(&self, ids: &[String]) -> Result<(), IdentityStoreError> {
        for id in ids {
            let id = Uuid::try_parse(id).map_err(|_| IdentityStoreError::Damaged)?;
            self.0.insert(id, ());
        }
        Ok(())
    }
}

/// For the gate: a logout, a password change or a stolen refresh token works at once.
impl EndedSessions for IdentityStore {
    fn is_ended(&self, session: &SessionId) -> bool {
        session
            .as_uuid()
            .is_some_and(|id| self.ended.0.contains_key(&id))
    }
}
