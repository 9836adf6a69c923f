//! What is interrupted is done again, and nothing is done twice.

use std::time::Duration;

use invoiceapp_projections::ViewStore;

use crate::fixture::Fixture;

#[tokio::test]
#[ignore = "wants the stack: MongoDB"]
async fn documents_are_those_of_sqlite_field_by_field() {
    let mut fixture = Fixture::open(1).await;
    for _ in 0..4 {
        fixture.take_steps(25).await;
        fixture.assert_equals_sqlite().await;
    }
    fixture.close().await;
}

#[tokio::test]
#[ignore = "wants the stack: MongoDB"]
async fn documents_ahead_of_the_checkpoint_are_folded_again_without_a_trace() {
    let mut fixture = Fixture::open(2).await;
    for _ in 0..6 {
        fixture.take_steps(15).await;
        let reached = fixture.projector.catch_up().await.unwrap();
        // Wherever the checkpoint stood when the process ended, new events come on top.
        let back = fixture.random.below(reached + 1);
        fixture.put_checkpoint_back(back).await;
        fixture.take_steps(5).await;
        fixture.assert_equals_sqlite().await;
    }
    fixture.close().await;
}

#[tokio::test]
#[ignore = "wants the stack: MongoDB"]
async fn a_batch_that_is_cut_at_any_moment_is_completed_by_the_next() {
    let mut fixture = Fixture::open(3).await;
    let mut cuts = 0;
    for round in 0..5 {
        fixture.take_steps(20).await;
        let mut patience = Duration::from_millis(1 + round);
        while tokio::time::timeout(patience, fixture.projector.catch_up())
            .await
            .is_err()
        {
            cuts += 1;
            patience += Duration::from_millis(3);
        }
        fixture.assert_equals_sqlite().await;
    }
    assert!(cuts > 5, "only {cuts} cuts");
    assert!(fixture.mongo.parked(1).await.unwrap().is_empty());
    fixture.close().await;
}
