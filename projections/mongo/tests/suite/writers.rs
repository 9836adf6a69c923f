//! Several writers on one database: the late one changes nothing, and the lease is one process's.

use invoiceapp_projections::ViewStore;
use invoiceapp_projections::conformance::history::counters;
use invoiceapp_projections::store::{Applied, Changes};
use invoiceapp_projections::{Document, views};

use crate::fixture::{Fixture, open, settings};

#[tokio::test]
#[ignore = "wants the stack: MongoDB"]
async fn a_writer_that_comes_late_changes_nothing() {
    let mut fixture = Fixture::open(4).await;
    fixture.take_steps(10).await;
    fixture.projector.catch_up().await.unwrap();
    let before = fixture.mongo.checkpoint().await.unwrap();
    let stream = fixture.streams[0].clone();
    let old = fixture.mongo.document(&stream).await.unwrap().unwrap();
    // What a projector had made ready before it was paused.
    let late = |document: &Document| Changes {
        documents: vec![views::replace(None, document).unwrap()],
        ..Changes::default()
    };
    fixture.take_steps(40).await;
    let head = fixture.projector.catch_up().await.unwrap();
    let other = open(&fixture.settings).await;
    let applied = other.apply(before, before + 1, late(&old)).await.unwrap();
    assert_eq!(applied, Applied::Fenced);
    // Even from the right checkpoint its documents are repeats.
    let applied = other.apply(head, head, late(&old)).await.unwrap();
    assert_eq!(applied, Applied::Committed);
    fixture.assert_equals_sqlite().await;
    fixture.close().await;
}

#[tokio::test]
#[ignore = "wants the stack: MongoDB"]
async fn two_projectors_side_by_side_do_no_harm() {
    let mut fixture = Fixture::open(5).await;
    let other = open(&fixture.settings).await;
    for _ in 0..4 {
        fixture.take_steps(20).await;
        assert!(fixture.mongo.lead().await.unwrap());
        assert!(!other.lead().await.unwrap(), "the lease is taken");
        fixture.projector.catch_up().await.unwrap();
        let tenant = "acme".parse().unwrap();
        let seen = counters(&*other, &tenant).await;
        assert_eq!(seen, counters(&*fixture.mongo, &tenant).await);
        fixture.assert_equals_sqlite().await;
    }
    fixture.close().await;
}

#[tokio::test]
#[ignore = "wants the stack: MongoDB"]
async fn a_lease_that_is_given_back_is_anothers_at_once() {
    let settings = settings();
    let (one, other) = (open(&settings).await, open(&settings).await);
    for _ in 0..3 {
        assert!(one.lead().await.unwrap());
        assert!(one.lead().await.unwrap(), "and stays");
        assert!(!other.lead().await.unwrap());
        one.resign().await.unwrap();
        assert!(other.lead().await.unwrap());
        assert!(!one.lead().await.unwrap());
        other.resign().await.unwrap();
    }
    one.drop_everything().await.unwrap();
}
