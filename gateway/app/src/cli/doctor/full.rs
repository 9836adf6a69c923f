//! The full stack: the servers are tried at the same time, as our processes use them.

use anyhow::{Context, ensure};
use futures::future::{LocalBoxFuture, join_all};

use super::{Finding, parked_jobs};
use crate::full::examine as parts;
use crate::settings::Settings;
use crate::visit::{self, Place};

const MIGRATE: &str = "start PostgreSQL, check postgres.url, and run `invoiceapp migrate`";
const JOBS: &str =
    "see `invoiceapp parked list`; run `invoiceapp migrate` if there are no jobs yet";
const STREAMS: &str = "see `invoiceapp parked list`";
const MONGODB: &str = "start MongoDB, or check mongodb.url";
const REDIS: &str = "start Redis, or check redis.url; commands and queries go on without it";
const KAFKA: &str = "start Kafka, check kafka.brokers, and run `invoiceapp migrate`";
const REGISTRY: &str =
    "start the registry, check registry.url, and run `invoiceapp schemas register`";
const KEYCLOAK: &str = "start Keycloak, or check keycloak.url, realm, clients and their secrets";
const S3: &str = "start the S3 server, or check s3.* and that the bucket was made with object lock";
const SMTP: &str = "start the mail server, or check smtp.host, port, tls and credentials";

/// Most parked streams that are counted.
const PARKED_SHOWN_MAX: u32 = 1_000;

type Trying<'a> = LocalBoxFuture<'a, anyhow::Result<String>>;

/// Tries every server.
pub(super) async fn examine(settings: &Settings) -> Vec<Finding> {
    let streams = async {
        let views = visit::views(&Place::Full, settings).await?;
        let parked = views.parked(PARKED_SHOWN_MAX).await?;
        ensure!(parked.is_empty(), "{} streams are parked", parked.len());
        Ok("none".to_owned())
    };
    let jobs = async {
        let jobs = visit::jobs(&Place::Full, settings).await?;
        let backlog = jobs.store.backlog().await;
        parked_jobs(&backlog.context("the jobs cannot be read")?)
    };
    // First and alone: hot views are given up after half a second, which the other tries, all on this
    // task, can keep the processor busy for.
    let redis = Finding::tried("Redis", REDIS, Box::pin(parts::redis(settings))).await;
    let trying: [(&'static str, &'static str, Trying<'_>); 9] = [
        ("PostgreSQL", MIGRATE, Box::pin(parts::postgres(settings))),
        ("jobs", JOBS, Box::pin(jobs)),
        ("Kafka", KAFKA, Box::pin(parts::kafka_topics(settings))),
        ("registry", REGISTRY, Box::pin(parts::registry(settings))),
        ("MongoDB", MONGODB, Box::pin(parts::mongodb(settings))),
        ("parked streams", STREAMS, Box::pin(streams)),
        ("Keycloak", KEYCLOAK, Box::pin(parts::keycloak(settings))),
        ("S3", S3, Box::pin(parts::s3(settings))),
        ("SMTP", SMTP, Box::pin(parts::smtp(settings))),
    ];
    let trying = trying.into_iter();
    let tried = trying.map(|(part, advice, trying)| Finding::tried(part, advice, trying));
    let others = join_all(tried).await;
    std::iter::once(redis).chain(others).collect()
}
