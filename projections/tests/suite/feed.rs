//! The loop on a feed that is not the journal, and processes that have no projector.

use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_journal::feed::{Feed, FeedError, JournalFeed};
use invoiceapp_projections::conformance::history::{Seeded, assert_the_same};
use invoiceapp_projections::projector::Projector;
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_projections::{ViewError, ViewStore, Views};
use invoiceapp_schemas::RecordedEvent;

use crate::double::Double;
use crate::fixture::Fixture;

/// A feed that says everything twice and more: each read begins before the position asked for.
#[derive(Debug)]
struct Stuttering(JournalFeed);

#[async_trait]
impl Feed for Stuttering {
    async fn read(&self, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, FeedError> {
        let mut events = self.0.read(after.saturating_sub(3), limit).await?;
        events.retain(|event| event.position <= after + 4);
        let again = events.clone();
        events.extend(again);
        events.sort_by_key(|event| event.position);
        Ok(events)
    }

    async fn wait(&self, after: u64) {
        self.0.wait(after).await;
    }

    async fn head(&self) -> Result<u64, FeedError> {
        self.0.head().await
    }
}

#[tokio::test]
async fn views_from_a_feed_that_repeats_itself_are_those_from_the_journal() {
    let fixture = Fixture::open().await;
    let (mut random, mut streams) = (Seeded::new(11), Vec::new());
    for _ in 0..60 {
        fixture.take_a_step(&mut random, &mut streams).await;
    }
    let file = fixture.folder.path().join("other.db");
    let other: Arc<dyn ViewStore> = Arc::new(SqliteViewStore::open(&file).await.unwrap());
    let feed = Arc::new(Stuttering(JournalFeed::new(Arc::clone(&fixture.journal))));
    let journal = Arc::clone(&fixture.journal);
    let (projector, _) = Projector::on_feed(feed, journal, Arc::clone(&other));
    let reached = projector.catch_up().await.unwrap();
    assert_eq!(reached, fixture.projector.catch_up().await.unwrap());
    assert_the_same(&*other, &*fixture.store, &streams).await;
}

#[tokio::test]
async fn a_process_without_a_projector_asks_for_the_checkpoint_only_while_somebody_waits() {
    let fixture = Fixture::open().await;
    let counting = Arc::new(Double::of(&fixture.store));
    let views = Views::of_another_process(counting.clone());
    for _ in 0..3 {
        fixture.draft("acme", "Buyer", 1).await;
    }
    let head = fixture.journal.head().await.unwrap().position;
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let views = views.clone();
            tokio::spawn(async move { views.wait_for(head).await })
        })
        .collect();
    while counting.asked() < 3 {
        tokio::task::yield_now().await;
    }
    fixture.projector.catch_up().await.unwrap();
    for waiting in waiting {
        waiting.await.unwrap().unwrap();
    }
    assert_eq!(views.reached(), head);
    let asked = counting.asked();
    // Fifty that ask for themselves would have asked a hundred and fifty times by then.
    assert!(asked < 50, "asked {asked} times");
    for _ in 0..50 {
        views.wait_for(head).await.unwrap();
    }
    assert!(counting.asked() <= asked + 1, "it is known");
}

#[tokio::test]
async fn a_position_that_does_not_come_is_an_error_in_time() {
    let fixture = Fixture::open().await;
    let views = Views::of_another_process(Arc::clone(&fixture.store));
    let waited = views.wait_for(1).await;
    assert!(matches!(waited, Err(ViewError::Behind { wanted: 1 })));
}

#[tokio::test]
async fn a_store_that_falls_silent_has_said_that_it_is_behind_or_nothing() {
    let fixture = Fixture::open().await;
    let behind = |waited| matches!(waited, Err(ViewError::Behind { wanted: 1 }));
    for answers in [0, 2] {
        let store = Arc::new(Double::of(&fixture.store));
        store.answer(answers);
        let views = Views::of_another_process(store);
        assert_eq!(behind(views.wait_for(1).await), answers > 0, "{answers}");
    }
}
