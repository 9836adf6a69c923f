//! The built-in issuer takes passwords over: they are staged and kept in the identity store.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_authorizer::{IdentityStore, PasswordHash};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, TenantId};

use crate::credentials::{CredentialTaker, Credentials, NotTaken};

/// Credentials of the built-in issuer.
pub(crate) type IssuerCredentials = Credentials<IdentityStore, IssuerTaker>;

/// The built-in issuer's store.
#[derive(Debug)]
pub(crate) struct IssuerTaker {
    store: IdentityStore,
    ambient: Arc<dyn Ambient>,
}

impl IssuerCredentials {
    pub(crate) fn new(store: IdentityStore, ambient: Arc<dyn Ambient>) -> Self {
        let taker = IssuerTaker {
            store: store.clone(),
            ambient: Arc::clone(&ambient),
        };
        Self::over(store, taker, ambient)
    }
}

#[async_trait]
impl CredentialTaker for IssuerTaker {
    async fn take(
        &self,
        tenant: &TenantId,
        user: UserId,
        hash: &PasswordHash,
    ) -> Result<(), NotTaken> {
        let now = self.ambient.now();
        Ok(self.store.set_credential(tenant, user, hash, now).await?)
    }
}
