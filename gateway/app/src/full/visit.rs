//! The full stack as a tool opens it: the processes go on meanwhile, and nothing is migrated.

use std::sync::Arc;

use anyhow::Context;
use invoiceapp_domain::Ambient;
use invoiceapp_journal::postgres::{PostgresOptions, PostgresReadOnly};
use invoiceapp_projections::ViewStore;
use invoiceapp_runtime::postgres::{PostgresJobStore, PostgresOptions as JobOptions};

use super::feed::kafka;
use super::ports::{leases, open_hot_connected, open_store, postgres_url};
use crate::ambient::MachineAmbient;
use crate::reading::{RelaySource, Sources, ViewSource};
use crate::settings::Settings;
use crate::visit::VisitedJobs;

/// Connections of a tool to each store.
const CONNECTIONS_MAX: u32 = 2;

pub(crate) async fn journal(settings: &Settings) -> anyhow::Result<PostgresReadOnly> {
    let mut options = PostgresOptions::new(postgres_url(settings)?);
    options.read_connections = CONNECTIONS_MAX;
    let journal = PostgresReadOnly::open(&options).await;
    journal.context("the journal cannot be opened; `invoiceapp doctor` says more")
}

pub(crate) async fn views(settings: &Settings) -> anyhow::Result<Arc<dyn ViewStore>> {
    let store = open_store(settings, &MachineAmbient).await;
    store.context("mongodb.url is not valid")
}

pub(crate) async fn jobs(settings: &Settings) -> anyhow::Result<VisitedJobs> {
    let options = JobOptions::new(postgres_url(settings)?)
        .with_connections_max(CONNECTIONS_MAX)
        .without_migration();
    let store = PostgresJobStore::connect(&options).await;
    let store = store.context("the jobs cannot be opened; `invoiceapp doctor` says more")?;
    let ambient: Arc<dyn Ambient> = Arc::new(MachineAmbient);
    let clock = store.clock(ambient).await;
    Ok(VisitedJobs {
        clock: Arc::new(clock.context("PostgreSQL does not say what time it is")?),
        store: Arc::new(store),
    })
}

pub(crate) async fn sources(settings: &Settings) -> anyhow::Result<Sources> {
    let jobs = jobs(settings).await?;
    let relay = RelaySource {
        leases: leases(settings, &MachineAmbient)?,
        journal: kafka(settings).journal,
        status: None,
    };
    Ok(Sources {
        ambient: jobs.clock,
        journal: Arc::new(journal(settings).await?),
        views: vec![
            ViewSource::Documents(views(settings).await?),
            ViewSource::Hot(open_hot_connected(settings).await?),
        ],
        jobs: Some(jobs.store),
        reactors: None,
        relay: Some(relay),
    })
}
