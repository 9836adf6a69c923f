//! In the identity store.

use async_trait::async_trait;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use invoiceapp_observe::client::{ClientSpan, called, table};
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{CredentialStaging, Row, StagedCredential, StagingError, UserLock, page_start};
use crate::sqlite::IdentityStore;

#[async_trait]
impl CredentialStaging for IdentityStore {
    async fn draw_turn(&self) -> Result<i64, StagingError> {
        let drawn = sqlx::query_scalar("UPDATE password_turns SET last = last + 1 RETURNING last")
            .fetch_one(self.pool());
        called(table("sqlite", "UPDATE", "password_turns"), drawn)
            .await
            .map_err(StagingError::of)
    }

    async fn stage(&self, credential: &StagedCredential) -> Result<(), StagingError> {
        let staged = sqlx::query(
            "INSERT INTO staged_credentials (command, fingerprint, tenant, phc, staged_at, turn)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS
                 (SELECT 1 FROM staged_credentials
                  WHERE command = ?1 AND handed_over_at IS NOT NULL)
             ON CONFLICT (command, fingerprint) DO UPDATE
                 SET claims = staged_credentials.claims + 1, staged_at = excluded.staged_at,
                     turn = max(staged_credentials.turn, excluded.turn)
                 WHERE staged_credentials.phc IS NOT NULL",
        )
        .bind(credential.command.to_string())
        .bind(credential.fingerprint.as_slice())
        .bind(credential.tenant.as_str())
        .bind(credential.hash.expose())
        .bind(credential.staged_at.as_second())
        .bind(credential.turn)
        .execute(self.pool());
        called(calling("INSERT"), staged)
            .await
            .map(drop)
            .map_err(StagingError::of)
    }

    async fn staged_by(&self, command: Uuid) -> Result<Vec<StagedCredential>, StagingError> {
        let rows = sqlx::query(
            "SELECT command, fingerprint, tenant, phc, staged_at, turn FROM staged_credentials
             WHERE command = ?1 AND phc IS NOT NULL",
        )
        .bind(command.to_string())
        .fetch_all(self.pool());
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
             WHERE phc IS NOT NULL AND (turn, command, fingerprint) > (?1, ?2, ?3)
             ORDER BY turn, command, fingerprint LIMIT ?4",
        )
        .bind(turn)
        .bind(command.to_string())
        .bind(fingerprint.as_slice())
        .bind(limit)
        .fetch_all(self.pool());
        let rows = called(calling("SELECT"), rows)
            .await
            .map_err(StagingError::of)?;
        rows.iter().map(credential).collect()
    }

    async fn lock(&self, _: &TenantId, _: UserId) -> Result<UserLock, StagingError> {
        // One for all users: the provider is the file next door.
        let lock = std::sync::Arc::clone(self.hand_overs());
        Ok(UserLock::held_by(lock.lock_owned().await))
    }

    async fn take_turn(
        &self,
        user: UserId,
        credential: &StagedCredential,
    ) -> Result<bool, StagingError> {
        let taken = sqlx::query(
            "INSERT INTO taken_turns (tenant, user_id, turn) VALUES (?1, ?2, ?3)
             ON CONFLICT (tenant, user_id) DO UPDATE SET turn = excluded.turn
                 WHERE taken_turns.turn <= excluded.turn",
        )
        .bind(credential.tenant.as_str())
        .bind(user.to_string())
        .bind(credential.turn)
        .execute(self.pool());
        called(table("sqlite", "INSERT", "taken_turns"), taken)
            .await
            .map(|outcome| outcome.rows_affected() > 0)
            .map_err(StagingError::of)
    }

    async fn handed_over(&self, command: Uuid, now: Timestamp) -> Result<(), StagingError> {
        let erased = sqlx::query(
            "UPDATE staged_credentials SET phc = NULL, handed_over_at = ?2
             WHERE command = ?1 AND phc IS NOT NULL",
        )
        .bind(command.to_string())
        .bind(now.as_second())
        .execute(self.pool());
        called(calling("UPDATE"), erased)
            .await
            .map(drop)
            .map_err(StagingError::of)
    }

    async fn withdraw(&self, command: Uuid, fingerprint: &[u8; 32]) -> Result<(), StagingError> {
        let taken_back = sqlx::query(
            "UPDATE staged_credentials SET claims = claims - 1
             WHERE command = ?1 AND fingerprint = ?2 AND phc IS NOT NULL",
        )
        .bind(command.to_string())
        .bind(fingerprint.as_slice())
        .execute(self.pool());
        called(calling("UPDATE"), taken_back)
            .await
            .map_err(StagingError::of)?;
        // Not in one transaction: who stages it again in between makes it one that stays.
        let deleted = sqlx::query(
            "DELETE FROM staged_credentials
             WHERE command = ?1 AND fingerprint = ?2 AND phc IS NOT NULL AND claims <= 0",
        )
        .bind(command.to_string())
        .bind(fingerprint.as_slice())
        .execute(self.pool());
        called(calling("DELETE"), deleted)
            .await
            .map(drop)
            .map_err(StagingError::of)
    }

    async fn discard(&self, command: Uuid, fingerprint: &[u8; 32]) -> Result<(), StagingError> {
        let deleted = sqlx::query(
            "DELETE FROM staged_credentials
             WHERE command = ?1 AND fingerprint = ?2 AND phc IS NOT NULL",
        )
        .bind(command.to_string())
        .bind(fingerprint.as_slice())
        .execute(self.pool());
        called(calling("DELETE"), deleted)
            .await
            .map(drop)
            .map_err(StagingError::of)
    }

    async fn forget(&self, before: Timestamp) -> Result<u64, StagingError> {
        let deleted = sqlx::query("DELETE FROM staged_credentials WHERE handed_over_at < ?1")
            .bind(before.as_second())
            .execute(self.pool());
        called(calling("DELETE"), deleted)
            .await
            .map(|outcome| outcome.rows_affected())
            .map_err(StagingError::of)
    }
}

/// The span of a call, as far as a request asks for it.
fn calling(operation: &'static str) -> ClientSpan {
    table("sqlite", operation, "staged_credentials")
}

fn credential(row: &SqliteRow) -> Result<StagedCredential, StagingError> {
    let command: String = row.try_get("command").map_err(StagingError::of)?;
    let row = Row {
        command: Uuid::try_parse(&command).map_err(StagingError::of)?,
        fingerprint: row.try_get("fingerprint").map_err(StagingError::of)?,
        tenant: row.try_get("tenant").map_err(StagingError::of)?,
        phc: row.try_get("phc").map_err(StagingError::of)?,
        staged_at: row.try_get("staged_at").map_err(StagingError::of)?,
        turn: row.try_get("turn").map_err(StagingError::of)?,
    };
    row.try_into()
}
