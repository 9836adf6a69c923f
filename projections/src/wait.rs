//! What services read: documents by type, and the wait for a position that the caller has seen.

use std::sync::Arc;
use std::time::{Duration, Instant};

use invoiceapp_domain::{Decider, StreamId};
use invoiceapp_journal::loaded::Loaded;
use invoiceapp_observe::metrics::metrics;
use tokio::sync::watch;

use crate::document::Indexed;
use crate::error::ViewError;
use crate::query::{ListQuery, Page};
use crate::reached::Reached;
use crate::store::ViewStore;

/// How long a query waits for its view, at most.
pub const VIEW_WAIT_MAX: Duration = Duration::from_secs(5);

/// The views, read.
#[derive(Debug, Clone)]
pub struct Views {
    store: Arc<dyn ViewStore>,
    reached: Reached,
}

impl Views {
    /// Reads `store`, whose projector runs in this process and reports through `reached`.
    #[must_use]
    pub const fn new(store: Arc<dyn ViewStore>, reached: watch::Receiver<u64>) -> Self {
        Self {
            store,
            reached: Reached::told(reached),
        }
    }

    /// Reads `store`, whose projector runs in another process: the checkpoint is asked for while
    /// somebody waits.
    #[must_use]
    pub fn of_another_process(store: Arc<dyn ViewStore>) -> Self {
        Self {
            reached: Reached::asked(Arc::clone(&store)),
            store,
        }
    }

    /// Waits until the views have reached a position. Whatever is read afterwards is as of this
    /// position or later.
    ///
    /// # Errors
    /// [`ViewError::Behind`] after [`VIEW_WAIT_MAX`]; [`ViewError::Unavailable`] when the store
    /// could not be asked until then.
    pub async fn wait_for(&self, position: u64) -> Result<(), ViewError> {
        let began = Instant::now();
        let reached = self.follow_to(position).await;
        metrics().waited(reached.is_ok(), began.elapsed());
        reached
    }

    /// The same for a follower of the views, which is nobody's query.
    pub(crate) async fn follow_to(&self, position: u64) -> Result<(), ViewError> {
        self.reached.wait_for(position, VIEW_WAIT_MAX).await?;
        self.store.seen(position);
        Ok(())
    }

    /// The position that the views have reached, as far as this process knows.
    #[must_use]
    pub fn reached(&self) -> u64 {
        self.reached.known()
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
