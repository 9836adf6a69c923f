//! Brings an account in Keycloak to the state of its user.

use std::sync::Arc;

use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::user::User;
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_journal::execute::{CommandExecutor, LoadError};
use secrecy::SecretString;
use thiserror::Error;

use crate::accounts::{Account, AccountError, KeycloakAccounts};
use crate::hash::{HashNotUsable, KeycloakHash};

/// How often an account is written again because its user changed meanwhile, or somebody else wrote
/// it.
const ROUNDS_MAX: u32 = 4;

/// Why an account is not in step with its user.
#[derive(Debug, Error)]
pub enum SyncError {
    /// The user cannot be loaded.
    #[error("the user cannot be loaded")]
    Load(#[from] LoadError),
    /// There is no such user.
    #[error("there is no such user")]
    NoSuchUser,
    /// Keycloak cannot be written, or refuses.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The hash is none that Keycloak can take.
    #[error(transparent)]
    Hash(#[from] HashNotUsable),
}

/// Writes accounts from the journal. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AccountSync {
    accounts: Arc<KeycloakAccounts>,
    executor: CommandExecutor,
}

impl AccountSync {
    /// Accounts, and the journal that says what they have to be.
    #[must_use]
    pub const fn new(accounts: Arc<KeycloakAccounts>, executor: CommandExecutor) -> Self {
        Self { accounts, executor }
    }

    /// Makes the account of a user equal to the user as of now. It looks again afterwards: whoever
    /// wrote last has seen the newest state, so that a late writer cannot leave an old one behind.
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn bring_up_to_date(&self, stream: &StreamId) -> Result<(), SyncError> {
        self.write(stream, None).await
    }

    /// Gives a user's account the password of a hash (Argon2id in PHC form), and makes the account
    /// when it is not there yet. The sessions begun with another password end.
    ///
    /// # Errors
    /// [`SyncError`].
    pub async fn set_password(
        &self,
        tenant: &TenantId,
        user: UserId,
        phc: &SecretString,
    ) -> Result<(), SyncError> {
        let hash = KeycloakHash::from_phc(phc)?;
        let stream = StreamId::new(tenant.clone(), StreamKind::User, user);
        self.write(&stream, Some(&hash)).await
    }

    async fn write(&self, stream: &StreamId, hash: Option<&KeycloakHash>) -> Result<(), SyncError> {
        let (mut account, mut version) = self.wanted(stream).await?;
        let mut hash = hash;
        for _ in 0..ROUNDS_MAX {
            match self.accounts.put(&account, hash).await {
                Err(AccountError::Conflict) => continue,
                outcome => outcome?,
            }
            hash = None;
            let (now_wanted, now_version) = self.wanted(stream).await?;
            if now_version == version {
                return Ok(());
            }
            (account, version) = (now_wanted, now_version);
        }
        Err(AccountError::Conflict.into())
    }

    async fn wanted(&self, stream: &StreamId) -> Result<(Account, u64), SyncError> {
        let loaded = self.executor.load::<User>(stream).await?;
        let loaded = loaded.ok_or(SyncError::NoSuchUser)?;
        let record = loaded.state.record().ok_or(SyncError::NoSuchUser)?;
        let account = Account {
            user: stream.key.parse().map_err(|_| SyncError::NoSuchUser)?,
            tenant: stream.tenant.clone(),
            record: record.clone(),
        };
        Ok((account, loaded.version))
    }
}
