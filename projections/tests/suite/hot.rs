//! Hot values: copies that heal by themselves, and readers that never go back.

use std::sync::Arc;
use std::time::Duration;

use invoiceapp_domain::StreamId;
use invoiceapp_domain::invoice::Invoice;
use invoiceapp_journal::feed::JournalFeed;
use invoiceapp_projections::conformance;
use invoiceapp_projections::conformance::history::{Seeded, assert_the_same, counters};
use invoiceapp_projections::hot::{HotChanges, HotFeeder, HotStore, HotViews, MemoryHotStore};
use invoiceapp_projections::projector::Retried;
use invoiceapp_projections::{ViewStore, Views};
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, TODAY};

/// The fixture's views, read through a hot store that is fed from them.
struct Hot {
    fixture: Fixture,
    memory: Arc<MemoryHotStore>,
    feeder: HotFeeder,
    hot: Arc<HotViews>,
}

impl Hot {
    async fn open() -> Self {
        let fixture = Fixture::open().await;
        let memory = Arc::new(MemoryHotStore::new());
        let feed = Arc::new(JournalFeed::new(Arc::clone(&fixture.journal)));
        let hot = HotViews::new(Arc::clone(&fixture.store), memory.clone());
        Self {
            feeder: HotFeeder::new(feed, fixture.views.clone(), memory.clone()),
            hot: Arc::new(hot),
            memory,
            fixture,
        }
    }

    async fn catch_up(&self) {
        let reached = self.fixture.projector.catch_up().await.unwrap();
        assert_eq!(self.feeder.catch_up().await.unwrap(), reached);
    }

    async fn version(&self, stream: &StreamId) -> Option<u64> {
        let document = self.hot.document(stream).await.unwrap();
        document.map(|document| document.version)
    }

    /// What the copy itself has.
    async fn copied_version(&self, stream: &StreamId) -> Option<u64> {
        let found = self.memory.documents(std::slice::from_ref(stream)).await;
        found.unwrap().value.pop().map(|document| document.version)
    }
}

#[tokio::test]
async fn memory_conforms_to_the_port() {
    conformance::hot::all(async || MemoryHotStore::new()).await;
}

#[tokio::test]
async fn the_view_store_conforms_when_it_is_read_through_a_hot_store() {
    let folder = tempfile::tempdir().unwrap();
    let opened = std::sync::atomic::AtomicU32::new(0);
    conformance::all(async || {
        let count = opened.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let file = folder.path().join(format!("views-{count}.db"));
        let store = invoiceapp_projections::sqlite::SqliteViewStore::open(&file).await;
        HotViews::new(Arc::new(store.unwrap()), Arc::new(MemoryHotStore::new()))
    })
    .await;
}

#[tokio::test]
async fn hot_values_are_those_of_the_views_and_come_back_after_all_is_lost() {
    let hot = Hot::open().await;
    let (mut random, mut streams) = (Seeded::new(7), Vec::new());
    for round in 0..6 {
        for _ in 0..15 {
            hot.fixture.take_a_step(&mut random, &mut streams).await;
        }
        if round % 2 == 1 {
            hot.memory.lose_everything();
        }
        hot.catch_up().await;
        for stream in &streams {
            let stored = hot.fixture.store.document(stream).await.unwrap().unwrap();
            assert_eq!(hot.copied_version(stream).await, Some(stored.version));
        }
        let read = hot.memory.buckets(&"acme".parse().unwrap()).await.unwrap();
        assert!(read.current_at.is_some(), "vouched for");
        assert_the_same(&*hot.hot, &*hot.fixture.store, &streams).await;
    }
}

#[tokio::test]
async fn a_healed_stream_is_copied_though_it_has_no_new_event() {
    let hot = Hot::open().await;
    let stream = hot.fixture.draft("acme", "Unlucky", 1).await;
    hot.catch_up().await;
    hot.fixture.issue(&stream, TODAY).await;
    let payload = hot.fixture.spoil(&stream).await;
    hot.catch_up().await;
    assert_eq!(hot.copied_version(&stream).await, Some(1));
    hot.fixture.repair(&stream, &payload).await;
    let healed = hot.fixture.projector.retry_parked(&stream).await.unwrap();
    assert!(matches!(healed, Retried::Healed { version: 2 }));
    hot.catch_up().await;
    assert_eq!(hot.copied_version(&stream).await, Some(2));
    let acme = "acme".parse().unwrap();
    let stored = counters(&*hot.fixture.store, &acme).await;
    assert_eq!(counters(&*hot.hot, &acme).await, stored);
}

#[tokio::test]
async fn what_was_shown_does_not_go_back_when_the_hot_store_does() {
    let hot = Hot::open().await;
    let stream = hot.fixture.draft("acme", "Buyer", 1).await;
    hot.catch_up().await;
    let old = hot.fixture.store.document(&stream).await.unwrap().unwrap();
    hot.fixture.issue(&stream, TODAY).await;
    hot.catch_up().await;
    assert_eq!(hot.version(&stream).await, Some(2));
    // The hot store comes back from an old copy of itself, and somebody vouches for it.
    hot.memory.lose_everything();
    let changes = HotChanges {
        to: old.position,
        documents: vec![invoiceapp_projections::hot::HotDocument {
            document: old,
            contributions: Vec::new(),
        }],
        parked: Vec::new(),
    };
    hot.memory.apply(None, changes).await.unwrap();
    hot.memory.vouch(1, Duration::from_secs(60)).await.unwrap();
    assert_eq!(hot.copied_version(&stream).await, Some(1));
    assert_eq!(hot.version(&stream).await, Some(2));
    let acme = "acme".parse().unwrap();
    let stored = counters(&*hot.fixture.store, &acme).await;
    assert_eq!(counters(&*hot.hot, &acme).await, stored);
}

#[tokio::test]
async fn who_has_waited_for_a_position_reads_nothing_older() {
    let hot = Hot::open().await;
    let stream = hot.fixture.draft("acme", "Buyer", 1).await;
    hot.catch_up().await;
    hot.memory.vouch(1, Duration::from_secs(60)).await.unwrap();
    hot.fixture.issue(&stream, TODAY).await;
    let position = hot.fixture.projector.catch_up().await.unwrap();
    let views = Views::of_another_process(hot.hot.clone());
    assert_eq!(
        hot.copied_version(&stream).await,
        Some(1),
        "the copy is behind"
    );
    views.wait_for(position).await.unwrap();
    let loaded = views.get::<Invoice>(&stream).await.unwrap().unwrap();
    assert_eq!(loaded.version, 2);
}

#[tokio::test]
async fn a_running_feeder_follows_the_views() {
    let hot = Hot::open().await;
    let cancel = CancellationToken::new();
    let Hot {
        fixture,
        memory,
        feeder,
        ..
    } = hot;
    let running = tokio::spawn({
        let cancel = cancel.clone();
        async move { feeder.run(cancel).await }
    });
    for _ in 0..5 {
        fixture.draft("acme", "Buyer", 1).await;
        let reached = fixture.projector.catch_up().await.unwrap();
        let is_there = async || {
            let read = memory.buckets(&"acme".parse().unwrap()).await.unwrap();
            read.current_at == Some(reached)
        };
        while !is_there().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    cancel.cancel();
    running.await.unwrap();
}
