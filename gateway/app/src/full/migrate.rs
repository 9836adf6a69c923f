//! What the processes of the full stack find in place when they start.

use anyhow::Context;
use invoiceapp_relay::create_topics;

use super::feed::kafka;
use super::patience;
use super::ports::Ports;
use super::reactors::Jobs;
use crate::settings::Settings;

/// The partitions of an event topic. Part of the contract: a key never moves to another one.
pub(super) const PARTITIONS: i32 = 12;

/// Opens every store, which makes and updates its tables, and creates the topics that are missing.
///
/// # Errors
/// When a server refuses.
pub(crate) async fn migrate(settings: &Settings) -> anyhow::Result<Vec<&'static str>> {
    let ports = Ports::open(settings).await?;
    let jobs = Jobs::open(settings, &ports).await?;
    let kafka = kafka(settings);
    let replication = settings.kafka.replication;
    patience::open("kafka", || create_topics(&kafka, PARTITIONS, replication))
        .await
        .context("the topics cannot be created")?;
    jobs.store.close().await;
    ports.close().await;
    Ok(vec!["journal", "views", "jobs", "topics"])
}
