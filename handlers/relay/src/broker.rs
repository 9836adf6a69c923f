//! What is asked of the broker beside records: topics, partitions and where they end. The client
//! blocks for these, so they run on threads of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt};
use invoiceapp_avro::Topic;
use rdkafka::admin::{
    AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication, TopicResult,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::task::spawn_blocking;

use crate::error::RelayError;
use crate::settings::{BROKER_DEADLINE, KafkaSettings, RECORD_BYTES_MAX};

/// Most questions about partitions that are under way at once.
const QUESTIONS_AT_ONCE: usize = 16;

/// The first and the next offset of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watermarks {
    pub(crate) low: i64,
    pub(crate) high: i64,
}

/// Each partition of some topics.
pub(crate) type Partitions = BTreeMap<(String, i32), Watermarks>;

/// How many partitions the topics of events have.
pub(crate) async fn partition_counts(
    consumer: &Arc<StreamConsumer>,
    settings: &KafkaSettings,
) -> Result<BTreeMap<String, u32>, RelayError> {
    let counts = Topic::ALL.map(|topic| async move {
        let name = settings.topics.name(topic);
        let count = partition_count(consumer, name.clone()).await?;
        Ok::<_, RelayError>((name, count))
    });
    Ok(try_join_all(counts).await?.into_iter().collect())
}

/// How many partitions a topic has.
///
/// # Errors
/// [`RelayError::Topic`] when there is no such topic.
pub(crate) async fn partition_count(
    consumer: &Arc<StreamConsumer>,
    topic: String,
) -> Result<u32, RelayError> {
    let consumer = Arc::clone(consumer);
    spawn_blocking(move || {
        let metadata = consumer.fetch_metadata(Some(&topic), BROKER_DEADLINE)?;
        let count = metadata
            .topics()
            .iter()
            .find(|found| found.name() == topic)
            .map_or(0, |found| found.partitions().len());
        match u32::try_from(count) {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(RelayError::Topic {
                topic,
                problem: "does not exist".to_owned(),
            }),
        }
    })
    .await?
}

/// Where partitions begin and end.
pub(crate) async fn watermarks(
    consumer: &Arc<StreamConsumer>,
    partitions: Vec<(String, i32)>,
) -> Result<Partitions, RelayError> {
    let asked = partitions.into_iter().map(|(topic, partition)| {
        let consumer = Arc::clone(consumer);
        let answer = spawn_blocking(move || {
            let (low, high) = consumer.fetch_watermarks(&topic, partition, BROKER_DEADLINE)?;
            Ok::<_, KafkaError>(((topic, partition), Watermarks { low, high }))
        });
        async move { Ok::<_, RelayError>(answer.await??) }
    });
    futures::stream::iter(asked)
        .buffer_unordered(QUESTIONS_AT_ONCE)
        .try_collect()
        .await
}

/// Every partition of topics with so many.
pub(crate) fn all_partitions(counts: &BTreeMap<String, u32>) -> Vec<(String, i32)> {
    let partitions = counts.iter().flat_map(|(topic, count)| {
        let count = i32::try_from(*count).unwrap_or(i32::MAX);
        (0..count).map(|partition| (topic.clone(), partition))
    });
    partitions.collect()
}

fn admin(settings: &KafkaSettings) -> Result<AdminClient<DefaultClientContext>, KafkaError> {
    settings.consumer().create()
}

pub(crate) fn admin_options() -> AdminOptions {
    AdminOptions::new()
        .operation_timeout(Some(BROKER_DEADLINE))
        .request_timeout(Some(BROKER_DEADLINE))
}

/// Refuses topics that would lose events: a compacted topic keeps one event per key.
pub(crate) async fn check_topics(
    settings: &KafkaSettings,
    counts: &BTreeMap<String, u32>,
) -> Result<(), RelayError> {
    let admin = admin(settings)?;
    let topics = counts.keys().map(|topic| ResourceSpecifier::Topic(topic));
    let topics: Vec<ResourceSpecifier<'_>> = topics.collect();
    let described = admin.describe_configs(&topics, &admin_options()).await?;
    for (topic, described) in counts.keys().zip(described) {
        let resource = described.map_err(KafkaError::AdminOp)?;
        let policy = resource
            .get("cleanup.policy")
            .and_then(|entry| entry.value.clone());
        if policy.is_some_and(|policy| policy.contains("compact")) {
            return Err(RelayError::Topic {
                topic: topic.clone(),
                problem: "is compacted, which deletes events".to_owned(),
            });
        }
    }
    Ok(())
}

/// Creates the topics that are missing and changes none: events are kept for ever, and the relay's
/// own topic keeps the newest mark of each journal.
///
/// # Errors
/// [`RelayError`] when the broker refuses.
pub async fn create_topics(
    settings: &KafkaSettings,
    partitions: i32,
    replication: i32,
) -> Result<(), RelayError> {
    let record_bytes = RECORD_BYTES_MAX.to_string();
    let events = Topic::ALL.map(|topic| settings.topics.name(topic));
    let relay = settings.topics.relay();
    let events = events.iter().map(|name| {
        NewTopic::new(name, partitions, TopicReplication::Fixed(replication))
            .set("cleanup.policy", "delete")
            .set("retention.ms", "-1")
            .set("max.message.bytes", &record_bytes)
    });
    let relay = NewTopic::new(&relay, 1, TopicReplication::Fixed(replication))
        .set("cleanup.policy", "compact");
    let topics: Vec<NewTopic<'_>> = events.chain([relay]).collect();
    let created = admin(settings)?
        .create_topics(&topics, &admin_options())
        .await?;
    created.into_iter().try_for_each(created_or_there)
}

fn created_or_there(result: TopicResult) -> Result<(), RelayError> {
    match result {
        Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => Ok(()),
        Err((topic, code)) => Err(RelayError::Topic {
            topic,
            problem: format!("cannot be created: {code}"),
        }),
    }
}
