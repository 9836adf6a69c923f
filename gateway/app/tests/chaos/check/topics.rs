//! Kafka holds what the journal holds: each key in one partition, in order, without a gap; repeats are
//! allowed only of what came before.

use std::collections::BTreeMap;
use std::sync::Arc;

use invoiceapp_journal::port::Journal;
use invoiceapp_schemas::RecordedEvent;

use super::{events, until_nothing_is_missing};
use crate::full::Installation;
use crate::full::topics::Record;

pub(super) async fn equal(installation: &Installation, journal: &Arc<dyn Journal>) {
    until_nothing_is_missing("topics", async || {
        let head = journal.head().await.unwrap().position;
        let records = installation.records().await;
        let last = records.iter().map(|record| record.number("ce_position"));
        let last = last.max().unwrap_or_default();
        (last < head).then(|| format!("{last} of {head}"))
    })
    .await;
    let records = installation.records().await;
    let events = events(journal).await;
    in_order_by_key(&records);
    let mut published = BTreeMap::new();
    for record in &records {
        published.insert(record.number("ce_position"), facts_of_record(record));
    }
    let written: BTreeMap<_, _> = events
        .iter()
        .map(|event| (event.position, facts_of_event(event)))
        .collect();
    assert!(published == written, "the topics are not the journal");
}

fn in_order_by_key(records: &[Record]) {
    let mut seen: BTreeMap<(&str, &str), (i32, u64)> = BTreeMap::new();
    for record in records {
        let key = (record.topic.as_str(), record.key.as_str());
        let known = seen.entry(key).or_insert((record.partition, 0));
        assert_eq!(known.0, record.partition, "{key:?} moved");
        let version = record.number("ce_streamversion");
        assert!(version <= known.1 + 1, "{key:?}: a gap before {version}");
        known.1 = known.1.max(version);
    }
}

/// What both sides say of an event: its identity, its key, its version.
type Facts = (String, String, u64);

fn facts_of_record(record: &Record) -> Facts {
    let id = record.headers["ce_id"].clone();
    (id, record.key.clone(), record.number("ce_streamversion"))
}

fn facts_of_event(event: &RecordedEvent) -> Facts {
    let key = event.stream.aggregate_id();
    (event.event_id.to_string(), key, event.version)
}
