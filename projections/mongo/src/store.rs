//! The adapter: the port's methods, each to the module that does it.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{Ambient, StreamId, StreamKind, TenantId};
use invoiceapp_observe::client::{called, database};
use invoiceapp_projections::dashboard::Bucket;
use invoiceapp_projections::store::{Applied, Progress, Unparked};
use invoiceapp_projections::{
    Change, Changes, Document, FieldValue, ListQuery, Page, ParkedKey, RegisterPage, RegisterQuery,
    RegisteredNumber, ViewError, ViewStore,
};
use mongodb::Database;
use mongodb::bson::Document as BsonDocument;
use tokio::sync::{Mutex, OnceCell};

use crate::deadline::within;
use crate::lease::Lease;
use crate::names::indexes;
use crate::settings::MongoSettings;
use crate::{progress, read, register, write};

/// Views in one MongoDB database.
#[derive(Debug)]
pub struct MongoViewStore {
    database: Database,
    /// Writers of this process take turns: they would only fence each other.
    writing: Mutex<()>,
    lease: Mutex<Lease>,
    indexed: OnceCell<()>,
}

impl MongoViewStore {
    /// A store on the server of these settings. The server need not be there yet: whatever needs it
    /// says `Unavailable` until it is.
    ///
    /// # Errors
    /// [`ViewError::Unavailable`] when the settings cannot be understood.
    pub async fn new(settings: &MongoSettings, ambient: &dyn Ambient) -> Result<Self, ViewError> {
        Ok(Self {
            database: settings.database().await?,
            writing: Mutex::new(()),
            lease: Mutex::new(Lease::new(ambient.new_id().to_string())),
            indexed: OnceCell::new(),
        })
    }

    /// The same, handed out as the port.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub async fn shared(
        settings: &MongoSettings,
        ambient: &dyn Ambient,
    ) -> Result<Arc<dyn ViewStore>, ViewError> {
        Ok(Arc::new(Self::new(settings, ambient).await?))
    }

    /// Removes the database with everything in it; the views are built anew from the journal.
    ///
    /// # Errors
    /// [`ViewError::Unavailable`].
    pub async fn drop_everything(&self) -> Result<(), ViewError> {
        within(self.database.drop()).await
    }

    /// Collections and indexes are made before the first write.
    async fn indexed(&self) -> Result<(), ViewError> {
        let make = async || {
            for kind in StreamKind::ALL {
                let collection = self.database.collection::<BsonDocument>(kind.as_str());
                // One at a time: FerretDB fails when of several some are there already.
                for index in indexes(kind) {
                    within(collection.create_index(index)).await?;
                }
            }
            Ok(())
        };
        self.indexed.get_or_try_init(make).await.copied()
    }
}

#[async_trait]
impl ViewStore for MongoViewStore {
    async fn progress(&self) -> Result<Progress, ViewError> {
        progress::reached(&self.database).await
    }

    async fn finish(&self, checkpoint: u64) -> Result<Applied, ViewError> {
        let _turn = self.writing.lock().await;
        write::finish(&self.database, checkpoint).await
    }

    async fn apply(&self, from: u64, to: u64, changes: Changes) -> Result<Applied, ViewError> {
        let _turn = self.writing.lock().await;
        self.indexed().await?;
        let written = write::apply(&self.database, from, to, &changes);
        called(database("mongodb", "update"), written).await
    }

    async fn document(&self, stream: &StreamId) -> Result<Option<Document>, ViewError> {
        Ok(self.documents(std::slice::from_ref(stream)).await?.pop())
    }

    async fn documents(&self, streams: &[StreamId]) -> Result<Vec<Document>, ViewError> {
        let found = read::documents(&self.database, streams);
        called(database("mongodb", "find"), found).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, ViewError> {
        let found = read::list(&self.database, query);
        called(database("mongodb", "find"), found).await
    }

    async fn across_tenants(
        &self,
        kind: StreamKind,
        field: &'static str,
        value: &FieldValue,
        limit: u32,
    ) -> Result<Vec<Document>, ViewError> {
        read::across_tenants(&self.database, kind, field, value, limit).await
    }

    async fn buckets(&self, tenant: &TenantId) -> Result<Vec<Bucket>, ViewError> {
        let sums = read::buckets(&self.database, tenant);
        called(database("mongodb", "aggregate"), sums).await
    }

    async fn register(&self, query: &RegisterQuery) -> Result<RegisterPage, ViewError> {
        register::page(&self.database, query).await
    }

    async fn last_numbers(
        &self,
        tenant: &TenantId,
        series: &[SeriesCode],
    ) -> Result<Vec<RegisteredNumber>, ViewError> {
        register::last_numbers(&self.database, tenant, series).await
    }

    async fn parked(&self, limit: u32) -> Result<Vec<ParkedKey>, ViewError> {
        let mut parked = progress::read(&self.database).await?.parked_in_order();
        parked.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(parked)
    }

    async fn unpark(&self, checkpoint: u64, change: Change) -> Result<Unparked, ViewError> {
        let _turn = self.writing.lock().await;
        self.indexed().await?;
        write::unpark(&self.database, checkpoint, &change).await
    }

    async fn lead(&self) -> Result<bool, ViewError> {
        self.lease.lock().await.lead(&self.database).await
    }

    async fn resign(&self) -> Result<(), ViewError> {
        self.lease.lock().await.resign(&self.database).await
    }
}
