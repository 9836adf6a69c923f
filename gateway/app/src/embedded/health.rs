//! Looks at every part once a second and writes what it sees on the health board, so that asking
//! for readiness costs nothing and a part that hangs cannot hang the answer.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use invoiceapp_http::health::{Health, Need, PartHandle};
use invoiceapp_journal::port::{Journal, Writability};
use invoiceapp_mail::Mailer;
use invoiceapp_objects::Objects;
use invoiceapp_pdf::PdfReactor;
use invoiceapp_projections::ViewStore;
use invoiceapp_runtime::JobStore;
use tokio_util::sync::CancellationToken;

use super::stores::Stores;

/// How often the parts are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// A part that does not answer in this time is failing.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

/// What the board shows, part by part.
pub(super) struct Watch {
    journal: (Arc<dyn Journal>, PartHandle),
    views: (Arc<dyn ViewStore>, PartHandle),
    jobs: (Arc<dyn JobStore>, PartHandle),
    objects: (Arc<dyn Objects>, PartHandle),
    identity: (invoiceapp_authorizer::IdentityStore, PartHandle),
    mail: (Arc<dyn Mailer>, PartHandle),
}

impl Watch {
    pub(super) fn new(stores: &Stores, health: &Health) -> Self {
        let hard = |name| health.part(name, Need::Hard);
        Self {
            journal: (
                Arc::clone(&stores.journal) as Arc<dyn Journal>,
                hard("journal"),
            ),
            views: (Arc::clone(stores.views.store()), hard("views")),
            jobs: (Arc::clone(&stores.jobs) as Arc<dyn JobStore>, hard("jobs")),
            objects: (
                Arc::clone(&stores.objects) as Arc<dyn Objects>,
                hard("objects"),
            ),
            identity: (stores.identity.clone(), hard("identity")),
            mail: (
                Arc::clone(&stores.mail) as Arc<dyn Mailer>,
                health.part("mail", Need::Soft),
            ),
        }
    }

    /// Looks at every part once.
    pub(super) async fn look(&self) {
        let (journal, handle) = &self.journal;
        // Reading goes on when the disk is full, and commands do not.
        let writability = *journal.writability().borrow();
        match writability {
            Writability::Failing { .. } => handle.failing("the journal cannot be written"),
            Writability::Writable => {
                show(handle, journal.head(), "the journal cannot be read").await;
            }
        }
        let (views, handle) = &self.views;
        show(handle, views.checkpoint(), "the views cannot be read").await;
        let (jobs, handle) = &self.jobs;
        let checkpoint = jobs.checkpoint(PdfReactor::NAME);
        show(handle, checkpoint, "the jobs cannot be read").await;
        let (objects, handle) = &self.objects;
        show(handle, objects.check(), "the object store cannot be used").await;
        let (identity, handle) = &self.identity;
        show(
            handle,
            identity.check(),
            "the identity store cannot be used",
        )
        .await;
        let (mail, handle) = &self.mail;
        show(handle, mail.check(), "mail cannot be delivered").await;
    }

    /// Looks until cancelled.
    pub(super) async fn run(self, cancel: CancellationToken) {
        loop {
            self.look().await;
            tokio::select! {
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
                () = cancel.cancelled() => return,
            }
        }
    }
}

async fn show<T, E: std::error::Error>(
    handle: &PartHandle,
    answer: impl Future<Output = Result<T, E>>,
    reason: &'static str,
) {
    match tokio::time::timeout(ANSWER_TIME_MAX, answer).await {
        Ok(Ok(_)) => handle.ready(),
        Ok(Err(error)) => {
            tracing::warn!(%error, reason, "a part does not work");
            handle.failing(reason);
        }
        Err(_) => handle.failing("no answer in time"),
    }
}
