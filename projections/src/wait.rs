//! What services read: documents by type, the wait for a position that the caller has seen, and
//! what may not be decided on a document while the views stand still.

use std::sync::Arc;
use std::time::{Duration, Instant};

use invoiceapp_domain::{Decider, StreamId};
use invoiceapp_journal::loaded::Loaded;
use invoiceapp_journal::port::{Journal, READ_EVENTS_MAX, is_last_page};
use invoiceapp_observe::metrics::metrics;

use crate::document::Indexed;
use crate::error::ViewError;
use crate::query::{ListQuery, Page};
use crate::reached::{Reached, Reports};
use crate::standing::{Standing, Watcher};
use crate::store::ViewStore;

/// How long a query waits for its view, at most.
pub const VIEW_WAIT_MAX: Duration = Duration::from_secs(5);

/// The views, read.
#[derive(Debug, Clone)]
pub struct Views {
    store: Arc<dyn ViewStore>,
    reached: Reached,
    watcher: Option<Watcher>,
}

impl Views {
    /// Reads `store`, whose projector runs in this process and reports how far they are.
    #[must_use]
    pub fn new(store: Arc<dyn ViewStore>, reports: Reports) -> Self {
        let (reached, journal) = reports.into_parts();
        let views = Self {
            store,
            reached,
            watcher: None,
        };
        views.beside(journal)
    }

    /// Reads `store`, whose projector runs in another process: the checkpoint is asked for while
    /// somebody waits.
    #[must_use]
    pub fn of_another_process(store: Arc<dyn ViewStore>) -> Self {
        Self {
            reached: Reached::asked(Arc::clone(&store)),
            store,
            watcher: None,
        }
    }

    /// The same views, compared with the journal that they are made of. Views that are already stay
    /// as they are.
    #[must_use]
    pub fn beside(mut self, journal: Arc<dyn Journal>) -> Self {
        let (store, reached) = (&self.store, &self.reached);
        self.watcher
            .get_or_insert_with(|| Watcher::new(journal, Arc::clone(store), reached.clone()));
        self
    }

    /// How the views stand to the journal. Where nobody compares the two, they are taken for current.
    pub async fn standing(&self) -> Standing {
        Watcher::standing(self.watcher.as_ref()).await
    }

    /// A stream as it is now: its document where that can be relied on, and folded from the journal
    /// where it cannot.
    ///
    /// # Errors
    /// [`ViewError`]; the document is not relied on then.
    pub async fn present<A: Decider>(
        &self,
        stream: &StreamId,
    ) -> Result<Option<Loaded<A>>, ViewError> {
        match &self.watcher {
            Some(watcher) if !self.standing().await.holds(stream) => {
                folded(watcher.journal(), stream).await
            }
            Some(_) | None => self.get(stream).await,
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

/// A stream folded from its first event.
async fn folded<A: Decider>(
    journal: &dyn Journal,
    stream: &StreamId,
) -> Result<Option<Loaded<A>>, ViewError> {
    let mut folded: Option<Loaded<A>> = None;
    loop {
        let seen = folded.as_ref().map_or(0, |loaded| loaded.version);
        let page = journal.read_stream(stream, seen, READ_EVENTS_MAX).await;
        let page = page.map_err(ViewError::unavailable)?;
        for event in &page {
            folded = Some(Loaded::fold(folded, event).map_err(ViewError::unavailable)?);
        }
        if is_last_page(&page, READ_EVENTS_MAX) {
            return Ok(folded);
        }
    }
}
