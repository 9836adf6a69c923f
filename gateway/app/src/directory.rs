//! The authorizer's look at the users: the user view.

use async_trait::async_trait;
use invoiceapp_authorizer::directory::LOGIN_CANDIDATES_MAX;
use invoiceapp_authorizer::{DirectoryUnavailable, LoginCandidate, UserDirectory, UserProfile};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::user::{User, UserStatus};
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_projections::views::user::EMAIL;
use invoiceapp_projections::{Document, ViewError, Views};

/// Users by the user view.
#[derive(Debug, Clone)]
pub(crate) struct ViewDirectory(pub(crate) Views);

#[async_trait]
impl UserDirectory for ViewDirectory {
    async fn by_email(
        &self,
        normalised_email: &str,
        tenant: Option<&TenantId>,
    ) -> Result<Vec<LoginCandidate>, DirectoryUnavailable> {
        // One more than count: with that many accounts of one address, a tenant has to be named,
        // and then the tenant's one is looked for among all.
        let limit = u32::try_from(LOGIN_CANDIDATES_MAX).unwrap_or(u32::MAX);
        let limit = if tenant.is_some() {
            SAME_ADDRESS_MAX
        } else {
            limit
        };
        let email = normalised_email.into();
        let found = self
            .0
            .store()
            .across_tenants(StreamKind::User, EMAIL, &email, limit)
            .await;
        let candidates = found.map_err(unavailable)?;
        let candidates = candidates
            .iter()
            .filter(|document| tenant.is_none_or(|tenant| document.stream.tenant == *tenant));
        candidates.map(candidate).collect()
    }

    async fn user(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<UserProfile>, DirectoryUnavailable> {
        let stream = StreamId::new(tenant.clone(), StreamKind::User, user);
        let loaded = self.0.get::<User>(&stream).await.map_err(unavailable)?;
        Ok(loaded
            .as_ref()
            .and_then(|loaded| loaded.state.record())
            .map(|record| UserProfile {
                email: record.email.to_string(),
                first_name: record.first_name.to_string(),
                last_name: record.last_name.to_string(),
            }))
    }
}

/// Most tenants in which one address is looked for.
const SAME_ADDRESS_MAX: u32 = 10_000;

fn candidate(document: &Document) -> Result<LoginCandidate, DirectoryUnavailable> {
    let loaded = document.loaded::<User>().map_err(unavailable)?;
    let user = document
        .stream
        .key
        .parse()
        .map_err(|error| DirectoryUnavailable(Box::new(error)))?;
    let record = loaded.state.record();
    let enabled = record.is_some_and(|record| record.status == UserStatus::Active);
    Ok(LoginCandidate {
        tenant: document.stream.tenant.clone(),
        user,
        enabled,
    })
}

fn unavailable(error: ViewError) -> DirectoryUnavailable {
    DirectoryUnavailable(Box::new(error))
}
