//! Views that do not hold the whole journal yet are not read, and somebody says when they do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_domain::invoice::Invoice;
use invoiceapp_domain::{StreamId, StreamKind};
use invoiceapp_journal::feed::{Feed, FeedError, JournalFeed};
use invoiceapp_projections::projector::Projector;
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_projections::store::{Changes, Progress};
use invoiceapp_projections::{BuiltViews, ListQuery, RegisterQuery, ViewError, ViewStore, Views};
use invoiceapp_schemas::RecordedEvent;

use crate::double::Double;
use crate::fixture::Fixture;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

async fn empty_store(fixture: &Fixture, name: &str) -> Arc<dyn ViewStore> {
    let opened = SqliteViewStore::open(&fixture.folder.path().join(name)).await;
    Arc::new(opened.unwrap())
}

fn invoices() -> ListQuery {
    ListQuery {
        tenant: "acme".parse().unwrap(),
        kind: StreamKind::Invoice,
        conditions: Vec::new(),
        before: None,
        limit: 10,
        count: false,
    }
}

fn numbers() -> RegisterQuery {
    RegisterQuery {
        tenant: "acme".parse().unwrap(),
        series: "INV".parse().unwrap(),
        after: None,
        limit: 10,
        count: false,
    }
}

/// Every way in which a document, or what is derived from it, is read.
async fn reads(store: &dyn ViewStore, stream: &StreamId) -> Vec<Result<(), ViewError>> {
    let email = ("email", "ada@example.com".into());
    vec![
        store.document(stream).await.map(drop),
        store
            .documents(std::slice::from_ref(stream))
            .await
            .map(drop),
        store.list(&invoices()).await.map(drop),
        store
            .across_tenants(StreamKind::User, email.0, &email.1, 1)
            .await
            .map(drop),
        store.buckets(&stream.tenant).await.map(drop),
        store.register(&numbers()).await.map(drop),
        store
            .last_numbers(&stream.tenant, &[numbers().series])
            .await
            .map(drop),
    ]
}

#[tokio::test]
async fn views_that_are_being_built_are_unavailable_until_they_hold_the_journal() {
    let fixture = Fixture::open().await;
    let stream = fixture.draft("acme", "Buyer", 1).await;
    let built = BuiltViews::new(Arc::clone(&fixture.store));
    for read in reads(&built, &stream).await {
        assert!(matches!(read, Err(ViewError::Unavailable(_))), "{read:?}");
    }
    assert_eq!(built.checkpoint().await.unwrap(), 0, "it can be watched");
    fixture.projector.catch_up().await.unwrap();
    for read in reads(&built, &stream).await {
        read.unwrap();
    }
    assert!(built.document(&stream).await.unwrap().is_some());
}

#[tokio::test]
async fn views_that_have_lost_everything_are_unavailable_within_a_moment() {
    let fixture = Fixture::open().await;
    let stream = fixture.draft("acme", "Buyer", 1).await;
    fixture.projector.catch_up().await.unwrap();
    let store = Arc::new(Double::of(&fixture.store));
    let built = BuiltViews::new(store.clone());
    assert!(built.document(&stream).await.unwrap().is_some());
    let asked = store.asked();
    for _ in 0..100 {
        built.document(&stream).await.unwrap();
    }
    assert!(store.asked() <= asked + 1, "not once for each read");
    store.replace(empty_store(&fixture, "empty.db").await);
    let unavailable = async {
        while built.document(&stream).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, unavailable).await.unwrap();
    let (projector, _) = Projector::new(Arc::clone(&fixture.journal), store.clone());
    projector.catch_up().await.unwrap();
    assert!(built.document(&stream).await.unwrap().is_some());
}

#[tokio::test]
async fn a_token_is_not_satisfied_by_what_views_had_before_they_lost_everything() {
    let fixture = Fixture::open().await;
    fixture.draft("acme", "Buyer", 1).await;
    let head = fixture.projector.catch_up().await.unwrap();
    let store = Arc::new(Double::of(&fixture.store));
    let views = Views::of_another_process(store.clone());
    views.wait_for(head).await.unwrap();
    store.replace(empty_store(&fixture, "empty.db").await);
    let asked = store.asked();
    let waits = async {
        // Who has to wait has asked, and been told that there is nothing.
        while store.asked() == asked {
            let at_most = Duration::from_millis(100);
            let _elapsed = tokio::time::timeout(at_most, views.wait_for(head)).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, waits).await.unwrap();
    assert_eq!(views.reached(), 0);
}

#[tokio::test]
async fn views_of_an_empty_journal_are_built_at_once() {
    let fixture = Fixture::open().await;
    assert_eq!(fixture.projector.catch_up().await.unwrap(), 0);
    assert!(fixture.store.progress().await.unwrap().is_built);
}

#[tokio::test]
async fn views_of_an_older_version_are_built_by_a_projector_that_has_nothing_to_fold() {
    let fixture = Fixture::open().await;
    fixture.draft("acme", "Buyer", 1).await;
    let head = fixture.journal.head().await.unwrap().position;
    // As a program has left them that did not say it.
    let store = empty_store(&fixture, "older.db").await;
    store.apply(0, head, Changes::default()).await.unwrap();
    assert!(!store.progress().await.unwrap().is_built);
    let (projector, _) = Projector::new(Arc::clone(&fixture.journal), Arc::clone(&store));
    projector.catch_up().await.unwrap();
    let is_built = Progress {
        checkpoint: head,
        is_built: true,
    };
    assert_eq!(store.progress().await.unwrap(), is_built);
}

/// A feed that the journal is ahead of.
#[derive(Debug)]
struct Late {
    feed: JournalFeed,
    until: AtomicU64,
}

#[async_trait]
impl Feed for Late {
    async fn read(&self, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, FeedError> {
        let mut events = self.feed.read(after, limit).await?;
        let until = self.until.load(Ordering::Relaxed);
        events.retain(|event| event.position <= until);
        Ok(events)
    }

    async fn wait(&self, after: u64) {
        self.feed.wait(after).await;
    }

    async fn head(&self) -> Result<u64, FeedError> {
        Ok(self.until.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn views_that_hold_all_of_a_feed_which_is_late_are_not_built() {
    let fixture = Fixture::open().await;
    for _ in 0..4 {
        fixture.draft("acme", "Buyer", 1).await;
    }
    let head = fixture.journal.head().await.unwrap().position;
    let feed = Arc::new(Late {
        feed: JournalFeed::new(Arc::clone(&fixture.journal)),
        until: AtomicU64::new(0),
    });
    let store = empty_store(&fixture, "late.db").await;
    let journal = Arc::clone(&fixture.journal);
    let (projector, _) = Projector::on_feed(feed.clone(), journal, Arc::clone(&store));
    for until in 0..head {
        feed.until.store(until, Ordering::Relaxed);
        assert_eq!(projector.catch_up().await.unwrap(), until);
        assert!(!store.progress().await.unwrap().is_built, "at {until}");
    }
    // What comes while they are built does not keep them from being so.
    let stream = fixture.draft("acme", "Buyer", 1).await;
    feed.until.store(head, Ordering::Relaxed);
    projector.catch_up().await.unwrap();
    assert!(store.progress().await.unwrap().is_built);
    feed.until.store(u64::MAX, Ordering::Relaxed);
    projector.catch_up().await.unwrap();
    let document = store.document(&stream).await.unwrap().unwrap();
    document.loaded::<Invoice>().unwrap();
}
