//! Rendering beside the asynchronous work of a process: on blocking threads, and not more at a time
//! than there are cores for.

use std::num::NonZeroUsize;
use std::sync::Arc;

use invoiceapp_domain::TenantId;
use invoiceapp_domain::party::LogoSnapshot;
use invoiceapp_objects::{ObjectError, ObjectKey, Objects, area};
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::assets::Assets;
use crate::document::InvoiceDocument;
use crate::error::RenderError;
use crate::render::{RenderedPdf, render};

/// Renderings at one time, unless the process is told otherwise.
pub const CONCURRENT_RENDERINGS_DEFAULT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

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
    /// The task ended without an answer.
    #[error("the rendering was interrupted")]
    Interrupted,
}

/// Renders documents for a process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Renderer {
    assets: Arc<Assets>,
    permits: Arc<Semaphore>,
    objects: Arc<dyn Objects>,
}

impl Renderer {
    /// A renderer that works on so many documents at a time, and takes logos from the store.
    #[must_use]
    pub fn new(objects: Arc<dyn Objects>, concurrent: NonZeroUsize) -> Self {
        let permits = Arc::new(Semaphore::new(concurrent.get()));
        Self {
            assets: Arc::new(Assets::new()),
            permits,
            objects,
        }
    }

    /// Renders a document; waits while others are being rendered.
    ///
    /// # Errors
    /// [`RenderingError`].
    pub async fn render(&self, document: InvoiceDocument) -> Result<RenderedPdf, RenderingError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(|_| RenderingError::Interrupted)?;
        let assets = Arc::clone(&self.assets);
        let task = tokio::task::spawn_blocking(move || {
            let rendered = render(&document, &assets);
            drop(permit);
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
