//! Keycloak takes passwords over: they are staged in PostgreSQL until it has.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_authorizer::PasswordHash;
use invoiceapp_authorizer::staging::PostgresStaging;
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, TenantId};
use invoiceapp_identity::AccountSync;
use secrecy::SecretString;

use crate::credentials::{CredentialTaker, Credentials, NotTaken};

/// Credentials of Keycloak.
pub(super) type KeycloakCredentials = Credentials<PostgresStaging, KeycloakTaker>;

/// Keycloak's accounts.
#[derive(Debug)]
pub(super) struct KeycloakTaker(AccountSync);

impl KeycloakCredentials {
    pub(super) fn new(
        staging: PostgresStaging,
        accounts: AccountSync,
        ambient: Arc<dyn Ambient>,
    ) -> Self {
        Self::over(staging, KeycloakTaker(accounts), ambient)
    }
}

#[async_trait]
impl CredentialTaker for KeycloakTaker {
    async fn take(
        &self,
        tenant: &TenantId,
        user: UserId,
        hash: &PasswordHash,
    ) -> Result<(), NotTaken> {
        let phc = SecretString::from(hash.expose().to_owned());
        Ok(self.0.set_password(tenant, user, &phc).await?)
    }
}
