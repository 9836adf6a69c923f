//! Whether the views can be relied on: not while they stand still, nor for what is parked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use invoiceapp_domain::StreamKind;
use invoiceapp_domain::invoice::Invoice;
use invoiceapp_projections::{VIEW_AGE_MAX, Views};

use crate::double::Double;
use crate::fixture::{Fixture, TODAY};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// Waits until views are current, or are not.
async fn until(views: &Views, is_current: bool) {
    let turned = async {
        while views.standing().await.is_current() != is_current {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, turned).await.unwrap();
}

#[tokio::test]
async fn views_that_stand_still_are_not_relied_on_until_they_follow_again() {
    let fixture = Fixture::open().await;
    let stream = fixture.draft("acme", "Buyer", 1).await;
    fixture.projector.catch_up().await.unwrap();
    let told = fixture.views.clone();
    let asked = Views::of_another_process(Arc::clone(&fixture.store));
    let asked = asked.beside(Arc::clone(&fixture.journal));
    for views in [&told, &asked] {
        assert!(views.standing().await.holds(&stream));
    }
    fixture.issue(&stream, TODAY).await;
    let issued = Instant::now();
    for views in [&told, &asked] {
        until(views, false).await;
        assert!(!views.standing().await.holds(&stream));
        assert!(
            !views
                .standing()
                .await
                .holds_all(&stream.tenant, StreamKind::Role)
        );
        let present = views.present::<Invoice>(&stream).await.unwrap().unwrap();
        assert_eq!(present.version, 2, "from the journal");
        assert_eq!(
            views
                .get::<Invoice>(&stream)
                .await
                .unwrap()
                .unwrap()
                .version,
            1
        );
    }
    // Each of the two looked by itself, at the same time; the rest is for a busy machine.
    assert!(
        issued.elapsed() < VIEW_AGE_MAX * 3,
        "{:?}",
        issued.elapsed()
    );
    fixture.projector.catch_up().await.unwrap();
    for views in [&told, &asked] {
        until(views, true).await;
        let present = views.present::<Invoice>(&stream).await.unwrap().unwrap();
        assert_eq!(present.version, 2);
    }
}

#[tokio::test]
async fn who_asks_after_a_while_is_not_told_what_was_true_before() {
    let fixture = Fixture::open().await;
    fixture.draft("acme", "Buyer", 1).await;
    // Nobody has looked yet, and the views stand still.
    let views = Views::of_another_process(Arc::clone(&fixture.store));
    let views = views.beside(Arc::clone(&fixture.journal));
    assert!(!views.standing().await.is_current());
}

#[tokio::test]
async fn however_many_ask_the_views_are_looked_at_once_in_a_while() {
    let fixture = Fixture::open().await;
    fixture.draft("acme", "Buyer", 1).await;
    fixture.projector.catch_up().await.unwrap();
    let store = Arc::new(Double::of(&fixture.store));
    let views = Views::of_another_process(store.clone());
    let views = views.beside(Arc::clone(&fixture.journal));
    let began = Instant::now();
    for _ in 0..1_000 {
        assert!(views.standing().await.is_current());
    }
    let seconds = u32::try_from(began.elapsed().as_secs()).unwrap();
    assert!(store.asked() <= seconds + 1, "{} times", store.asked());
}

#[tokio::test]
async fn what_is_parked_is_not_relied_on_and_the_rest_is() {
    let fixture = Fixture::open().await;
    let bad = fixture.draft("acme", "Bad", 1).await;
    let good = fixture.draft("acme", "Good", 1).await;
    let rivals = fixture.draft("rival", "Good", 1).await;
    fixture.spoil(&bad).await;
    fixture.projector.catch_up().await.unwrap();
    let standing = fixture.views.standing().await;
    assert!(standing.is_current());
    assert!(!standing.holds(&bad));
    assert!(standing.holds(&good));
    assert!(!standing.holds_all(&bad.tenant, StreamKind::Invoice));
    assert!(standing.holds_all(&bad.tenant, StreamKind::Role));
    assert!(standing.holds_all(&rivals.tenant, StreamKind::Invoice));
}

#[tokio::test]
async fn views_that_nobody_compares_with_a_journal_are_taken_for_current() {
    let fixture = Fixture::open().await;
    let stream = fixture.draft("acme", "Buyer", 1).await;
    let views = Views::of_another_process(Arc::clone(&fixture.store));
    assert!(views.standing().await.holds(&stream));
    let present = views.present::<Invoice>(&stream).await.unwrap();
    assert!(present.is_none());
}
