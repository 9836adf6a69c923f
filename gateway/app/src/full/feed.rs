//! The topics, their schemas, and the feed over them.

use std::sync::Arc;

use anyhow::Context;
use invoiceapp_avro::{Catalog, Codec, Registry, Topics};
use invoiceapp_relay::{KafkaFeed, KafkaSettings};
use invoiceapp_runtime::Feed;

use crate::settings::Settings;

/// The one journal of this installation, as `ce_source` names it.
const JOURNAL: &str = "main";

/// The topics of this installation.
pub(crate) fn topics(settings: &Settings) -> Topics {
    Topics::new(settings.kafka.topic_prefix.clone())
}

/// Writes and reads what is on the topics.
///
/// # Errors
/// When the committed schemas cannot be read, or the registry's address.
pub(crate) fn codec(settings: &Settings) -> anyhow::Result<Codec> {
    let catalog = Catalog::compiled().context("the committed schemas cannot be read")?;
    let registry = Registry::new(&settings.registry.url)
        .context("the schema registry's address is not valid")?;
    Ok(Codec::new(catalog, Arc::new(registry), topics(settings)))
}

/// Where the topics are.
pub(super) fn kafka(settings: &Settings) -> KafkaSettings {
    KafkaSettings {
        brokers: settings.kafka.brokers.clone(),
        topics: topics(settings),
        journal: JOURNAL.to_owned(),
    }
}

/// A feed for one consumer; each reads ahead for itself.
pub(super) fn feed(settings: &Settings) -> anyhow::Result<Arc<dyn Feed>> {
    Ok(KafkaFeed::new(kafka(settings), codec(settings)?))
}
