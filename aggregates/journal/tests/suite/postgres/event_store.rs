//! Our `cqrs_es::EventStore` on PostgreSQL, and postgres-es reading what we wrote.

use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore};
use cqrs_es::{AggregateContext, AggregateError, EventStore};
use invoiceapp_domain::{Actor, Fact, Root};
use invoiceapp_journal::event_store::{JournalEventStore, MetadataAsTexts};
use invoiceapp_journal::execute::CommandExecutor;
use postgres_es::PostgresEventRepository;

use super::subject::PostgresSubject;
use crate::ledger::{Ledger, LedgerEvent, add, ambient, close, execution, ledger, open};

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn postgres_es_loads_a_stream_that_we_wrote() {
    let subject = PostgresSubject::created().await;
    let executor = CommandExecutor::new(Arc::new(subject.journal().await));
    for (n, command) in [(1, open("A")), (2, add(4)), (3, add(-1)), (4, close())] {
        executor
            .execute::<Ledger>(execution(&ledger("a"), n), command)
            .await
            .unwrap();
    }
    let repository = PostgresEventRepository::new(subject.pool().await);
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
    let added = vec![Fact(LedgerEvent::Added { amount: 1 })];
    assert!(store.commit(added, context, HashMap::new()).await.is_err());
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn our_event_store_works_on_postgresql() {
    let subject = PostgresSubject::created().await;
    let actor = Actor::System("tool".to_owned());
    let journal = Arc::new(subject.journal().await);
    let store = JournalEventStore::<Ledger>::new(journal, ambient(), actor);
    let code = "A".to_owned();
    let opened = vec![Fact(LedgerEvent::Opened { code })];
    let added = || vec![Fact(LedgerEvent::Added { amount: 2 })];

    let context = store.load_aggregate("acme:a").await.unwrap();
    store.commit(opened, context, HashMap::new()).await.unwrap();
    let context = store.load_aggregate("acme:a").await.unwrap();
    let old_context = store.load_aggregate("acme:a").await.unwrap();
    let envelopes = store
        .commit(added(), context, HashMap::new())
        .await
        .unwrap();
    assert_eq!(envelopes[0].sequence, 2);
    let conflict = store.commit(added(), old_context, HashMap::new()).await;
    assert!(matches!(conflict, Err(AggregateError::AggregateConflict)));
    let mut context = store.load_aggregate("acme:a").await.unwrap();
    assert_eq!(context.aggregate().0.sum, 2);
}
