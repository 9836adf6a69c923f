//! Reads hot values where they are good enough, and the view store everywhere else.
//!
//! What one process has answered never goes back: it remembers the newest position that anything it
//! answered, or anybody who asked, has shown, and believes only hot values that are current at that
//! position. Two processes agree through the consistency token, which raises the same mark.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use tokio::time::Instant;

use super::port::{HotRead, HotStore};
use crate::dashboard::Bucket;
use crate::document::{Document, FieldValue};
use crate::error::ViewError;
use crate::query::{ListQuery, Page};
use crate::register::{RegisterPage, RegisterQuery, RegisteredNumber};
use crate::store::{Applied, Change, Changes, ParkedKey, Progress, Unparked, ViewStore};

/// How long a hot store that has failed is left alone, so that requests do not wait for it.
pub const HOT_REST: Duration = Duration::from_secs(1);

/// A view store read through a hot one. Everything is written to the view store itself.
#[derive(Debug)]
pub struct HotViews {
    store: Arc<dyn ViewStore>,
    hot: Arc<dyn HotStore>,
    /// Nothing older than this may be answered.
    floor: AtomicU64,
    rests_until: RwLock<Option<Instant>>,
}

impl HotViews {
    /// Reads `store` through `hot`.
    #[must_use]
    pub const fn new(store: Arc<dyn ViewStore>, hot: Arc<dyn HotStore>) -> Self {
        Self {
            store,
            hot,
            floor: AtomicU64::new(0),
            rests_until: RwLock::new(None),
        }
    }

    fn raise(&self, position: u64) {
        self.floor.fetch_max(position, Ordering::SeqCst);
    }

    /// What has been shown must not be gone with the next look.
    fn shown<'a>(&self, documents: impl IntoIterator<Item = &'a Document>) {
        let newest = documents
            .into_iter()
            .map(|document| document.position)
            .max();
        self.raise(newest.unwrap_or(0));
    }

    fn rests(&self) -> bool {
        let until = self
            .rests_until
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn rest(&self, error: &ViewError) {
        tracing::warn!(
            error = error as &dyn std::error::Error,
            "hot values cannot be read"
        );
        let mut until = self
            .rests_until
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *until = Some(Instant::now() + HOT_REST);
    }

    /// A hot value with the position it is current at, if it may be answered.
    async fn read<T>(
        &self,
        read: impl Future<Output = Result<HotRead<T>, ViewError>> + Send,
    ) -> Option<T> {
        if self.rests() {
            return None;
        }
        // Before the read: what is shown by others meanwhile was shown beside it, not before it.
        let floor = self.floor.load(Ordering::SeqCst);
        match read.await {
            Ok(HotRead { value, current_at }) => {
                let current_at = current_at.filter(|position| *position >= floor)?;
                self.raise(current_at);
                Some(value)
            }
            Err(error) => {
                self.rest(&error);
                None
            }
        }
    }
}

#[async_trait]
impl ViewStore for HotViews {
    async fn progress(&self) -> Result<Progress, ViewError> {
        self.store.progress().await
    }

    async fn finish(&self, checkpoint: u64) -> Result<Applied, ViewError> {
        self.store.finish(checkpoint).await
    }

    async fn apply(&self, from: u64, to: u64, changes: Changes) -> Result<Applied, ViewError> {
        self.store.apply(from, to, changes).await
    }

    async fn document(&self, stream: &StreamId) -> Result<Option<Document>, ViewError> {
        Ok(self.documents(std::slice::from_ref(stream)).await?.pop())
    }

    async fn documents(&self, streams: &[StreamId]) -> Result<Vec<Document>, ViewError> {
        if streams.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self
            .read(self.hot.documents(streams))
            .await
            .unwrap_or_default();
        let known: HashSet<&StreamId> = found.iter().map(|document| &document.stream).collect();
        let missing = streams.iter().filter(|stream| !known.contains(stream));
        let missing: Vec<StreamId> = missing.cloned().collect();
        if !missing.is_empty() {
            found.extend(self.store.documents(&missing).await?);
        }
        self.shown(&found);
        Ok(found)
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, ViewError> {
        let page = self.store.list(query).await?;
        self.shown(&page.documents);
        Ok(page)
    }

    async fn across_tenants(
        &self,
        kind: StreamKind,
        field: &'static str,
        value: &FieldValue,
        limit: u32,
    ) -> Result<Vec<Document>, ViewError> {
        let found = self.store.across_tenants(kind, field, value, limit).await?;
        self.shown(&found);
        Ok(found)
    }

    async fn buckets(&self, tenant: &TenantId) -> Result<Vec<Bucket>, ViewError> {
        if let Some(buckets) = self.read(self.hot.buckets(tenant)).await {
            return Ok(buckets);
        }
        let checkpoint = self.store.checkpoint().await?;
        let buckets = self.store.buckets(tenant).await?;
        self.raise(checkpoint);
        Ok(buckets)
    }

    async fn register(&self, query: &RegisterQuery) -> Result<RegisterPage, ViewError> {
        self.store.register(query).await
    }

    async fn last_numbers(
        &self,
        tenant: &TenantId,
        series: &[SeriesCode],
    ) -> Result<Vec<RegisteredNumber>, ViewError> {
        self.store.last_numbers(tenant, series).await
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
        self.raise(position);
        self.store.seen(position);
    }
}
