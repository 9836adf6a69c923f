//! A user's present rights, read from the views: a role that is taken away stops working as soon as
//! the view has seen it. While the views cannot be read, they come from the journal, which a command
//! needs anyway: so no command waits for the views to come back.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_access::{Grants, PermissionSource, SourceUnavailable};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::role::Role;
use invoiceapp_domain::user::{User, UserRecord, UserStatus};
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_journal::execute::{CommandExecutor, LoadError};
use invoiceapp_projections::{Document, ViewError, Views};
use tokio::time::Instant;

/// How long views that could not be read are left alone, so that requests do not wait for them.
const VIEWS_REST: Duration = Duration::from_secs(1);

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

/// The same, folded from the journal itself: slower, and never behind.
#[derive(Debug, Clone)]
struct JournalGrants {
    executor: CommandExecutor,
}

impl JournalGrants {
    async fn effective(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<Grants>, LoadError> {
        let stream = StreamId::new(tenant.clone(), StreamKind::User, user);
        let loaded = self.executor.load::<User>(&stream).await?;
        let record = loaded.as_ref().and_then(|loaded| loaded.state.record());
        let Some(record) = record.filter(|record| record.status == UserStatus::Active) else {
            return Ok(None);
        };
        let mut permissions = BTreeSet::new();
        for role in &record.roles {
            let stream = StreamId::new(tenant.clone(), StreamKind::Role, role);
            let loaded = self.executor.load::<Role>(&stream).await?;
            let role = loaded.as_ref().and_then(|loaded| loaded.state.record());
            permissions.extend(role.into_iter().flat_map(|role| role.permissions.iter()));
        }
        let roles = record.roles.iter().map(ToString::to_string).collect();
        Ok(Some(Grants { permissions, roles }))
    }
}

/// Rights from the views; from the journal while those cannot be read.
#[derive(Debug)]
pub struct SteadyGrants {
    views: ViewGrants,
    journal: JournalGrants,
    views_rest_until: RwLock<Option<Instant>>,
}

impl SteadyGrants {
    /// Reads these views, or the executor's journal.
    #[must_use]
    pub const fn new(views: Views, executor: CommandExecutor) -> Self {
        Self {
            views: ViewGrants::new(views),
            journal: JournalGrants { executor },
            views_rest_until: RwLock::new(None),
        }
    }

    fn views_rest(&self) -> bool {
        let until = self.views_rest_until.read();
        let until = *until.unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn let_views_rest(&self) {
        let until = self.views_rest_until.write();
        *until.unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + VIEWS_REST);
    }
}

#[async_trait]
impl PermissionSource for SteadyGrants {
    async fn grants(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<Grants>, SourceUnavailable> {
        if !self.views_rest() {
            match self.views.grants(tenant, user).await {
                Ok(grants) => return Ok(grants),
                Err(error) => {
                    tracing::warn!(%error, "permissions are read from the journal");
                    self.let_views_rest();
                }
            }
        }
        self.journal
            .effective(tenant, user)
            .await
            .map_err(|error| SourceUnavailable(Box::new(error)))
    }
}
