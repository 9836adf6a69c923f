//! What every adapter of [`ViewStore`] has to do, as functions that its tests call. Each case gets an
//! empty store of its own from the adapter's factory, and ends with a panic when the adapter is
//! wrong.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation ends the test"
)]

mod checkpoint;
mod counters;
mod documents;
pub mod history;
pub mod hot;
mod lists;
mod numbers;
mod parked;

use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use serde_json::{Value, json};

use crate::document::{Document, FieldValue};
use crate::store::{Applied, Change, Changes, Progress, ViewStore};
use crate::views::fields_of;

/// Runs everything; `open` gives a store that nothing was written to, a new one each time.
pub async fn all<S: ViewStore>(open: impl AsyncFn() -> S) {
    let empty = async || Case {
        store: open().await,
    };
    documents::all(&empty).await;
    checkpoint::all(&empty).await;
    lists::all(&empty).await;
    counters::all(&empty).await;
    numbers::all(&empty).await;
    parked::all(&empty).await;
}

/// One case: an empty store of its own.
#[derive(Debug)]
struct Case<S> {
    store: S,
}

impl<S: ViewStore> Case<S> {
    /// Commits changes as the next batch.
    async fn commit(&self, changes: Changes) {
        assert_eq!(self.try_commit(changes).await, Applied::Committed);
    }

    async fn try_commit(&self, changes: Changes) -> Applied {
        let from = self.checkpoint().await;
        let applied = self.store.apply(from, from + 1, changes).await;
        applied.expect("apply")
    }

    /// Commits documents as the next batch.
    async fn write(&self, documents: Vec<Change>) {
        self.commit(batch(documents)).await;
    }

    async fn checkpoint(&self) -> u64 {
        self.store.checkpoint().await.expect("checkpoint")
    }

    async fn progress(&self) -> Progress {
        self.store.progress().await.expect("progress")
    }

    async fn document(&self, stream: &StreamId) -> Option<Document> {
        self.store.document(stream).await.expect("document")
    }

    async fn version(&self, stream: &StreamId) -> Option<u64> {
        self.document(stream).await.map(|document| document.version)
    }
}

fn batch(documents: Vec<Change>) -> Changes {
    Changes {
        documents,
        ..Changes::default()
    }
}

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).expect("a tenant id")
}

fn product(tenant: &TenantId, key: &str) -> StreamId {
    StreamId::new(tenant.clone(), StreamKind::Product, key)
}

fn invoice(tenant: &TenantId, key: &str) -> StreamId {
    StreamId::new(tenant.clone(), StreamKind::Invoice, key)
}

/// A document of a stream that came to be at a position, at a version. No index field is there.
fn document(stream: &StreamId, created_position: u64, version: u64) -> Document {
    Document {
        stream: stream.clone(),
        version,
        position: created_position + version - 1,
        created_position,
        json: json!({ "key": stream.key, "version": version, "text": "Žluťoučký \"kůň\" 🐎\n" })
            .to_string(),
        fields: fields_of(stream.kind)
            .iter()
            .map(|_| FieldValue::Absent)
            .collect(),
    }
}

/// The same with values for some of the index fields of its kind.
fn with_fields(mut document: Document, values: &[(&str, FieldValue)]) -> Document {
    let names = fields_of(document.stream.kind);
    for (name, value) in values {
        let place = names.iter().position(|known| known == name);
        let place = place.unwrap_or_else(|| panic!("{name} is an index field"));
        document.fields[place] = value.clone();
    }
    document
}

/// Writes a document in the place of its previous version, or as a new one.
fn put(document: Document) -> Change {
    Change {
        replaces: document.version - 1,
        document,
        buckets: Vec::new(),
        number: None,
    }
}

/// A document as far as a store gives it back; the JSON by its value, not by its text.
fn stored(document: &Document) -> (&StreamId, u64, u64, u64, Value) {
    (
        &document.stream,
        document.version,
        document.position,
        document.created_position,
        serde_json::from_str(&document.json).expect("JSON"),
    )
}
