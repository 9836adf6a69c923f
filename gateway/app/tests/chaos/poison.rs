//! Records that nobody can read stand where events should be: their invoices stand still, the others go
//! on, everybody can see it, and a retry heals it from the journal.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use invoiceapp_journal::port::Journal;
use invoiceapp_schemas::RecordedEvent;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde_json::{Value, json};

use crate::api::{Client, EVENTUALLY, draft, id, organization};
use crate::check::journal;
use crate::full::topics::Record;
use crate::world::{World, world};

/// How long the broker may take.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// How many bytes the magic byte and the schema's id are.
const WIRE_HEADER_BYTES: usize = 5;
/// An id that no registry has given.
const UNKNOWN_SCHEMA: [u8; 4] = [0x7f, 0xff, 0xff, 0xff];

/// What is done to a good value.
type Change = fn(&[u8]) -> Vec<u8>;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the stack: everything, for itself alone"]
async fn a_record_that_nobody_can_read_parks_its_invoice_until_a_retry_heals_it() {
    let mut world = world().await;
    let door = world.installation.tenant().await;
    let admin = Client::admin(&door).await;
    admin.put("/organization", organization()).await.expect(200);
    let [damaged, unknown, healthy] = [
        draft_of(&admin).await,
        draft_of(&admin).await,
        draft_of(&admin).await,
    ];

    // While no relay runs, somebody else puts records where its next ones belong.
    world.stop("relay");
    let mut poisoned = Vec::new();
    for path in [&damaged, &unknown] {
        let issued = admin.post(&format!("{path}/issue"), json!({})).await;
        let position: u64 = issued.header("consistency-token").parse().unwrap();
        issued.expect(200);
        poisoned.push(position);
    }
    let records = world.installation.records().await;
    let truth = journal(&world.installation).await;
    let values: [Change; 2] = [cut_short, of_unknown_schema];
    for (position, value) in poisoned.iter().zip(values) {
        let event = event_at(&truth, *position).await;
        put(&world, &records, &event, value).await;
    }
    world.start("relay");
    world.ready().await;

    // The others go on.
    let issued = admin.post(&format!("{healthy}/issue"), json!({})).await;
    issued.expect(200);
    is_open(&admin, &healthy).await;
    for path in [&damaged, &unknown] {
        let stands_still = admin.get(path).await.expect(200);
        assert_eq!(stands_still["status"], "draft");
    }
    everybody_can_see_it(&world, &[&damaged, &unknown]).await;

    // The views are healed in one step, the reactors' jobs become due.
    world.installation.run(&["parked", "retry", "--all"]).await;
    for path in [&damaged, &unknown] {
        is_open(&admin, path).await;
    }
    nothing_is_parked(&world).await;
}

/// An issued invoice, with its document.
async fn is_open(admin: &Client, path: &str) {
    let open = |answer: &crate::api::Answer| answer.json()["status"] == "open";
    admin.eventually(path, open).await;
    let pdf = format!("{path}/pdf");
    admin.eventually(&pdf, |answer| answer.status == 200).await;
}

async fn draft_of(admin: &Client) -> String {
    let created = admin.post("/invoices", draft()).await.expect(201);
    let path = format!("/invoices/{}", id(&created));
    admin.eventually(&path, |answer| answer.status == 200).await;
    path
}

fn cut_short(value: &[u8]) -> Vec<u8> {
    value[..value.len() - 1].to_vec()
}

fn of_unknown_schema(value: &[u8]) -> Vec<u8> {
    [&[0], UNKNOWN_SCHEMA.as_slice(), &value[WIRE_HEADER_BYTES..]].concat()
}

async fn event_at(journal: &std::sync::Arc<dyn Journal>, position: u64) -> RecordedEvent {
    let mut events = journal.read_all(position - 1, 1).await.unwrap();
    events.remove(0)
}

/// Puts a record for an event whose value is a changed one of another event.
async fn put(world: &World, records: &[Record], event: &RecordedEvent, value: Change) {
    let key = event.stream.aggregate_id();
    let before = records.iter().rfind(|record| record.key == key).unwrap();
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, text) in &before.headers {
        headers.insert(name, text.clone());
    }
    let kind = event.stream.kind;
    let ce_type = format!(
        "invoiceapp.{kind}.{}.v{}",
        event.event_type, event.schema_version
    );
    headers.insert("ce_id", event.event_id.to_string());
    headers.insert("ce_type", ce_type);
    headers.insert("ce_time", event.recorded_at.to_string());
    headers.insert("ce_position", event.position.to_string());
    headers.insert("ce_streamversion", event.version.to_string());
    let headers = headers
        .iter()
        .fold(OwnedHeaders::new(), |headers, (key, text)| {
            let value = Some(text.as_bytes());
            headers.insert(Header { key, value })
        });
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", invoiceapp_parts::kafka_brokers())
        .create()
        .unwrap();
    let topic = world.installation.topic("invoice");
    let value = value(&before.value);
    let record = FutureRecord::to(&topic)
        .partition(before.partition)
        .key(&key)
        .payload(&value)
        .headers(headers);
    producer.send(record, PATIENCE).await.unwrap();
}

/// The tools list it, and the processes that it concerns say so.
async fn everybody_can_see_it(world: &World, paths: &[&str]) {
    let parked = world.installation.run(&["parked", "list"]).await;
    let streams = parked["streams"].to_string();
    for path in paths {
        let id = path.rsplit('/').next().unwrap();
        assert!(streams.contains(id), "{path}: {parked}");
    }
    assert!(!parked["jobs"].as_array().unwrap().is_empty(), "{parked}");
    for role in ["projector", "pdf"] {
        let address = format!("{}/readyz", world.installation.place.url_of(role));
        let health: Value = reqwest::get(address).await.unwrap().json().await.unwrap();
        assert_eq!(health["ready"], true, "{role}: {health}");
        assert!(health.to_string().contains("is parked"), "{role}: {health}");
    }
}

async fn nothing_is_parked(world: &World) {
    let begun = Instant::now();
    loop {
        let parked = world.installation.run(&["parked", "list"]).await;
        if parked == json!({"streams": [], "jobs": []}) {
            return;
        }
        assert!(begun.elapsed() < EVENTUALLY, "{parked}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
