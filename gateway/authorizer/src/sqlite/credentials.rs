//! The passwords' hashes.

use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use jiff::Timestamp;

use super::sessions::end_sessions_of;
use super::{IdentityStore, IdentityStoreError};
use crate::passwords::PasswordHash;

impl IdentityStore {
    /// Gives a user a password, and ends the sessions that were begun with another. Storing the hash
    /// that is stored already changes nothing.
    ///
    /// # Errors
    /// [`IdentityStoreError`]; nothing has changed then.
    pub async fn set_credential(
        &self,
        tenant: &TenantId,
        user: UserId,
        hash: &PasswordHash,
        now: Timestamp,
    ) -> Result<(), IdentityStoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let stored = sqlx::query(
            "INSERT INTO credentials (tenant, user_id, phc, changed_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (tenant, user_id) DO UPDATE SET phc = ?3, changed_at = ?4
             WHERE phc <> ?3",
        )
        .bind(tenant.as_str())
        .bind(user.to_string())
        .bind(hash.expose())
        .bind(now.as_second())
        .execute(&mut *transaction)
        .await?;
        if stored.rows_affected() == 0 {
            return Ok(());
        }
        let ended = end_sessions_of(&mut transaction, tenant, user, now).await?;
        transaction.commit().await?;
        self.ended.insert(&ended)
    }

    /// A user's password hash; `None` when the user has none.
    ///
    /// # Errors
    /// [`IdentityStoreError`].
    pub async fn credential(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<PasswordHash>, IdentityStoreError> {
        let phc: Option<String> =
            sqlx::query_scalar("SELECT phc FROM credentials WHERE tenant = ?1 AND user_id = ?2")
                .bind(tenant.as_str())
                .bind(user.to_string())
                .fetch_optional(&self.pool)
                .await?;
        Ok(phc.map(PasswordHash::from_stored))
    }
}
