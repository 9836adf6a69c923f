//! The user access service's way to the built-in issuer's credentials.

use async_trait::async_trait;
use invoiceapp_authorizer::passwords::HashError;
use invoiceapp_authorizer::{IdentityStore, PasswordHash, PasswordHasher, Salt, check_password};
use invoiceapp_domain::Ambient;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use invoiceapp_service::user_access::{CredentialStore, HashedPassword, Password, PasswordError};
use secrecy::SecretString;
use std::sync::Arc;

/// Credentials of the built-in issuer.
#[derive(Debug)]
pub(crate) struct IssuerCredentials {
    hasher: PasswordHasher,
    store: IdentityStore,
    ambient: Arc<dyn Ambient>,
}

impl IssuerCredentials {
    pub(crate) fn new(store: IdentityStore, ambient: Arc<dyn Ambient>) -> Self {
        Self {
            hasher: PasswordHasher::default(),
            store,
            ambient,
        }
    }
}

#[async_trait]
impl CredentialStore for IssuerCredentials {
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

    async fn store(
        &self,
        tenant: &TenantId,
        user: UserId,
        password: HashedPassword,
    ) -> Result<(), PasswordError> {
        let hash = PasswordHash::from_stored(password.0);
        let now = self.ambient.now();
        let stored = self.store.set_credential(tenant, user, &hash, now).await;
        stored.map_err(|error| PasswordError::Unavailable(Box::new(error)))
    }
}
