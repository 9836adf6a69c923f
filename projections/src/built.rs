//! Views that are read only once they are built: a generation that a projector is still filling
//! looks like one in which most things do not exist.
//!
//! Whether they are built comes with the checkpoint, which others ask for anyway; it costs a read of
//! its own only when nobody has asked lately, or when the answer was no.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use thiserror::Error;

use crate::dashboard::Bucket;
use crate::document::{Document, FieldValue};
use crate::error::ViewError;
use crate::query::{ListQuery, Page};
use crate::register::{RegisterPage, RegisterQuery, RegisteredNumber};
use crate::sampled::{LOOK_TIME_MAX, Sampled};
use crate::store::{Applied, Change, Changes, ParkedKey, Progress, Unparked, ViewStore};

/// Why views that can be read are not.
#[derive(Debug, Error)]
#[error("the views are being built, and have reached position {reached}")]
pub struct StillBuilding {
    /// The position they have reached.
    pub reached: u64,
}

impl Progress {
    /// Refuses views that are still being built.
    ///
    /// # Errors
    /// [`StillBuilding`].
    pub const fn built(self) -> Result<(), StillBuilding> {
        if self.is_built {
            Ok(())
        } else {
            let reached = self.checkpoint;
            Err(StillBuilding { reached })
        }
    }
}

/// A view store whose documents, and what is derived from them, are unavailable until it is built.
/// What a projector and an operator need of it is available.
#[derive(Debug)]
pub struct BuiltViews {
    store: Arc<dyn ViewStore>,
    is_built: Sampled<bool>,
}

impl BuiltViews {
    /// Reads `store` once it is built.
    #[must_use]
    pub fn new(store: Arc<dyn ViewStore>) -> Self {
        Self {
            store,
            is_built: Sampled::new(),
        }
    }

    /// The store, if it is built.
    async fn built(&self) -> Result<&dyn ViewStore, ViewError> {
        let look = |last: Option<bool>| is_built(Arc::clone(&self.store), last.unwrap_or(false));
        if !self.is_built.get(look).await {
            // A no is never believed: it ends at any moment.
            let built = self.progress().await?.built();
            built.map_err(ViewError::unavailable)?;
        }
        Ok(self.store.as_ref())
    }
}

/// A store that does not answer is as it was: what stands before it may have the value.
async fn is_built(store: Arc<dyn ViewStore>, last: bool) -> bool {
    let progress = tokio::time::timeout(LOOK_TIME_MAX, store.progress()).await;
    match progress {
        Ok(Ok(progress)) => progress.is_built,
        Ok(Err(_)) | Err(_) => last,
    }
}

#[async_trait]
impl ViewStore for BuiltViews {
    async fn progress(&self) -> Result<Progress, ViewError> {
        let progress = self.store.progress().await?;
        self.is_built.learn(progress.is_built);
        Ok(progress)
    }

    async fn finish(&self, checkpoint: u64) -> Result<Applied, ViewError> {
        self.store.finish(checkpoint).await
    }

    async fn apply(&self, from: u64, to: u64, changes: Changes) -> Result<Applied, ViewError> {
        self.store.apply(from, to, changes).await
    }

    async fn document(&self, stream: &StreamId) -> Result<Option<Document>, ViewError> {
        self.built().await?.document(stream).await
    }

    async fn documents(&self, streams: &[StreamId]) -> Result<Vec<Document>, ViewError> {
        self.built().await?.documents(streams).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, ViewError> {
        self.built().await?.list(query).await
    }

    async fn across_tenants(
        &self,
        kind: StreamKind,
        field: &'static str,
        value: &FieldValue,
        limit: u32,
    ) -> Result<Vec<Document>, ViewError> {
        let store = self.built().await?;
        store.across_tenants(kind, field, value, limit).await
    }

    async fn buckets(&self, tenant: &TenantId) -> Result<Vec<Bucket>, ViewError> {
        self.built().await?.buckets(tenant).await
    }

    async fn register(&self, query: &RegisterQuery) -> Result<RegisterPage, ViewError> {
        self.built().await?.register(query).await
    }

    async fn last_numbers(
        &self,
        tenant: &TenantId,
        series: &[SeriesCode],
    ) -> Result<Vec<RegisteredNumber>, ViewError> {
        self.built().await?.last_numbers(tenant, series).await
    }

    async fn parked(&self, limit: u32) -> Result<Vec<ParkedKey>, ViewError> {
        self.store.parked(limit).await
    }

    async fn unpark(&self, checkpoint: u64, change: Change) -> Result<Unparked, ViewError> {
        self.store.unpark(checkpoint, change).await
    }

    async fn lead(&self) -> Result<bool, ViewError> {
        self.store.lead().await
    }

    async fn resign(&self) -> Result<(), ViewError> {
        self.store.resign().await
    }

    fn seen(&self, position: u64) {
        self.store.seen(position);
    }
}
