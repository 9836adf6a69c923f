//! Prints every event of the topics, with clients that know nothing of this project: `rdkafka` and
//! `schema_registry_converter`. Reads from the beginning and goes on until it is stopped.
//!
//! `cargo run -p invoiceapp-relay --example consumer -- BROKERS REGISTRY [PREFIX]`

use std::collections::HashMap;
use std::error::Error;
use std::io::Write as _;

use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::{Headers as _, Message as _};
use schema_registry_converter::async_impl::avro::AvroDecoder;
use schema_registry_converter::async_impl::schema_registry::SrSettings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let brokers = arguments.next().ok_or("which brokers?")?;
    let registry = arguments.next().ok_or("which registry?")?;
    let prefix = arguments.next().unwrap_or_else(|| "invoiceapp".to_owned());
    let topics = ["invoice", "product", "user"].map(|name| format!("{prefix}.{name}.v1"));

    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "example-rust")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("fetch.message.max.bytes", "8388608")
        .create()?;
    consumer.subscribe(&topics.each_ref().map(String::as_str))?;

    // Only a workspace that compiles TLS without a provider of its own has to choose one.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let decoder = AvroDecoder::new(SrSettings::new(registry));
    let mut versions: HashMap<String, u64> = HashMap::new();
    loop {
        let record = consumer.recv().await?;
        let header = |name: &str| {
            let headers = record.headers()?;
            let found = headers.iter().find(|header| header.key == name)?;
            Some(String::from_utf8_lossy(found.value?).into_owned())
        };
        let subject = header("ce_subject").ok_or("a record without ce_subject")?;
        let version: u64 = header("ce_streamversion").ok_or("no version")?.parse()?;
        let seen = versions.entry(subject.clone()).or_default();
        // Delivery is at least once: a version that was seen is a repeat.
        if version <= *seen {
            continue;
        }
        if version != *seen + 1 {
            return Err(format!("{subject}: a gap before version {version}").into());
        }
        *seen = version;
        let event = decoder.decode(record.payload()).await?;
        let ce_type = header("ce_type").unwrap_or_default();
        let mut out = std::io::stdout().lock();
        writeln!(out, "{ce_type} {subject} {version} {:?}", event.value)?;
    }
}
