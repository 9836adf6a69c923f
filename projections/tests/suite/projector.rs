//! The loop: documents equal folds, nothing twice, nothing skipped in silence.

use invoiceapp_domain::invoice::Invoice;
use invoiceapp_projections::store::{Applied, Changes};
use jiff::civil::date;
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, TODAY};

#[tokio::test]
async fn a_document_is_the_fold_of_its_stream() {
    let fixture = Fixture::open().await;
    let mut streams = Vec::new();
    for units in 1..=20 {
        let stream = fixture
            .draft("acme", &format!("Buyer {units}"), units)
            .await;
        if units % 2 == 0 {
            fixture.issue(&stream, TODAY).await;
        }
        if units % 4 == 0 {
            fixture.pay(&stream, "1.00", TODAY).await;
        }
        if units % 7 == 0 {
            fixture.projector.catch_up().await.unwrap();
        }
        streams.push(stream);
    }
    fixture.projector.catch_up().await.unwrap();
    for stream in &streams {
        let folded = fixture.executor.load::<Invoice>(stream).await.unwrap();
        let document = fixture.views.get::<Invoice>(stream).await.unwrap();
        assert_eq!(document.as_ref(), folded.as_deref());
    }
    let head = fixture.journal.head().await.unwrap().position;
    assert_eq!(fixture.store.checkpoint().await.unwrap(), head);
}

#[tokio::test]
async fn a_batch_on_another_checkpoint_changes_nothing() {
    let fixture = Fixture::open().await;
    fixture.draft("acme", "Buyer", 1).await;
    let reached = fixture.projector.catch_up().await.unwrap();
    let applied = fixture
        .store
        .apply(reached - 1, reached + 5, Changes::default())
        .await
        .unwrap();
    assert_eq!(applied, Applied::Fenced);
    assert_eq!(fixture.store.checkpoint().await.unwrap(), reached);
}

#[tokio::test]
async fn a_running_projector_wakes_who_waits_for_a_position() {
    let fixture = Fixture::open().await;
    let cancel = CancellationToken::new();
    let (views, journal) = (fixture.views.clone(), fixture.journal.clone());
    let stream = fixture.draft("acme", "Buyer", 1).await;
    let Fixture {
        projector,
        folder: _folder,
        ..
    } = fixture;
    let running = tokio::spawn({
        let cancel = cancel.clone();
        async move { projector.run(cancel).await }
    });
    let head = journal.head().await.unwrap().position;
    views.wait_for(head).await.unwrap();
    assert!(views.get::<Invoice>(&stream).await.unwrap().is_some());
    cancel.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_stream_that_cannot_be_folded_is_parked_and_the_others_go_on() {
    let fixture = Fixture::open().await;
    let bad = fixture.draft("acme", "Bad", 1).await;
    let good = fixture.draft("acme", "Good", 2).await;
    fixture.spoil(&bad).await;
    fixture.issue(&good, date(2026, 11, 20)).await;
    fixture.projector.catch_up().await.unwrap();
    let parked = fixture.store.parked(10).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].stream, bad);
    assert_eq!(
        parked[0].position, 1,
        "of the event that could not be folded"
    );
    assert!(fixture.views.get::<Invoice>(&bad).await.unwrap().is_none());
    let document = fixture.views.get::<Invoice>(&good).await.unwrap().unwrap();
    assert!(document.state.as_issued().is_some());
}
