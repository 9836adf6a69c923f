//! Tries the servers for an operator, each as our processes use it, and changes nothing.

use std::sync::Arc;

use anyhow::{Context, bail};
use invoiceapp_access::{KeySource, RemoteKeys};
use invoiceapp_avro::{Catalog, Registry, check_registered};
use invoiceapp_domain::Ambient;
use invoiceapp_identity::KeycloakAccounts;
use invoiceapp_journal::postgres::{PostgresOptions, PostgresReadOnly};
use invoiceapp_journal::verify::Chain;
use invoiceapp_objects::Objects as _;
use invoiceapp_relay::BrokerProbe;

use super::feed::{kafka, topics};
use super::identity::{realm, realm_settings};
use super::migrate::PARTITIONS;
use super::ports::{open_hot_connected, open_objects, open_store, postgres_url};
use super::reactors::mailer;
use crate::ambient::MachineAmbient;
use crate::settings::Settings;

/// Version, durability and the journal's tables.
pub(crate) async fn postgres(settings: &Settings) -> anyhow::Result<String> {
    let options = PostgresOptions::new(postgres_url(settings)?);
    PostgresReadOnly::check_server(&options).await?;
    let journal = PostgresReadOnly::open(&options).await?;
    let head = journal.chain_head().await?;
    Ok(format!("durable, the journal's head is {}", head.position))
}

/// The topics and their settings.
pub(crate) async fn kafka_topics(settings: &Settings) -> anyhow::Result<String> {
    let probe = BrokerProbe::new(&kafka(settings)).context("kafka.brokers is not valid")?;
    let reports = probe.topics(PARTITIONS.unsigned_abs()).await?;
    let problems: Vec<String> = reports
        .iter()
        .flat_map(|report| {
            let of_topic = |problem: &String| format!("topic {} {problem}", report.topic);
            report.problems.iter().map(of_topic)
        })
        .collect();
    if !problems.is_empty() {
        bail!(problems.join("; "));
    }
    Ok(format!("{} topics as they have to be", reports.len()))
}

/// The schemas and the rule that they are kept under.
pub(crate) async fn registry(settings: &Settings) -> anyhow::Result<String> {
    let catalog = Catalog::compiled().context("the committed schemas cannot be read")?;
    let registry = Registry::new(&settings.registry.url).context("registry.url is not valid")?;
    let count = check_registered(&registry, &catalog, &topics(settings)).await?;
    Ok(format!("{count} schemas registered"))
}

/// The documents.
pub(crate) async fn mongodb(settings: &Settings) -> anyhow::Result<String> {
    let store = open_store(settings, &MachineAmbient).await?;
    let position = store.checkpoint().await?;
    Ok(format!("readable, the views are at position {position}"))
}

/// What stands before the documents.
pub(crate) async fn redis(settings: &Settings) -> anyhow::Result<String> {
    let mark = open_hot_connected(settings).await?.mark().await?;
    Ok(mark.map_or_else(
        || "readable, and empty: the projector fills it".to_owned(),
        |mark| format!("readable, at position {}", mark.position),
    ))
}

/// The realm's keys, and what our service account may do.
pub(crate) async fn keycloak(settings: &Settings) -> anyhow::Result<String> {
    let realm = realm(settings);
    let keys = RemoteKeys::new(&realm.keys_url()).context("keycloak.url is not valid")?;
    let keys = keys.fetch().await?;
    let ambient: Arc<dyn Ambient> = Arc::new(MachineAmbient);
    let accounts = KeycloakAccounts::new(&realm_settings(settings), ambient)?;
    let seen = accounts.check().await;
    seen.context("the service account cannot see the realm's accounts")?;
    let count = keys.keys.len();
    Ok(format!(
        "{count} keys, the service account may write accounts"
    ))
}

/// The bucket and its object lock.
pub(crate) async fn s3(settings: &Settings) -> anyhow::Result<String> {
    open_objects(settings)?.check().await?;
    Ok("can be written and read, with object lock".to_owned())
}

/// The mail server's greeting.
pub(crate) async fn smtp(settings: &Settings) -> anyhow::Result<String> {
    mailer(settings)?.check().await?;
    Ok("takes mails from us".to_owned())
}
