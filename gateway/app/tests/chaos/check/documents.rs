//! Each document in MongoDB is the fold of its stream, and each stream has its document.

use std::collections::HashMap;
use std::sync::Arc;

use invoiceapp_domain::StreamId;
use invoiceapp_journal::conformance::SteppingAmbient;
use invoiceapp_journal::port::Journal;
use invoiceapp_mongo::{MongoSettings, MongoViewStore};
use invoiceapp_projections::{ViewStore, views};
use invoiceapp_schemas::RecordedEvent;
use serde_json::Value;

use super::{events, setting, until_nothing_is_missing};
use crate::full::Installation;

pub(super) async fn equal(installation: &Installation, journal: &Arc<dyn Journal>) {
    let settings = MongoSettings {
        url: setting(installation, "MONGODB__URL").to_owned().into(),
        database_prefix: setting(installation, "MONGODB__DATABASE").to_owned(),
    };
    let ambient = SteppingAmbient::new(2);
    let store = MongoViewStore::new(&settings, ambient.as_ref())
        .await
        .unwrap();
    until_nothing_is_missing("documents", async || {
        let head = journal.head().await.unwrap().position;
        let checkpoint = store.checkpoint().await.unwrap_or_default();
        (checkpoint < head).then(|| format!("{checkpoint} of {head}"))
    })
    .await;
    let parked = store.parked(1).await.unwrap();
    assert!(parked.is_empty(), "{parked:?}");
    let mut streams: HashMap<StreamId, Vec<RecordedEvent>> = HashMap::new();
    for event in events(journal).await {
        streams.entry(event.stream.clone()).or_default().push(event);
    }
    for (stream, events) in streams {
        let folded = views::fold(stream.kind, None, &events).unwrap().document;
        let stored = store.document(&stream).await.unwrap();
        let stored = stored.unwrap_or_else(|| panic!("{stream} has no document"));
        let facts = (folded.version, folded.position, folded.created_position);
        let found = (stored.version, stored.position, stored.created_position);
        assert_eq!(found, facts, "{stream}");
        assert_eq!(value(&stored.json), value(&folded.json), "{stream}");
    }
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}
