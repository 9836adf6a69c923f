//! Whether the broker answers, and whether the topics are as they have to be: for health and for an
//! operator. Nothing is changed here.

use std::collections::BTreeMap;
use std::sync::Arc;

use invoiceapp_avro::Topic;
use rdkafka::admin::{AdminClient, ConfigResource, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::StreamConsumer;

use crate::broker::{admin_options, partition_count, partition_counts};
use crate::error::RelayError;
use crate::settings::{KafkaSettings, RECORD_BYTES_MAX};

/// A topic, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicReport {
    /// Its name.
    pub topic: String,
    /// Nothing for one that is as it has to be.
    pub problems: Vec<String>,
}

/// Looks at a broker over a connection of its own.
pub struct BrokerProbe {
    settings: KafkaSettings,
    consumer: Arc<StreamConsumer>,
}

impl std::fmt::Debug for BrokerProbe {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("BrokerProbe")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl BrokerProbe {
    /// A probe; nothing is asked yet.
    ///
    /// # Errors
    /// [`RelayError::Broker`] when the settings make no client.
    pub fn new(settings: &KafkaSettings) -> Result<Self, RelayError> {
        Ok(Self {
            settings: settings.clone(),
            consumer: Arc::new(settings.consumer().create()?),
        })
    }

    /// Whether the broker answers and knows the topics of events.
    ///
    /// # Errors
    /// [`RelayError`].
    pub async fn check(&self) -> Result<(), RelayError> {
        partition_counts(&self.consumer, &self.settings)
            .await
            .map(drop)
    }

    /// Compares every topic with what `migrate` makes, with so many partitions for those of events.
    ///
    /// # Errors
    /// [`RelayError`] when the broker does not answer.
    pub async fn topics(&self, partitions: u32) -> Result<Vec<TopicReport>, RelayError> {
        let events = Topic::ALL.map(|topic| (self.settings.topics.name(topic), true));
        let mut reports = Vec::new();
        for (topic, is_of_events) in events
            .into_iter()
            .chain([(self.settings.topics.relay(), false)])
        {
            let wanted = if is_of_events { partitions } else { 1 };
            let problems = match partition_count(&self.consumer, topic.clone()).await {
                Ok(count) => self.problems(&topic, (count, wanted), is_of_events).await?,
                Err(RelayError::Topic { problem, .. }) => {
                    vec![format!("{problem}; run `invoiceapp migrate`")]
                }
                Err(error) => return Err(error),
            };
            reports.push(TopicReport { topic, problems });
        }
        Ok(reports)
    }

    async fn problems(
        &self,
        topic: &str,
        (count, wanted): (u32, u32),
        is_of_events: bool,
    ) -> Result<Vec<String>, RelayError> {
        let settings = self.settings_of(topic).await?;
        let mut problems = Vec::new();
        if count != wanted {
            problems.push(format!("has {count} partitions instead of {wanted}"));
        }
        let setting = |name: &str| settings.get(name).map(String::as_str).unwrap_or_default();
        let policy = setting("cleanup.policy");
        if is_of_events && policy.contains("compact") {
            problems
                .push("is compacted, which deletes events: set cleanup.policy=delete".to_owned());
        }
        if !is_of_events && !policy.contains("compact") {
            problems.push("is not compacted: set cleanup.policy=compact".to_owned());
        }
        let bytes = setting("max.message.bytes").parse::<usize>();
        if is_of_events && bytes.is_ok_and(|bytes| bytes < RECORD_BYTES_MAX) {
            problems.push(format!(
                "refuses large records: set max.message.bytes={RECORD_BYTES_MAX}"
            ));
        }
        Ok(problems)
    }

    async fn settings_of(&self, topic: &str) -> Result<BTreeMap<String, String>, RelayError> {
        let admin: AdminClient<DefaultClientContext> = self.settings.consumer().create()?;
        let wanted = [ResourceSpecifier::Topic(topic)];
        let described = admin.describe_configs(&wanted, &admin_options()).await?;
        let described = described.into_iter().next();
        let entries = |resource: ConfigResource| resource.entries;
        let entries = described.and_then(Result::ok).map(entries);
        let entries = entries.into_iter().flatten();
        Ok(entries
            .filter_map(|entry| Some((entry.name, entry.value?)))
            .collect())
    }
}
