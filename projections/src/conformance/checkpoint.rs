//! The checkpoint: moved with the batch, by one of those who try; and whether the views are built.

use super::{Case, batch, document, product, put, tenant};
use crate::store::{Applied, Changes, ParkedKey, Progress, Unparked, ViewStore};

pub(super) async fn all<S: ViewStore>(empty: &impl AsyncFn() -> Case<S>) {
    a_new_store_has_seen_nothing(empty().await).await;
    the_checkpoint_moves_with_its_batch(empty().await).await;
    a_batch_from_another_checkpoint_writes_nothing(empty().await).await;
    of_two_batches_from_one_checkpoint_one_is_committed(empty().await).await;
    views_are_built_once_somebody_has_said_so_and_stay_built(empty().await).await;
    views_of_an_empty_journal_can_be_built(empty().await).await;
    views_are_not_built_from_another_checkpoint(empty().await).await;
}

async fn a_new_store_has_seen_nothing<S: ViewStore>(case: Case<S>) {
    assert_eq!(case.progress().await, progress(0, false));
    assert!(case.store.parked(10).await.expect("parked").is_empty());
    let buckets = case.store.buckets(&tenant("acme")).await;
    assert!(buckets.expect("buckets").is_empty());
}

async fn the_checkpoint_moves_with_its_batch<S: ViewStore>(case: Case<S>) {
    let stream = product(&tenant("acme"), "lamp");
    let changes = batch(vec![put(document(&stream, 3, 1))]);
    let applied = case.store.apply(0, 17, changes).await.expect("apply");
    assert_eq!(applied, Applied::Committed);
    assert_eq!(case.checkpoint().await, 17);
    // A batch in which nothing has a view moves it too.
    let applied = case.store.apply(17, 40, Changes::default()).await;
    assert_eq!(applied.expect("apply"), Applied::Committed);
    assert_eq!(case.checkpoint().await, 40);
}

async fn a_batch_from_another_checkpoint_writes_nothing<S: ViewStore>(case: Case<S>) {
    let stream = product(&tenant("acme"), "lamp");
    case.commit(Changes::default()).await;
    for from in [0, 2] {
        let changes = batch(vec![put(document(&stream, 3, 1))]);
        let applied = case.store.apply(from, 9, changes).await.expect("apply");
        assert_eq!(applied, Applied::Fenced);
        assert_eq!(case.checkpoint().await, 1);
        assert_eq!(case.version(&stream).await, None);
    }
}

async fn of_two_batches_from_one_checkpoint_one_is_committed<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    let streams = [product(&acme, "one"), product(&acme, "other")];
    let apply = |place: usize| {
        let changes = batch(vec![put(document(&streams[place], 3, 1))]);
        case.store.apply(0, 5, changes)
    };
    let (one, other) = tokio::join!(apply(0), apply(1));
    let outcomes = [one.expect("one"), other.expect("other")];
    for (stream, outcome) in streams.iter().zip(outcomes) {
        let written = case.version(stream).await.is_some();
        assert_eq!(written, outcome == Applied::Committed);
    }
    let committed = outcomes.iter().filter(|it| **it == Applied::Committed);
    assert_eq!(committed.count(), 1);
    assert_eq!(case.checkpoint().await, 5);
}

const fn progress(checkpoint: u64, is_built: bool) -> Progress {
    Progress {
        checkpoint,
        is_built,
    }
}

async fn views_are_built_once_somebody_has_said_so_and_stay_built<S: ViewStore>(case: Case<S>) {
    let stream = product(&tenant("acme"), "lamp");
    case.write(vec![put(document(&stream, 1, 1))]).await;
    assert_eq!(case.progress().await, progress(1, false));
    for _ in 0..2 {
        let finished = case.store.finish(1).await.expect("finish");
        assert_eq!(finished, Applied::Committed);
        assert_eq!(case.progress().await, progress(1, true));
    }
    let parked = ParkedKey {
        stream: stream.clone(),
        position: 2,
        reason: "why".to_owned(),
    };
    case.commit(Changes {
        parked: vec![parked],
        ..Changes::default()
    })
    .await;
    assert_eq!(case.progress().await, progress(2, true));
    let healed = case.store.unpark(2, put(document(&stream, 1, 2))).await;
    assert_eq!(healed.expect("unpark"), Unparked::Committed);
    assert_eq!(case.progress().await, progress(2, true));
    assert_eq!(case.version(&stream).await, Some(2));
}

async fn views_of_an_empty_journal_can_be_built<S: ViewStore>(case: Case<S>) {
    let finished = case.store.finish(0).await.expect("finish");
    assert_eq!(finished, Applied::Committed);
    assert_eq!(case.progress().await, progress(0, true));
    case.commit(Changes::default()).await;
    assert_eq!(case.progress().await, progress(1, true));
}

async fn views_are_not_built_from_another_checkpoint<S: ViewStore>(case: Case<S>) {
    case.commit(Changes::default()).await;
    for wrong in [0, 2] {
        let finished = case.store.finish(wrong).await.expect("finish");
        assert_eq!(finished, Applied::Fenced);
        assert_eq!(case.progress().await, progress(1, false));
    }
}
