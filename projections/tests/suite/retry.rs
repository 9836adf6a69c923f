//! Healing a parked stream: the views are then what they would be, had it never been parked.

use std::collections::BTreeMap;
use std::sync::Arc;

use invoiceapp_domain::StreamId;
use invoiceapp_domain::invoice::Invoice;
use invoiceapp_projections::RegisterQuery;
use invoiceapp_projections::projector::{Projector, Retried};
use invoiceapp_projections::views::ViewFoldError;
use invoiceapp_projections::views::invoice::dashboard_contribution;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, TODAY};

/// Every document is the fold of its stream, and counters and register are theirs.
async fn assert_views_equal_the_journal(fixture: &Fixture, streams: &[StreamId]) {
    let (mut counters, mut numbers) = (BTreeMap::new(), 0);
    for stream in streams {
        let folded = fixture.executor.load::<Invoice>(stream).await.unwrap();
        let document = fixture.views.get::<Invoice>(stream).await.unwrap();
        assert_eq!(document.as_ref(), folded.as_deref());
        let folded = folded.unwrap();
        numbers += u64::from(folded.state.as_issued().is_some());
        for bucket in dashboard_contribution(&folded) {
            let sum: &mut (i64, i128) = counters.entry(bucket.key).or_default();
            *sum = (sum.0 + bucket.count, sum.1 + bucket.minor);
        }
    }
    let tenant = "acme".parse().unwrap();
    let kept = fixture.store.buckets(&tenant).await.unwrap();
    let kept: BTreeMap<_, _> = kept
        .into_iter()
        .map(|bucket| (bucket.key, (bucket.count, bucket.minor)))
        .filter(|(_, sum)| *sum != (0, 0))
        .collect();
    assert_eq!(kept, counters);
    let query = RegisterQuery {
        tenant,
        series: "INV".parse().unwrap(),
        after: None,
        limit: 1,
        count: true,
    };
    let register = fixture.store.register(&query).await.unwrap();
    assert_eq!(register.total, Some(numbers));
    assert!(fixture.store.parked(1).await.unwrap().is_empty());
}

/// A stream whose draft is in the views and whose issue cannot be read, and what it said.
async fn parked(fixture: &Fixture) -> (StreamId, String) {
    let stream = fixture.draft("acme", "Unlucky", 3).await;
    fixture.projector.catch_up().await.unwrap();
    fixture.issue(&stream, TODAY).await;
    let payload = fixture.spoil(&stream).await;
    fixture.projector.catch_up().await.unwrap();
    assert_eq!(fixture.store.parked(10).await.unwrap().len(), 1);
    (stream, payload)
}

#[tokio::test]
async fn a_healed_stream_is_as_though_it_had_never_been_parked() {
    let fixture = Fixture::open().await;
    let (stream, payload) = parked(&fixture).await;
    let neighbour = fixture.draft("acme", "Lucky", 1).await;
    fixture.projector.catch_up().await.unwrap();
    fixture.repair(&stream, &payload).await;
    fixture.pay(&stream, "1.00", TODAY).await;
    fixture.projector.catch_up().await.unwrap();
    let standing = fixture.views.get::<Invoice>(&stream).await.unwrap();
    assert_eq!(standing.unwrap().version, 1, "later events are held back");

    let retried = fixture.projector.retry_parked(&stream).await.unwrap();
    assert!(matches!(retried, Retried::Healed { version: 3 }));
    let streams = [stream.clone(), neighbour];
    assert_views_equal_the_journal(&fixture, &streams).await;

    fixture.pay(&stream, "2.00", TODAY).await;
    fixture.projector.catch_up().await.unwrap();
    assert_views_equal_the_journal(&fixture, &streams).await;
    let again = fixture.projector.retry_parked(&stream).await.unwrap();
    assert!(matches!(again, Retried::NotParked));
}

#[tokio::test]
async fn what_the_projector_has_not_folded_yet_is_left_to_it() {
    let fixture = Fixture::open().await;
    let (stream, payload) = parked(&fixture).await;
    fixture.repair(&stream, &payload).await;
    fixture.pay(&stream, "1.00", TODAY).await;
    let retried = fixture.projector.retry_parked(&stream).await.unwrap();
    assert!(matches!(retried, Retried::Healed { version: 2 }));
    fixture.projector.catch_up().await.unwrap();
    assert_views_equal_the_journal(&fixture, &[stream]).await;
}

#[tokio::test]
async fn a_stream_that_still_cannot_be_folded_stays_parked() {
    let fixture = Fixture::open().await;
    let (stream, _) = parked(&fixture).await;
    let before = fixture.store.parked(10).await.unwrap();
    let retried = fixture.projector.retry_parked(&stream).await.unwrap();
    let Retried::StillParked(ViewFoldError::Event { position, .. }) = retried else {
        panic!("{retried:?}");
    };
    assert_eq!(position, before[0].position);
    assert_eq!(fixture.store.parked(10).await.unwrap(), before);
    let standing = fixture.views.get::<Invoice>(&stream).await.unwrap();
    assert_eq!(standing.unwrap().version, 1);
}

#[tokio::test]
async fn a_stream_that_nobody_knows_is_not_parked() {
    let fixture = Fixture::open().await;
    let (stream, _) = parked(&fixture).await;
    let unknown = StreamId {
        key: "unknown".to_owned(),
        ..stream
    };
    let retried = fixture.projector.retry_parked(&unknown).await.unwrap();
    assert!(matches!(retried, Retried::NotParked));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healing_beside_a_busy_projector_loses_no_event() {
    let fixture = Arc::new(Fixture::open().await);
    let (stream, payload) = parked(&fixture).await;
    fixture.repair(&stream, &payload).await;
    let cancel = CancellationToken::new();
    let running = tokio::spawn({
        let (fixture, cancel) = (Arc::clone(&fixture), cancel.clone());
        async move { fixture.projector.run(cancel).await }
    });
    let paying = tokio::spawn({
        let (fixture, stream) = (Arc::clone(&fixture), stream.clone());
        async move {
            for _ in 0..30 {
                fixture.pay(&stream, "0.01", TODAY).await;
            }
        }
    });
    // Another process's projector: it shares nothing with the running one but the store.
    let (other, _) = Projector::new(Arc::clone(&fixture.journal), Arc::clone(&fixture.store));
    let retried = other.retry_parked(&stream).await.unwrap();
    assert!(matches!(retried, Retried::Healed { .. }), "{retried:?}");
    paying.await.unwrap();
    let head = fixture.journal.head().await.unwrap().position;
    fixture.views.wait_for(head).await.unwrap();
    cancel.cancel();
    running.await.unwrap();
    assert_views_equal_the_journal(&fixture, &[stream]).await;
}
