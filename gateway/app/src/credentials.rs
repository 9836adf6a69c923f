//! The user access service's credentials, whoever the identity provider is: hashed by our rules,
//! staged in a durable place, taken by the provider.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_authorizer::passwords::HashError;
use invoiceapp_authorizer::{
    CredentialStaging, PasswordHash, PasswordHasher, Salt, StagedCredential, check_password,
};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, TenantId};
use invoiceapp_schemas::{CommandId, CommandStamp};
use invoiceapp_service::user_access::{
    self, CredentialStore, HashedPassword, Password, PasswordError,
};
use secrecy::SecretString;

/// The provider did not take a hash.
pub(crate) type NotTaken = Box<dyn std::error::Error + Send + Sync>;

/// Who takes the hashes over.
#[async_trait]
pub(crate) trait CredentialTaker: Send + Sync + std::fmt::Debug {
    /// Takes a hash as the user's only password, ending the sessions begun with another.
    async fn take(
        &self,
        tenant: &TenantId,
        user: UserId,
        hash: &PasswordHash,
    ) -> Result<(), NotTaken>;
}

/// Credentials on their way from commands to a provider.
#[derive(Debug)]
pub(crate) struct Credentials<S, T> {
    hasher: PasswordHasher,
    staging: S,
    taker: T,
    ambient: Arc<dyn Ambient>,
}

impl<S: CredentialStaging, T: CredentialTaker> Credentials<S, T> {
    pub(crate) fn over(staging: S, taker: T, ambient: Arc<dyn Ambient>) -> Self {
        Self {
            hasher: PasswordHasher::default(),
            staging,
            taker,
            ambient,
        }
    }
}

#[async_trait]
impl<S: CredentialStaging, T: CredentialTaker> CredentialStore for Credentials<S, T> {
    async fn hash(
        &self,
        password: Password,
        salt_source: &[u8],
    ) -> Result<HashedPassword, PasswordError> {
        let password = SecretString::from(password.expose().to_owned());
        check_password(&password).map_err(|error| PasswordError::Refused(error.to_string()))?;
        let salt = Salt::derived_from(salt_source);
        let hash = self
            .hasher
            .hash_password(password, salt)
            .await
            .map_err(|error: HashError| PasswordError::Unavailable(Box::new(error)))?;
        Ok(HashedPassword(hash.expose().to_owned()))
    }

    async fn stage(&self, staged: &user_access::StagedCredential) -> Result<(), PasswordError> {
        let staged = StagedCredential {
            command: staged.stamp.id.0,
            fingerprint: staged.stamp.fingerprint,
            tenant: staged.tenant.clone(),
            hash: PasswordHash::from_stored(staged.hash.0.clone()),
            staged_at: staged.staged_at,
        };
        self.staging.stage(&staged).await.map_err(unavailable)
    }

    async fn staged_by(
        &self,
        command: CommandId,
    ) -> Result<Vec<user_access::StagedCredential>, PasswordError> {
        let staged = self.staging.staged_by(command.0).await;
        Ok(of_service(staged.map_err(unavailable)?))
    }

    async fn staged(
        &self,
        limit: u32,
    ) -> Result<Vec<user_access::StagedCredential>, PasswordError> {
        // Those taken so long ago that no request of then can still be under way.
        let long_ago = self.ambient.now() - user_access::STAGED_TIME_MAX;
        self.staging.forget(long_ago).await.map_err(unavailable)?;
        let staged = self.staging.staged(limit).await;
        Ok(of_service(staged.map_err(unavailable)?))
    }

    async fn hand_over(
        &self,
        user: UserId,
        staged: &user_access::StagedCredential,
    ) -> Result<(), PasswordError> {
        let hash = PasswordHash::from_stored(staged.hash.0.clone());
        self.taker
            .take(&staged.tenant, user, &hash)
            .await
            .map_err(PasswordError::Unavailable)?;
        let now = self.ambient.now();
        let erased = self.staging.handed_over(staged.stamp.id.0, now).await;
        erased.map_err(unavailable)
    }

    async fn discard(&self, command: CommandId) -> Result<(), PasswordError> {
        self.staging.discard(command.0).await.map_err(unavailable)
    }
}

fn of_service(staged: Vec<StagedCredential>) -> Vec<user_access::StagedCredential> {
    let one = |staged: StagedCredential| user_access::StagedCredential {
        stamp: CommandStamp {
            id: CommandId(staged.command),
            fingerprint: staged.fingerprint,
        },
        tenant: staged.tenant,
        hash: HashedPassword(staged.hash.expose().to_owned()),
        staged_at: staged.staged_at,
    };
    staged.into_iter().map(one).collect()
}

fn unavailable(error: invoiceapp_authorizer::StagingError) -> PasswordError {
    PasswordError::Unavailable(Box::new(error))
}
