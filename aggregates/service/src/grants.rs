//! A user's present rights, read from the views: a role that is taken away stops working as soon as
//! the view has seen it. While the views cannot be read, do not keep up with the journal, or have
//! parked the user or a role of the tenant, they come from the journal, which a command needs anyway:
//! so no command waits for the views to come back, and nobody keeps a right because they stand still.
//!
//! What is read from the journal is believed for [`JOURNAL_BELIEVED_FOR`], and not more than
//! [`JOURNAL_READS_MAX`] users are read at once, so that a long outage of the views costs the journal
//! a few reads a second for each user who is there, however many requests they send.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_access::{Grants, PermissionSource, SourceUnavailable};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::role::Role;
use invoiceapp_domain::user::{User, UserRecord, UserStatus};
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_journal::execute::{CommandExecutor, LoadError};
use invoiceapp_projections::{Document, ViewError, Views};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How long views that could not be read are left alone, so that requests do not wait for them.
const VIEWS_REST: Duration = Duration::from_secs(1);
/// How long rights that were read from the journal are believed.
pub const JOURNAL_BELIEVED_FOR: Duration = Duration::from_secs(1);
/// Most users whose rights are read from the journal at once.
pub const JOURNAL_READS_MAX: usize = 8;
/// How long a request waits until it may read its user's.
const JOURNAL_WAIT_MAX: Duration = Duration::from_secs(2);
/// Most users whose rights are kept in mind.
const JOURNAL_USERS_MAX: usize = 10_000;

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

/// Too many other users' rights are being read.
#[derive(Debug, Error)]
#[error("the journal is being read for too many users")]
struct TooManyReads;

/// Rights, and when they were read.
#[derive(Debug, Clone)]
struct Kept {
    grants: Option<Grants>,
    at: Instant,
}

/// The same, folded from the journal itself: slower, and behind by [`JOURNAL_BELIEVED_FOR`] at most.
#[derive(Debug)]
struct JournalGrants {
    executor: CommandExecutor,
    reads: Semaphore,
    kept: Mutex<HashMap<(TenantId, UserId), Kept>>,
}

impl JournalGrants {
    fn new(executor: CommandExecutor) -> Self {
        Self {
            executor,
            reads: Semaphore::new(JOURNAL_READS_MAX),
            kept: Mutex::default(),
        }
    }

    async fn effective(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<Grants>, SourceUnavailable> {
        let key = (tenant.clone(), user);
        if let Some(kept) = self.kept(&key) {
            return Ok(kept.grants);
        }
        let turn = tokio::time::timeout(JOURNAL_WAIT_MAX, self.reads.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(SourceUnavailable(Box::new(TooManyReads)));
        };
        // Another request of the same user may have read them meanwhile.
        if let Some(kept) = self.kept(&key) {
            return Ok(kept.grants);
        }
        // From before the read: what is committed meanwhile may not be in it.
        let at = Instant::now();
        let read = self.read(tenant, user).await;
        let grants = read.map_err(|error| SourceUnavailable(Box::new(error)))?;
        let kept = Kept {
            grants: grants.clone(),
            at,
        };
        self.keep(key, kept);
        Ok(grants)
    }

    async fn read(&self, tenant: &TenantId, user: UserId) -> Result<Option<Grants>, LoadError> {
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

    fn kept(&self, key: &(TenantId, UserId)) -> Option<Kept> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|kept| kept.is_believed()).cloned()
    }

    fn keep(&self, key: (TenantId, UserId), fresh: Kept) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= JOURNAL_USERS_MAX {
            kept.retain(|_, kept| kept.is_believed());
        }
        // More than that in one second are read again.
        if kept.len() < JOURNAL_USERS_MAX {
            kept.insert(key, fresh);
        }
    }
}

impl Kept {
    fn is_believed(&self) -> bool {
        self.at.elapsed() < JOURNAL_BELIEVED_FOR
    }
}

/// The views cannot be relied upon for a user.
struct Unreliable;

/// Rights from the views; from the journal while those cannot be relied upon.
#[derive(Debug)]
pub struct SteadyGrants {
    views: ViewGrants,
    journal: JournalGrants,
    views_rest_until: RwLock<Option<Instant>>,
}

impl SteadyGrants {
    /// Reads these views, or the executor's journal, which the views are compared with.
    #[must_use]
    pub fn new(views: Views, executor: CommandExecutor) -> Self {
        let views = views.beside(Arc::clone(executor.journal()));
        Self {
            views: ViewGrants::new(views),
            journal: JournalGrants::new(executor),
            views_rest_until: RwLock::new(None),
        }
    }

    async fn of_views(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<Grants>, Unreliable> {
        if self.views_rest() {
            return Err(Unreliable);
        }
        let standing = self.views.views.standing().await;
        let stream = StreamId::new(tenant.clone(), StreamKind::User, user);
        if !standing.holds(&stream) || !standing.holds_all(tenant, StreamKind::Role) {
            return Err(Unreliable);
        }
        self.views.grants(tenant, user).await.map_err(|error| {
            tracing::warn!(%error, "permissions are read from the journal");
            self.let_views_rest();
            Unreliable
        })
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
        match self.of_views(tenant, user).await {
            Ok(Some(grants)) => Ok(Some(grants)),
            // Views that have lost everything a moment ago know nobody: such a no is rare, and the
            // journal can say whether it is true. While it cannot, the no stands.
            Ok(None) => match self.journal.effective(tenant, user).await {
                Ok(grants) => Ok(grants),
                Err(error) => {
                    tracing::warn!(%error, "a user whom the views do not know is not let in");
                    Ok(None)
                }
            },
            Err(Unreliable) => self.journal.effective(tenant, user).await,
        }
    }
}
