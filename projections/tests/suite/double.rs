//! A view store that counts what it is asked, and in whose place another can be put.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_projections::dashboard::Bucket;
use invoiceapp_projections::store::{Applied, Changes, Progress, Unparked};
use invoiceapp_projections::{
    Change, Document, FieldValue, ListQuery, Page, ParkedKey, RegisterPage, RegisterQuery,
    RegisteredNumber, ViewError, ViewStore,
};

#[derive(Debug)]
pub(crate) struct Double {
    store: RwLock<Arc<dyn ViewStore>>,
    asked: AtomicU32,
    /// How often it answers how far it is.
    answers: AtomicU32,
}

impl Double {
    pub(crate) fn of(store: &Arc<dyn ViewStore>) -> Self {
        Self {
            store: RwLock::new(Arc::clone(store)),
            asked: AtomicU32::new(0),
            answers: AtomicU32::new(u32::MAX),
        }
    }

    /// How often it was asked how far it is.
    pub(crate) fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    /// From now on it answers so often how far it is, and then never.
    pub(crate) fn answer(&self, times: u32) {
        self.answers.store(self.asked() + times, Ordering::Relaxed);
    }

    /// Puts another store in its place: all that was in it is lost.
    pub(crate) fn replace(&self, store: Arc<dyn ViewStore>) {
        *self.store.write().unwrap() = store;
    }

    fn store(&self) -> Arc<dyn ViewStore> {
        Arc::clone(&self.store.read().unwrap())
    }
}

#[async_trait]
impl ViewStore for Double {
    async fn progress(&self) -> Result<Progress, ViewError> {
        if self.asked.fetch_add(1, Ordering::Relaxed) >= self.answers.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.store().progress().await
    }

    async fn finish(&self, checkpoint: u64) -> Result<Applied, ViewError> {
        self.store().finish(checkpoint).await
    }

    async fn apply(&self, from: u64, to: u64, changes: Changes) -> Result<Applied, ViewError> {
        self.store().apply(from, to, changes).await
    }

    async fn document(&self, stream: &StreamId) -> Result<Option<Document>, ViewError> {
        self.store().document(stream).await
    }

    async fn documents(&self, streams: &[StreamId]) -> Result<Vec<Document>, ViewError> {
        self.store().documents(streams).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, ViewError> {
        self.store().list(query).await
    }

    async fn across_tenants(
        &self,
        kind: StreamKind,
        field: &'static str,
        value: &FieldValue,
        limit: u32,
    ) -> Result<Vec<Document>, ViewError> {
        self.store().across_tenants(kind, field, value, limit).await
    }

    async fn buckets(&self, tenant: &TenantId) -> Result<Vec<Bucket>, ViewError> {
        self.store().buckets(tenant).await
    }

    async fn register(&self, query: &RegisterQuery) -> Result<RegisterPage, ViewError> {
        self.store().register(query).await
    }

    async fn last_numbers(
        &self,
        tenant: &TenantId,
        series: &[SeriesCode],
    ) -> Result<Vec<RegisteredNumber>, ViewError> {
        self.store().last_numbers(tenant, series).await
    }

    async fn parked(&self, limit: u32) -> Result<Vec<ParkedKey>, ViewError> {
        self.store().parked(limit).await
    }

    async fn unpark(&self, checkpoint: u64, change: Change) -> Result<Unparked, ViewError> {
        self.store().unpark(checkpoint, change).await
    }
}
