//! The reactors on the journal's own feed.

use std::sync::Arc;

use anyhow::Context;
use invoiceapp_journal::port::Journal;
use invoiceapp_mail::{MailParts, MailReactor};
use invoiceapp_media::{MediaParts, MediaReactor, Sanitizer};
use invoiceapp_pdf::renderer::{CONCURRENT_RENDERINGS_DEFAULT, Renderer};
use invoiceapp_pdf::{PdfParts, PdfReactor};
use invoiceapp_runtime::{
    JournalFeed, Reactor, ReactorRuntime, RuntimeParts, Settings as RuntimeSettings, Start,
};

use super::stores::Stores;

/// What the reactors and the services of documents and media share.
pub(super) struct ReactorParts {
    pub(super) pdf: PdfParts,
    pub(super) media: MediaParts,
    mail: MailParts,
}

impl ReactorParts {
    pub(super) fn new(stores: &Stores) -> Self {
        let executor = stores.executor.clone();
        let objects = Arc::clone(&stores.objects) as Arc<dyn invoiceapp_objects::Objects>;
        let ambient = Arc::clone(&stores.ambient);
        Self {
            pdf: PdfParts {
                executor: executor.clone(),
                renderer: Renderer::new(Arc::clone(&objects), CONCURRENT_RENDERINGS_DEFAULT),
                ambient: Arc::clone(&ambient),
            },
            media: MediaParts {
                executor: executor.clone(),
                objects: Arc::clone(&objects),
                ambient: Arc::clone(&ambient),
                sanitizer: Sanitizer::new(),
            },
            mail: MailParts {
                executor,
                objects,
                mailer: Arc::clone(&stores.mail) as Arc<dyn invoiceapp_mail::Mailer>,
                ambient,
            },
        }
    }

    /// The reactors, known to the job store before the first command is let in.
    pub(super) async fn register(&self, stores: &Stores) -> anyhow::Result<Vec<ReactorRuntime>> {
        let head = stores
            .journal
            .head()
            .await
            .context("the journal cannot be read")?;
        // A reactor that is new to an old journal does not act on what happened before its time.
        let start = if head.position == 0 {
            Start::Beginning
        } else {
            Start::Head
        };
        let feed = JournalFeed::new(Arc::clone(&stores.journal) as Arc<dyn Journal>);
        let parts = RuntimeParts {
            feed: Arc::new(feed),
            jobs: Arc::clone(&stores.jobs) as Arc<dyn invoiceapp_runtime::JobStore>,
            ambient: Arc::clone(&stores.ambient),
            settings: RuntimeSettings::default(),
        };
        let reactors: [Arc<dyn Reactor>; 3] = [
            Arc::new(PdfReactor::new(self.pdf.clone())),
            Arc::new(MediaReactor::new(self.media.clone())),
            Arc::new(MailReactor::new(self.mail.clone())),
        ];
        let mut runtimes = Vec::new();
        for reactor in reactors {
            let runtime = ReactorRuntime::new(reactor, parts.clone());
            runtime
                .register(start)
                .await
                .context("a reactor cannot be registered")?;
            // The directory's lock says that nobody else works on these jobs.
            runtime
                .take_over()
                .await
                .context("a reactor cannot take over its jobs")?;
            runtimes.push(runtime);
        }
        Ok(runtimes)
    }
}
