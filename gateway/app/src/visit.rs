//! An installation as a tool sees it: beside the processes that run on it, and without making or
//! changing a table.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::Ambient;
use invoiceapp_journal::port::{JournalError, JournalStatus};
use invoiceapp_journal::postgres::PostgresReadOnly;
use invoiceapp_journal::sqlite::SqliteReadOnly;
use invoiceapp_journal::verify::{Chain, StreamSource};
use invoiceapp_projections::ViewStore;
use invoiceapp_runtime::JobStore;

use crate::reading::Sources;
use crate::settings::Settings;
use crate::{embedded, full};

/// Which installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A data directory.
    Embedded(PathBuf),
    /// The servers that the settings name.
    Full,
}

impl Place {
    /// A data directory that is named wins; otherwise it is the full stack where the settings name
    /// PostgreSQL, and else the data directory of the settings.
    pub(crate) fn choose(data: Option<&Path>, settings: &Settings) -> Self {
        match data {
            Some(data) => Self::Embedded(data.to_owned()),
            None if settings.postgres.url.is_some() => Self::Full,
            None => Self::Embedded(settings.data_dir.clone()),
        }
    }
}

/// A journal that is only looked at.
#[async_trait]
pub(crate) trait VisitedJournal: Chain + StreamSource + Send + Sync {
    /// Facts for an operator. Counts streams, which reads an index from end to end.
    async fn status(&self) -> Result<JournalStatus, JournalError>;
}

#[async_trait]
impl VisitedJournal for SqliteReadOnly {
    async fn status(&self) -> Result<JournalStatus, JournalError> {
        Self::status(self).await
    }
}

#[async_trait]
impl VisitedJournal for PostgresReadOnly {
    async fn status(&self) -> Result<JournalStatus, JournalError> {
        Self::status(self).await
    }
}

/// The jobs, and the clock by which they are due.
#[derive(Debug, Clone)]
pub(crate) struct VisitedJobs {
    pub(crate) store: Arc<dyn JobStore>,
    pub(crate) clock: Arc<dyn Ambient>,
}

/// The journal.
///
/// # Errors
/// When there is none, or it cannot be read.
pub(crate) async fn journal(
    place: &Place,
    settings: &Settings,
) -> anyhow::Result<Arc<dyn VisitedJournal>> {
    match place {
        Place::Embedded(directory) => Ok(Arc::new(embedded::visit::journal(directory).await?)),
        Place::Full => Ok(Arc::new(full::visit::journal(settings).await?)),
    }
}

/// The documents.
///
/// # Errors
/// When there are none yet, or they cannot be read.
pub(crate) async fn views(
    place: &Place,
    settings: &Settings,
) -> anyhow::Result<Arc<dyn ViewStore>> {
    match place {
        Place::Embedded(directory) => embedded::visit::views(directory).await,
        Place::Full => full::visit::views(settings).await,
    }
}

/// The reactors' jobs.
///
/// # Errors
/// When there are none yet, or they cannot be read.
pub(crate) async fn jobs(place: &Place, settings: &Settings) -> anyhow::Result<VisitedJobs> {
    match place {
        Place::Embedded(directory) => embedded::visit::jobs(directory).await,
        Place::Full => full::visit::jobs(settings).await,
    }
}

/// Everything that a reading is taken of.
///
/// # Errors
/// When there is no journal, or a setting makes no sense. A part that does not answer is said by the
/// reading.
pub(crate) async fn sources(place: &Place, settings: &Settings) -> anyhow::Result<Sources> {
    match place {
        Place::Embedded(directory) => embedded::visit::sources(directory).await,
        Place::Full => full::visit::sources(settings).await,
    }
}
