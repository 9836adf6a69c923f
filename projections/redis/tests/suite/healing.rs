//! A Redis that has lost everything, and one that is not there.

use std::collections::BTreeMap;
use std::sync::Arc;

use invoiceapp_domain::Ambient;
use invoiceapp_journal::feed::JournalFeed;
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_parts as parts;
use invoiceapp_projections::conformance::history::{
    CountingAmbient, Invoices, Seeded, assert_the_same, counters,
};
use invoiceapp_projections::hot::{HotFeeder, HotStore, HotViews};
use invoiceapp_projections::projector::Projector;
use invoiceapp_projections::sqlite::SqliteViewStore;
use invoiceapp_projections::{ViewStore, Views};
use invoiceapp_redis::{RedisHotStore, RedisSettings};
use tempfile::TempDir;

/// The number of a database that no other test uses, so that it can be flushed.
const OWN_DATABASE: &str = "/11";

struct Fixture {
    invoices: Invoices,
    projector: Projector,
    feeder: HotFeeder,
    store: Arc<dyn ViewStore>,
    redis: Arc<RedisHotStore>,
    hot: HotViews,
    _folder: TempDir,
}

async fn fixture(settings: &RedisSettings) -> Fixture {
    let folder = TempDir::new().unwrap();
    let ambient: Arc<dyn Ambient> = Arc::new(CountingAmbient::default());
    let options = SqliteOptions::new(folder.path().join("journal.db"));
    let journal = SqliteJournal::open(options, Arc::clone(&ambient)).await;
    let journal: Arc<dyn Journal> = Arc::new(journal.unwrap());
    let store = SqliteViewStore::open(&folder.path().join("views.db")).await;
    let store: Arc<dyn ViewStore> = Arc::new(store.unwrap());
    let (projector, reached) = Projector::new(Arc::clone(&journal), Arc::clone(&store));
    let redis = Arc::new(RedisHotStore::new(settings).unwrap());
    let feed = Arc::new(JournalFeed::new(Arc::clone(&journal)));
    let views = Views::new(Arc::clone(&store), reached);
    Fixture {
        invoices: Invoices::new(journal, ambient),
        projector,
        feeder: HotFeeder::new(feed, views, redis.clone()),
        hot: HotViews::new(Arc::clone(&store), redis.clone()),
        store,
        redis,
        _folder: folder,
    }
}

#[tokio::test]
#[ignore = "wants the stack: Redis"]
async fn after_a_flush_everything_comes_back_by_itself_and_nothing_is_counted_twice() {
    let url = format!("{}{OWN_DATABASE}", parts::redis_url());
    let settings = RedisSettings {
        url: url.clone().into(),
        key_prefix: parts::unique("hot"),
    };
    let fixture = fixture(&settings).await;
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let (mut random, mut streams) = (Seeded::new(21), Vec::new());
    for round in 0..4 {
        for _ in 0..20 {
            fixture
                .invoices
                .take_a_step(&mut random, &mut streams)
                .await;
        }
        if round > 0 {
            let flush = redis::cmd("FLUSHDB");
            flush.query_async::<()>(&mut connection).await.unwrap();
            // Nothing is there, and readers do not notice.
            assert_the_same(&fixture.hot, &*fixture.store, &streams).await;
        }
        fixture.projector.catch_up().await.unwrap();
        fixture.feeder.catch_up().await.unwrap();
        let copies = fixture.redis.documents(&streams).await.unwrap();
        assert_eq!(copies.value.len(), streams.len());
        assert!(copies.current_at.is_some());
        for copy in copies.value {
            let stored = fixture.store.document(&copy.stream).await.unwrap();
            assert_eq!(Some(copy), stored);
        }
        let acme = "acme".parse().unwrap();
        let hot = fixture.redis.buckets(&acme).await.unwrap().value;
        let hot = hot.into_iter().map(|it| (it.key, (it.count, it.minor)));
        let hot: BTreeMap<_, _> = hot.collect();
        assert_eq!(hot, counters(&*fixture.store, &acme).await);
        assert_the_same(&fixture.hot, &*fixture.store, &streams).await;
    }
}

#[tokio::test]
async fn readers_do_without_a_server_that_is_down() {
    let settings = RedisSettings::new("redis://:geheim@127.0.0.1:1".into());
    let fixture = fixture(&settings).await;
    let (mut random, mut streams) = (Seeded::new(22), Vec::new());
    for _ in 0..30 {
        fixture
            .invoices
            .take_a_step(&mut random, &mut streams)
            .await;
    }
    fixture.projector.catch_up().await.unwrap();
    assert_the_same(&fixture.hot, &*fixture.store, &streams).await;
    fixture.feeder.catch_up().await.unwrap_err();
}
