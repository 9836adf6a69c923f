//! In the identity store.

use async_trait::async_trait;
use invoiceapp_observe::client::{ClientSpan, called, table};
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{CredentialStaging, Row, StagedCredential, StagingError};
use crate::sqlite::IdentityStore;

#[async_trait]
impl CredentialStaging for IdentityStore {
    async fn stage(&self, credential: &StagedCredential) -> Result<(), StagingError> {
        let staged = sqlx::query(
            "INSERT INTO staged_credentials (command, fingerprint, tenant, phc, staged_at)
             SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS
                 (SELECT 1 FROM staged_credentials
                  WHERE command = ?1 AND handed_over_at IS NOT NULL)
             ON CONFLICT DO NOTHING",
        )
        .bind(credential.command.to_string())
        .bind(credential.fingerprint.as_slice())
        .bind(credential.tenant.as_str())
        .bind(credential.hash.expose())
        .bind(credential.staged_at.as_second())
        .execute(self.pool());
        called(calling("INSERT"), staged)
            .await
            .map(drop)
            .map_err(StagingError::of)
    }

    async fn staged_by(&self, command: Uuid) -> Result<Vec<StagedCredential>, StagingError> {
        let rows = sqlx::query(
            "SELECT command, fingerprint, tenant, phc, staged_at FROM staged_credentials
             WHERE command = ?1 AND phc IS NOT NULL",
        )
        .bind(command.to_string())
        .fetch_all(self.pool());
        let rows = called(calling("SELECT"), rows)
            .await
            .map_err(StagingError::of)?;
        rows.iter().map(credential).collect()
    }

    async fn staged(&self, limit: u32) -> Result<Vec<StagedCredential>, StagingError> {
        let rows = sqlx::query(
            "SELECT command, fingerprint, tenant, phc, staged_at FROM staged_credentials
             WHERE phc IS NOT NULL ORDER BY staged_at, command LIMIT ?1",
        )
        .bind(limit)
        .fetch_all(self.pool());
        let rows = called(calling("SELECT"), rows)
            .await
            .map_err(StagingError::of)?;
        rows.iter().map(credential).collect()
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

    async fn discard(&self, command: Uuid) -> Result<(), StagingError> {
        let deleted =
            sqlx::query("DELETE FROM staged_credentials WHERE command = ?1 AND phc IS NOT NULL")
                .bind(command.to_string())
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
    };
    row.try_into()
}
