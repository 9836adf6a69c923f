//! Our `cqrs_es::EventStore`, and sqlite-es reading what we wrote.

use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore};
use cqrs_es::{AggregateContext, AggregateError, EventStore};
use invoiceapp_domain::{Actor, Fact, Root};
use invoiceapp_journal::conformance::Subject;
use invoiceapp_journal::event_store::{COMMAND_ID, JournalEventStore, MetadataAsTexts};
use invoiceapp_journal::execute::CommandExecutor;
use sqlite_es::SqliteEventRepository;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;

use crate::ledger::{Ledger, LedgerEvent, add, ambient, close, execution, ledger, open};
use crate::subject::SqliteSubject;

async fn pool(subject: &SqliteSubject) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(subject.path());
    SqlitePool::connect_with(options).await.unwrap()
}

#[tokio::test]
async fn sqlite_es_loads_a_stream_that_we_wrote() {
    let subject = SqliteSubject::new();
    let executor = CommandExecutor::new(subject.open(ambient()).await);
    for (n, command) in [(1, open("A")), (2, add(4)), (3, add(-1)), (4, close())] {
        executor
            .execute::<Ledger>(execution(&ledger("a"), n), command)
            .await
            .unwrap();
    }
    let repository = SqliteEventRepository::new(pool(&subject).await);
    let events = repository
        .get_events::<Root<Ledger>>("acme:a")
        .await
        .unwrap();
    assert!(events.iter().map(|event| event.sequence).eq(1..=4));
    let facts: Vec<Fact<LedgerEvent>> = events
        .into_iter()
        .map(|event| serde_json::from_value(event.payload).unwrap())
        .collect();
    assert_eq!(facts[3], Fact(LedgerEvent::Closed { number: Some(1) }));

    let store = PersistedEventStore::<_, Root<Ledger>>::new_event_store(repository)
        .with_upcasters(vec![Box::new(MetadataAsTexts)]);
    let mut context = store.load_aggregate("acme:a").await.unwrap();
    let ours = executor
        .load::<Ledger>(&ledger("a"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(context.aggregate().0, ours.state);
    // It can read, and it cannot write past the journal.
    let metadata = HashMap::new();
    let written = store
        .commit(
            vec![Fact(LedgerEvent::Added { amount: 1 })],
            context,
            metadata,
        )
        .await;
    assert!(written.is_err());
}

#[tokio::test]
async fn our_event_store_keeps_versions_and_says_conflict() {
    let subject = SqliteSubject::new();
    let journal = subject.open(ambient()).await;
    let actor = Actor::System("tool".to_owned());
    let store = JournalEventStore::<Ledger>::new(journal, ambient(), actor);
    let added = |amount| vec![Fact(LedgerEvent::Added { amount })];
    let opened = Fact(LedgerEvent::Opened {
        code: "A".to_owned(),
    });

    let context = store.load_aggregate("acme:a").await.unwrap();
    let envelopes = store
        .commit(vec![opened], context, HashMap::new())
        .await
        .unwrap();
    assert_eq!((envelopes.len(), envelopes[0].sequence), (1, 1));

    let mut contexts = Vec::new();
    for _ in 0..3 {
        contexts.push(store.load_aggregate("acme:a").await.unwrap());
    }
    let id = "018f0000-0000-7000-8000-000000000001".to_owned();
    let metadata = HashMap::from([(COMMAND_ID.to_owned(), id.clone())]);
    for _ in 0..2 {
        let context = contexts.pop().unwrap();
        let again = store
            .commit(added(2), context, metadata.clone())
            .await
            .unwrap();
        assert_eq!(
            (again[0].sequence, &again[0].metadata[COMMAND_ID]),
            (2, &id)
        );
    }
    let conflict = store
        .commit(added(3), contexts.pop().unwrap(), HashMap::new())
        .await;
    assert!(matches!(conflict, Err(AggregateError::AggregateConflict)));

    let mut context = store.load_aggregate("acme:a").await.unwrap();
    assert_eq!(context.aggregate().0.sum, 2);
    assert_eq!(store.load_events("acme:a").await.unwrap().len(), 2);
    let unknown = HashMap::from([("colour".to_owned(), "red".to_owned())]);
    assert!(store.commit(added(1), context, unknown).await.is_err());
    assert!(store.load_events("no tenant").await.is_err());
    let _ = Arc::new(store);
}
