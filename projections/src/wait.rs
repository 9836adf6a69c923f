//! What services read: documents by type, and the wait for a position that the caller has seen.

use std::sync::Arc;
use std::time::Duration;

use invoiceapp_domain::{Decider, StreamId};
use invoiceapp_journal::loaded::Loaded;
use tokio::sync::watch;

use crate::document::Indexed;
use crate::error::ViewError;
use crate::query::{ListQuery, Page};
use crate::store::ViewStore;

/// How long a query waits for its view, at most.
pub const VIEW_WAIT_MAX: Duration = Duration::from_secs(5);

/// The views, read.
#[derive(Debug, Clone)]
pub struct Views {
    store: Arc<dyn ViewStore>,
    reached: watch::Receiver<u64>,
}

impl Views {
    /// Reads `store`, whose projector reports through `reached`.
    #[must_use]
    pub const fn new(store: Arc<dyn ViewStore>, reached: watch::Receiver<u64>) -> Self {
        Self { store, reached }
    }

    /// Waits until the views have reached a position; woken by the projector, not by polling.
    ///
    /// # Errors
    /// [`ViewError::Behind`] after [`VIEW_WAIT_MAX`].
    pub async fn wait_for(&self, position: u64) -> Result<(), ViewError> {
        let mut reached = self.reached.clone();
        let wait = reached.wait_for(|reached| *reached >= position);
        match tokio::time::timeout(VIEW_WAIT_MAX, wait).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(ViewError::Behind { wanted: position }),
        }
    }

    /// The position that the views have reached, as far as this process knows.
    #[must_use]
    pub fn reached(&self) -> u64 {
        *self.reached.borrow()
    }

    /// One document.
    ///
    /// # Errors
    /// [`ViewError`].
    pub async fn get<A: Decider>(&self, stream: &StreamId) -> Result<Option<Loaded<A>>, ViewError> {
        self.store
            .document(stream)
            .await?
            .map(|document| document.loaded())
            .transpose()
    }

    /// A page of documents, folded streams and the page's facts.
    ///
    /// # Errors
    /// [`ViewError`].
    pub async fn list<A: Indexed>(
        &self,
        query: &ListQuery,
    ) -> Result<(Vec<Loaded<A>>, Page), ViewError> {
        let page = self.store.list(query).await?;
        let loaded = page
            .documents
            .iter()
            .map(|document| document.loaded())
            .collect::<Result<_, _>>()?;
        Ok((loaded, page))
    }

    /// The store underneath.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn ViewStore> {
        &self.store
    }
}
