//! A data directory as a tool opens it: a process may be using it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use invoiceapp_journal::sqlite::{SqliteOptions, SqliteReadOnly};
use invoiceapp_projections::ViewStore;
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_runtime::sqlite::SqliteJobStore;

use super::definition;
use crate::ambient::MachineAmbient;
use crate::data_dir::{existing_jobs, existing_journal, existing_views};
use crate::reading::{Sources, ViewSource};
use crate::visit::VisitedJobs;

pub(crate) async fn journal(directory: &Path) -> anyhow::Result<SqliteReadOnly> {
    let options = SqliteOptions::new(existing_journal(directory)?);
    let journal = SqliteReadOnly::open(&options).await;
    journal.context("the journal cannot be opened")
}

pub(crate) async fn views(directory: &Path) -> anyhow::Result<Arc<dyn ViewStore>> {
    existing_journal(directory)?;
    let file = existing_views(directory, &definition())?;
    let store = SqliteViewStore::open(&file).await;
    Ok(Arc::new(store.context("the views cannot be opened")?))
}

pub(crate) async fn jobs(directory: &Path) -> anyhow::Result<VisitedJobs> {
    existing_journal(directory)?;
    let store = SqliteJobStore::open(&existing_jobs(directory)?).await;
    Ok(VisitedJobs {
        store: Arc::new(store.context("the jobs cannot be opened")?),
        clock: Arc::new(MachineAmbient),
    })
}

/// What was never started has neither views nor jobs, and nothing is said of them.
pub(crate) async fn sources(directory: &Path) -> anyhow::Result<Sources> {
    let journal = Arc::new(journal(directory).await?);
    let views = match existing_views(directory, &definition()) {
        Ok(_) => vec![ViewSource::Documents(views(directory).await?)],
        Err(_) => Vec::new(),
    };
    let jobs = match existing_jobs(directory) {
        Ok(_) => Some(jobs(directory).await?.store),
        Err(_) => None,
    };
    Ok(Sources {
        ambient: Arc::new(MachineAmbient),
        journal,
        views,
        jobs,
        reactors: None,
        relay: None,
    })
}
