//! A user's present rights, read from the views: a role that is taken away stops working as soon as
//! the view has seen it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use invoiceapp_access::{Grants, PermissionSource, SourceUnavailable};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::role::Role;
use invoiceapp_domain::user::{User, UserRecord, UserStatus};
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_projections::{Document, ViewError, Views};

/// Effective permissions: the union over the roles that the user has and that still exist.
#[derive(Debug, Clone)]
pub struct ViewGrants {
    views: Views,
}

impl ViewGrants {
    /// Reads these views.
    #[must_use]
    pub const fn new(views: Views) -> Self {
        Self { views }
    }

    async fn effective(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<Grants>, ViewError> {
        let stream = StreamId::new(tenant.clone(), StreamKind::User, user);
        let loaded = self.views.get::<User>(&stream).await?;
        match loaded.as_ref().and_then(|loaded| loaded.state.record()) {
            Some(record) if record.status == UserStatus::Active => {
                self.of_record(tenant, record).await.map(Some)
            }
            Some(_) | None => Ok(None),
        }
    }

    async fn of_record(&self, tenant: &TenantId, record: &UserRecord) -> Result<Grants, ViewError> {
        let streams: Vec<StreamId> = record
            .roles
            .iter()
            .map(|role| StreamId::new(tenant.clone(), StreamKind::Role, role))
            .collect();
        let documents = self.views.store().documents(&streams).await?;
        let mut permissions = BTreeSet::new();
        for document in documents {
            permissions.extend(role_permissions(&document)?);
        }
        let roles = record.roles.iter().map(ToString::to_string).collect();
        Ok(Grants { permissions, roles })
    }
}

fn role_permissions(
    document: &Document,
) -> Result<BTreeSet<invoiceapp_domain::Permission>, ViewError> {
    let loaded = document.loaded::<Role>()?;
    Ok(loaded
        .state
        .record()
        .map(|role| role.permissions.clone())
        .unwrap_or_default())
}

#[async_trait]
impl PermissionSource for ViewGrants {
    async fn grants(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<Grants>, SourceUnavailable> {
        self.effective(tenant, user)
            .await
            .map_err(|error| SourceUnavailable(Box::new(error)))
    }
}
