//! The stores of a data directory, opened in the order in which they depend on each other.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use invoiceapp_authorizer::IdentityStore;
use invoiceapp_domain::{Ambient, STATE_HASH};
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_mail::Maildir;
use invoiceapp_objects::FsObjects;
use invoiceapp_projections::projector::Projector;
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_projections::{ViewStore, Views};
use invoiceapp_runtime::sqlite::SqliteJobStore;
use invoiceapp_service::user_access::CredentialHandOver;

use super::credentials::IssuerCredentials;
use crate::ambient::MachineAmbient;
use crate::data_dir::DataDir;
use crate::metrics::{ProcessMetrics, WatchedWriter};
use crate::reading::{Sources, ViewSource};

/// Everything that is kept on disk, and what reads and writes it.
#[derive(Debug)]
pub(crate) struct Stores {
    pub(crate) directory: DataDir,
    pub(crate) ambient: Arc<dyn Ambient>,
    pub(crate) journal: Arc<SqliteJournal>,
    pub(crate) executor: CommandExecutor,
    pub(crate) views: Views,
    projector: Option<Projector>,
    pub(crate) jobs: Arc<SqliteJobStore>,
    pub(crate) identity: IdentityStore,
    pub(crate) objects: Arc<FsObjects>,
    pub(crate) mail: Arc<Maildir>,
}

impl Stores {
    /// Locks the directory and opens what is in it, creating what is not.
    ///
    /// # Errors
    /// When it is in use, cannot be written, or holds something that is not ours; the message says
    /// which part.
    pub(crate) async fn open(path: &Path) -> anyhow::Result<Self> {
        let directory = DataDir::lock(path)?;
        let ambient: Arc<dyn Ambient> = Arc::new(MachineAmbient);
        let journal = SqliteJournal::open(
            SqliteOptions::new(directory.journal()),
            Arc::clone(&ambient),
        )
        .await
        .context("the journal cannot be opened")?;
        let journal = Arc::new(journal);
        let executor = CommandExecutor::new(Arc::clone(&journal) as Arc<dyn Journal>);
        let store = SqliteViewStore::open(&directory.views(&definition()))
            .await
            .context("the views cannot be opened")?;
        let store: Arc<dyn ViewStore> = Arc::new(store);
        let (projector, reached) =
            Projector::new(Arc::clone(&journal) as Arc<dyn Journal>, Arc::clone(&store));
        let jobs = SqliteJobStore::open(&directory.jobs())
            .await
            .context("the jobs cannot be opened")?;
        let identity = IdentityStore::open(&directory.identity())
            .await
            .context("the identity store cannot be opened")?;
        let objects =
            FsObjects::open(&directory.objects()).context("the object store cannot be opened")?;
        let mail = Maildir::open(directory.maildir()).context("the maildir cannot be opened")?;
        Ok(Self {
            ambient,
            journal,
            executor,
            views: Views::new(store, reached),
            projector: Some(projector),
            jobs: Arc::new(jobs),
            identity,
            objects: Arc::new(objects),
            mail: Arc::new(mail),
            directory,
        })
    }

    /// Folds what the views have not seen yet, and returns the position they have reached.
    ///
    /// # Errors
    /// When the journal or the views fail.
    pub(crate) async fn catch_up(&self) -> anyhow::Result<u64> {
        let projector = self
            .projector
            .as_ref()
            .context("the projector runs already")?;
        projector
            .catch_up()
            .await
            .context("the views cannot be brought up to date")
    }

    /// The projector, to be run; it can be taken once.
    ///
    /// # Errors
    /// When it was taken before.
    pub(crate) fn take_projector(&mut self) -> anyhow::Result<Projector> {
        self.projector.take().context("the projector runs already")
    }

    /// Removes the views of other definitions, once those of this one are complete.
    pub(crate) fn remove_stale_views(&self) {
        for path in self.directory.stale_views(&definition()) {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%error, "an outdated view could not be removed");
            }
        }
    }

    /// What health, metrics and tools read; of these reactors.
    pub(crate) fn sources(&self, reactors: Vec<&'static str>) -> Sources {
        Sources {
            ambient: Arc::clone(&self.ambient),
            journal: Arc::clone(&self.journal) as _,
            views: vec![ViewSource::Documents(Arc::clone(self.views.store()))],
            jobs: Some(Arc::clone(&self.jobs) as _),
            reactors: Some(reactors),
            relay: None,
        }
    }

    /// Shows the journal's writer and the disk among the metrics.
    pub(crate) fn measure(&self, metrics: &ProcessMetrics) -> anyhow::Result<()> {
        metrics.watch_data_dir(self.directory.path().to_owned())?;
        metrics.watch_writer(WatchedWriter {
            head: self.journal.subscribe(),
            stats: self.journal.writer_stats(),
            executor: self.executor.clone(),
        })
    }

    /// What finishes the commands that a crash cut off between journal and credentials.
    pub(crate) fn credential_hand_over(&self) -> CredentialHandOver {
        let credentials = IssuerCredentials::new(self.identity.clone(), Arc::clone(&self.ambient));
        CredentialHandOver {
            credentials: Arc::new(credentials),
            executor: self.executor.clone(),
            ambient: Arc::clone(&self.ambient),
        }
    }

    /// Closes what wants closing, the journal last.
    pub(crate) async fn close(self) {
        self.jobs.close().await;
        self.identity.close().await;
        self.journal.close().await;
    }
}

/// Names the views by what made them: another fold or another form of the tables is another file,
/// built anew from the journal.
pub(crate) fn definition() -> String {
    format!("{}-{STATE_HASH}", invoiceapp_projections::DEFINITION)
}
