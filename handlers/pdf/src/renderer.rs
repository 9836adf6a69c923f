//! Rendering beside the asynchronous work of a process: on blocking threads, and not more at a time
//! than there are cores for.
//!
//! | who renders | takes | waits |
//! |---|---|---|
//! | the reactor | a permit | behind the renderings under way; it has few workers |
//! | a request | a [`Turn`], then a permit | in a queue of bounded length and time, else it is refused |
//!
//! There is one turn less than there are permits, so that a flood of requests costs the flooder 503s
//! and leaves the reactor a core. Where there is only one permit, the turn is for it: the reactor
//! then waits for one request at most.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use invoiceapp_domain::TenantId;
use invoiceapp_domain::party::LogoSnapshot;
use invoiceapp_objects::{ObjectError, ObjectKey, Objects, area};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::assets::Assets;
use crate::document::InvoiceDocument;
use crate::error::RenderError;
use crate::render::{RenderedPdf, render};

/// Renderings at one time, unless the process is told otherwise.
pub const CONCURRENT_RENDERINGS_DEFAULT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);
/// Requests that may wait for a turn; one more is refused at once.
pub const ON_DEMAND_QUEUE_MAX: usize = 64;
/// Longest wait of a request for its turn.
pub const ON_DEMAND_WAIT_MAX: Duration = Duration::from_secs(10);

/// A rendering that did not come about.
#[derive(Debug, Error)]
pub enum RenderingError {
    /// The document cannot be rendered; trying again cannot help.
    #[error("the document cannot be rendered")]
    Document(#[from] RenderError),
    /// The logo cannot be read from the object store.
    #[error("the logo cannot be read")]
    Objects(#[from] ObjectError),
    /// The object store has no object of the logo's hash.
    #[error("the logo is not in the object store")]
    LogoMissing,
    /// Too many requests wait already, or a turn did not come in time; trying again later is right.
    #[error("too many documents are being rendered at the moment")]
    Busy,
    /// The task ended without an answer.
    #[error("the rendering was interrupted")]
    Interrupted,
}

/// The right of a request to render one document, taken before anything large is fetched for it.
/// It ends with the rendering, or when it is dropped.
#[derive(Debug)]
#[must_use = "the turn ends when it is dropped"]
pub struct Turn(OwnedSemaphorePermit);

/// Renders documents for a process. Cheap to clone; the clones share permits and turns.
#[derive(Debug, Clone)]
pub struct Renderer {
    assets: Arc<Assets>,
    permits: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    objects: Arc<dyn Objects>,
}

impl Renderer {
    /// A renderer that works on so many documents at a time, and takes logos from the store.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>, concurrent: NonZeroUsize) -> Self {
        let turns = concurrent.get().saturating_sub(1).max(1);
        Self {
            assets: Arc::new(Assets::new()),
            permits: Arc::new(Semaphore::new(concurrent.get())),
            turns: Arc::new(Semaphore::new(turns)),
            waiting: Arc::new(Semaphore::new(ON_DEMAND_QUEUE_MAX)),
            objects,
        }
    }

    /// Renders a document of the reactor; waits while others are being rendered.
    ///
    /// # Errors
    /// [`RenderingError`].
    pub async fn render(&self, document: InvoiceDocument) -> Result<RenderedPdf, RenderingError> {
        self.run(document, None).await
    }

    /// Waits for the turn of a request.
    ///
    /// # Errors
    /// [`RenderingError::Busy`] when [`ON_DEMAND_QUEUE_MAX`] wait already, or the wait was longer
    /// than [`ON_DEMAND_WAIT_MAX`].
    pub async fn turn(&self) -> Result<Turn, RenderingError> {
        let place_in_queue = self.waiting.try_acquire();
        let _place_in_queue = place_in_queue.map_err(|_| RenderingError::Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(ON_DEMAND_WAIT_MAX, turn).await;
        let turn = turn.map_err(|_| RenderingError::Busy)?;
        turn.map(Turn).map_err(|_| RenderingError::Interrupted)
    }

    /// Renders the document of a request whose turn it is.
    ///
    /// # Errors
    /// [`RenderingError`].
    pub async fn render_in_turn(
        &self,
        turn: Turn,
        document: InvoiceDocument,
    ) -> Result<RenderedPdf, RenderingError> {
        self.run(document, Some(turn)).await
    }

    async fn run(
        &self,
        document: InvoiceDocument,
        turn: Option<Turn>,
    ) -> Result<RenderedPdf, RenderingError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| RenderingError::Interrupted)?;
        let assets = Arc::clone(&self.assets);
        let turn = turn.map(|Turn(held)| held);
        // Permit and turn go along: a caller who hangs up does not free a core that is still at work.
        let task = tokio::task::spawn_blocking(move || {
            let rendered = render(&document, &assets);
            drop((permit, turn));
            rendered
        });
        Ok(task.await.map_err(|_| RenderingError::Interrupted)??)
    }

    /// The bytes of a logo.
    ///
    /// # Errors
    /// [`RenderingError`] when they are not there or cannot be read.
    pub async fn logo(
        &self,
        tenant: &TenantId,
        logo: Option<&LogoSnapshot>,
    ) -> Result<Option<Vec<u8>>, RenderingError> {
        let Some(logo) = logo else { return Ok(None) };
        let key = ObjectKey {
            tenant: tenant.clone(),
            area: area::MEDIA.to_owned(),
            sha256: logo.sha256.as_str().to_owned(),
        };
        let bytes = self
            .objects
            .get(&key)
            .await?
            .ok_or(RenderingError::LogoMissing)?;
        Ok(Some(bytes.to_vec()))
    }

    /// The store that renderings go to and come from.
    pub(crate) fn objects(&self) -> &dyn Objects {
        self.objects.as_ref()
    }
}
