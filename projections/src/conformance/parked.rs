//! Parked streams: kept, listed, held back, healed.

use invoiceapp_domain::StreamId;

use super::{Case, batch, document, product, put, tenant};
use crate::dashboard::{Bucket, BucketKey, Measure};
use crate::store::{Applied, Change, Changes, ParkedKey, Unparked, ViewStore};

pub(super) async fn all<S: ViewStore>(empty: &impl AsyncFn() -> Case<S>) {
    a_stream_parked_twice_keeps_its_first_reason(empty().await).await;
    the_list_of_parked_streams_is_in_order_and_keeps_its_limit(empty().await).await;
    a_fenced_batch_parks_nothing(empty().await).await;
    a_healed_stream_has_its_document_and_is_not_parked(empty().await).await;
    healing_from_another_checkpoint_writes_nothing(empty().await).await;
    a_stream_that_is_not_parked_cannot_be_healed(empty().await).await;
    a_batch_that_holds_a_healed_stream_back_is_fenced(empty().await).await;
    a_healed_stream_can_be_parked_again(empty().await).await;
}

fn key(stream: &StreamId, position: u64, reason: &str) -> ParkedKey {
    ParkedKey {
        stream: stream.clone(),
        position,
        reason: reason.to_owned(),
    }
}

fn parking(parked: Vec<ParkedKey>) -> Changes {
    Changes {
        parked,
        ..Changes::default()
    }
}

fn holding_back(stream: &StreamId) -> Changes {
    Changes {
        held_back: vec![stream.clone()],
        ..Changes::default()
    }
}

async fn parked<S: ViewStore>(case: &Case<S>) -> Vec<ParkedKey> {
    case.store.parked(10).await.expect("parked")
}

async fn unpark<S: ViewStore>(case: &Case<S>, change: Change) -> Unparked {
    let checkpoint = case.checkpoint().await;
    let unparked = case.store.unpark(checkpoint, change).await;
    unparked.expect("unpark")
}

async fn a_stream_parked_twice_keeps_its_first_reason<S: ViewStore>(case: Case<S>) {
    let stream = product(&tenant("acme"), "lamp");
    case.commit(parking(vec![key(&stream, 4, "first")])).await;
    case.commit(parking(vec![key(&stream, 9, "second")])).await;
    assert_eq!(parked(&case).await, [key(&stream, 4, "first")]);
    assert_eq!(case.version(&stream).await, None);
}

async fn the_list_of_parked_streams_is_in_order_and_keeps_its_limit<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    let keys: Vec<_> = (1..=5)
        .map(|n| key(&product(&acme, &format!("thing-{}", 9 - n)), n, "why"))
        .collect();
    case.commit(parking(keys.iter().rev().cloned().collect()))
        .await;
    assert_eq!(parked(&case).await, keys);
    let some = case.store.parked(2).await.expect("parked");
    assert_eq!(some, keys[..2]);
}

async fn a_fenced_batch_parks_nothing<S: ViewStore>(case: Case<S>) {
    let stream = product(&tenant("acme"), "lamp");
    let changes = parking(vec![key(&stream, 4, "why")]);
    let applied = case.store.apply(3, 4, changes).await.expect("apply");
    assert_eq!(applied, Applied::Fenced);
    assert!(parked(&case).await.is_empty());
}

async fn a_healed_stream_has_its_document_and_is_not_parked<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    let (stream, other) = (product(&acme, "lamp"), product(&acme, "other"));
    case.write(vec![put(document(&stream, 1, 1))]).await;
    let other_key = key(&other, 5, "another");
    case.commit(parking(vec![key(&stream, 2, "why"), other_key.clone()]))
        .await;
    let added = Bucket {
        key: BucketKey {
            tenant: acme.clone(),
            currency: "EUR".to_owned(),
            measure: Measure::Status,
            bucket: "draft".to_owned(),
        },
        count: 1,
        minor: 7,
    };
    let change = Change {
        replaces: 1,
        buckets: vec![added.clone()],
        ..put(document(&stream, 1, 4))
    };
    let checkpoint = case.checkpoint().await;
    assert_eq!(unpark(&case, change.clone()).await, Unparked::Committed);
    assert_eq!(case.version(&stream).await, Some(4));
    assert_eq!(parked(&case).await, [other_key]);
    assert_eq!(unpark(&case, change).await, Unparked::NotParked);
    let buckets = case.store.buckets(&acme).await.expect("buckets");
    assert_eq!(buckets, [added], "counted once");
    assert_eq!(case.checkpoint().await, checkpoint, "healing moves nothing");
}

async fn healing_from_another_checkpoint_writes_nothing<S: ViewStore>(case: Case<S>) {
    let stream = product(&tenant("acme"), "lamp");
    case.commit(parking(vec![key(&stream, 1, "why")])).await;
    let checkpoint = case.checkpoint().await;
    for wrong in [checkpoint - 1, checkpoint + 1] {
        let change = put(document(&stream, 1, 1));
        let unparked = case.store.unpark(wrong, change).await.expect("unpark");
        assert_eq!(unparked, Unparked::Fenced);
    }
    // Right checkpoint, but a document that was never written.
    let change = put(document(&stream, 1, 2));
    assert_eq!(unpark(&case, change).await, Unparked::Fenced);
    assert_eq!(parked(&case).await.len(), 1);
    assert_eq!(case.version(&stream).await, None);
}

async fn a_stream_that_is_not_parked_cannot_be_healed<S: ViewStore>(case: Case<S>) {
    let stream = product(&tenant("acme"), "lamp");
    let change = put(document(&stream, 1, 1));
    assert_eq!(unpark(&case, change).await, Unparked::NotParked);
    assert_eq!(case.version(&stream).await, None);
}

async fn a_batch_that_holds_a_healed_stream_back_is_fenced<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    let (stream, neighbour) = (product(&acme, "lamp"), product(&acme, "neighbour"));
    case.commit(parking(vec![key(&stream, 1, "why")])).await;
    case.commit(holding_back(&stream)).await;
    let healed = unpark(&case, put(document(&stream, 1, 1))).await;
    assert_eq!(healed, Unparked::Committed);
    // A batch that was folded while the stream was still parked.
    let late = Changes {
        held_back: vec![stream.clone()],
        ..batch(vec![put(document(&neighbour, 2, 1))])
    };
    let checkpoint = case.checkpoint().await;
    assert_eq!(case.try_commit(late).await, Applied::Fenced);
    assert_eq!(case.checkpoint().await, checkpoint);
    assert_eq!(case.version(&neighbour).await, None);
}

async fn a_healed_stream_can_be_parked_again<S: ViewStore>(case: Case<S>) {
    let stream = product(&tenant("acme"), "lamp");
    case.commit(parking(vec![key(&stream, 1, "first")])).await;
    let healed = unpark(&case, put(document(&stream, 1, 1))).await;
    assert_eq!(healed, Unparked::Committed);
    case.commit(parking(vec![key(&stream, 8, "second")])).await;
    assert_eq!(parked(&case).await, [key(&stream, 8, "second")]);
    assert_eq!(case.version(&stream).await, Some(1));
}
