//! What every adapter of [`HotStore`] has to do.

use std::collections::BTreeMap;
use std::time::Duration;

use invoiceapp_domain::money::MONEY_MINOR_MAX;
use invoiceapp_domain::{StreamId, TenantId};

use super::{document, invoice, product, stored, tenant};
use crate::dashboard::{Bucket, BucketKey, Measure};
use crate::document::Document;
use crate::hot::{HotChanges, HotDocument, HotMark, HotStore};
use crate::store::Applied;

/// Long enough for a test.
const LONG: Duration = Duration::from_secs(60);

/// Runs everything; `open` gives a store that nothing was written to, a new one each time.
pub async fn all<S: HotStore>(open: impl AsyncFn() -> S) {
    of_a_new_store_nothing_is_known(open().await).await;
    values_and_mark_are_written_together(open().await).await;
    from_another_mark_nothing_is_written(open().await).await;
    an_older_version_takes_nobodys_place(open().await).await;
    a_document_is_counted_as_it_is_now(open().await).await;
    a_sum_beyond_64_bits_is_exact(open().await).await;
    nobody_vouches_beyond_the_mark_or_for_ever(open().await).await;
    tenants_and_kinds_do_not_share_values(open().await).await;
}

fn open_bucket(tenant: &TenantId, bucket: &str, minor: i128) -> Bucket {
    Bucket {
        key: BucketKey {
            tenant: tenant.clone(),
            currency: "EUR".to_owned(),
            measure: Measure::Status,
            bucket: bucket.to_owned(),
        },
        count: 1,
        minor,
    }
}

fn hot(document: Document, contributions: Vec<Bucket>) -> HotDocument {
    HotDocument {
        document,
        contributions,
    }
}

fn changes(to: u64, documents: Vec<HotDocument>) -> HotChanges {
    HotChanges {
        to,
        documents,
        parked: Vec::new(),
    }
}

/// Writes from wherever the mark is.
async fn write<S: HotStore>(store: &S, changes: HotChanges) {
    let mark = store.mark().await.expect("mark");
    let from = mark.map(|mark| mark.position);
    let applied = store.apply(from, changes).await.expect("apply");
    assert_eq!(applied, Applied::Committed);
}

async fn read<S: HotStore>(store: &S, stream: &StreamId) -> Option<Document> {
    let read = store.documents(std::slice::from_ref(stream)).await;
    read.expect("documents").value.pop()
}

async fn counters<S: HotStore>(store: &S, tenant: &TenantId) -> BTreeMap<String, (i64, i128)> {
    let read = store.buckets(tenant).await.expect("buckets");
    let counters = read.value.into_iter().map(|bucket| {
        assert_eq!(bucket.key.tenant, *tenant);
        (bucket.key.bucket, (bucket.count, bucket.minor))
    });
    counters.collect()
}

fn one(bucket: &str, count: i64, minor: i128) -> BTreeMap<String, (i64, i128)> {
    BTreeMap::from([(bucket.to_owned(), (count, minor))])
}

async fn of_a_new_store_nothing_is_known<S: HotStore>(store: S) {
    let stream = product(&tenant("acme"), "lamp");
    assert_eq!(store.mark().await.expect("mark"), None);
    store.vouch(0, LONG).await.expect("vouch");
    let read = store.documents(&[stream]).await.expect("documents");
    assert_eq!((read.value.len(), read.current_at), (0, None));
    let read = store.buckets(&tenant("acme")).await.expect("buckets");
    assert_eq!((read.value.len(), read.current_at), (0, None));
    let read = store.documents(&[]).await.expect("documents");
    assert_eq!(read.value.len(), 0);
}

async fn values_and_mark_are_written_together<S: HotStore>(store: S) {
    let acme = tenant("acme");
    let (lamp, chair) = (product(&acme, "lamp"), product(&acme, "chair"));
    let written = document(&lamp, 7, 1);
    let first = HotChanges {
        parked: vec![chair.clone()],
        ..changes(9, vec![hot(written.clone(), Vec::new())])
    };
    write(&store, first).await;
    let expected = HotMark {
        position: 9,
        parked: vec![chair.clone()],
    };
    assert_eq!(store.mark().await.expect("mark"), Some(expected));
    store.vouch(9, LONG).await.expect("vouch");
    let read = store.documents(&[chair, lamp]).await.expect("documents");
    assert_eq!(read.current_at, Some(9));
    assert_eq!(
        read.value.iter().map(stored).collect::<Vec<_>>(),
        [stored(&written)]
    );
}

async fn from_another_mark_nothing_is_written<S: HotStore>(store: S) {
    let stream = product(&tenant("acme"), "lamp");
    let late = || changes(9, vec![hot(document(&stream, 1, 1), Vec::new())]);
    assert_eq!(
        store.apply(Some(3), late()).await.expect("apply"),
        Applied::Fenced
    );
    write(&store, changes(4, Vec::new())).await;
    for from in [None, Some(3), Some(5)] {
        assert_eq!(
            store.apply(from, late()).await.expect("apply"),
            Applied::Fenced
        );
    }
    assert_eq!(read(&store, &stream).await, None);
    let mark = store.mark().await.expect("mark");
    assert_eq!(mark.map(|mark| mark.position), Some(4));
}

async fn an_older_version_takes_nobodys_place<S: HotStore>(store: S) {
    let acme = tenant("acme");
    let stream = invoice(&acme, "one");
    let newer = document(&stream, 1, 12);
    let right = vec![open_bucket(&acme, "open", 5)];
    write(&store, changes(3, vec![hot(newer.clone(), right)])).await;
    for version in [9, 12] {
        let mut late = document(&stream, 1, version);
        late.json = "\"another\"".to_owned();
        let wrong = vec![open_bucket(&acme, "open", 7)];
        write(&store, changes(3, vec![hot(late, wrong)])).await;
    }
    let found = read(&store, &stream).await.expect("is there");
    assert_eq!(stored(&found), stored(&newer));
    assert_eq!(counters(&store, &acme).await, one("open", 1, 5));
}

async fn a_document_is_counted_as_it_is_now<S: HotStore>(store: S) {
    let acme = tenant("acme");
    let (first, second) = (invoice(&acme, "first"), invoice(&acme, "second"));
    let as_open = |stream, version, minor| {
        hot(
            document(stream, 1, version),
            vec![open_bucket(&acme, "open", minor)],
        )
    };
    write(
        &store,
        changes(1, vec![as_open(&first, 1, 700), as_open(&second, 1, -50)]),
    )
    .await;
    assert_eq!(counters(&store, &acme).await, one("open", 2, 650));
    write(&store, changes(2, vec![as_open(&first, 2, 100)])).await;
    assert_eq!(counters(&store, &acme).await, one("open", 2, 50));
    let paid = vec![open_bucket(&acme, "paid", 100)];
    let gone = hot(document(&second, 1, 2), Vec::new());
    write(
        &store,
        changes(3, vec![hot(document(&first, 1, 3), paid), gone]),
    )
    .await;
    assert_eq!(counters(&store, &acme).await, one("paid", 1, 100));
}

async fn a_sum_beyond_64_bits_is_exact<S: HotStore>(store: S) {
    let acme = tenant("acme");
    let (most, invoices) = (i128::from(MONEY_MINOR_MAX), 3_000_u64);
    let all = |version, minor| {
        let documents = (1..=invoices).map(|n| {
            let stream = invoice(&acme, &n.to_string());
            hot(
                document(&stream, n, version),
                vec![open_bucket(&acme, "open", minor)],
            )
        });
        documents.collect::<Vec<_>>()
    };
    for (version, minor) in [(1, most), (2, -most - 1)] {
        let mut documents = all(version, minor);
        while !documents.is_empty() {
            let rest = documents.split_off(documents.len().min(200));
            write(&store, changes(version, documents)).await;
            documents = rest;
        }
        let sum = minor * i128::from(invoices);
        assert!(sum.abs() > i128::from(i64::MAX));
        assert_eq!(counters(&store, &acme).await, one("open", 3_000, sum));
    }
}

async fn nobody_vouches_beyond_the_mark_or_for_ever<S: HotStore>(store: S) {
    let current_at = async || {
        let read = store.buckets(&tenant("acme")).await.expect("buckets");
        read.current_at
    };
    write(&store, changes(5, Vec::new())).await;
    assert_eq!(current_at().await, None, "nobody has vouched yet");
    store.vouch(6, LONG).await.expect("vouch");
    assert_eq!(current_at().await, None, "the mark is not there yet");
    store
        .vouch(4, Duration::from_millis(300))
        .await
        .expect("vouch");
    assert_eq!(current_at().await, Some(5));
    while current_at().await.is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn tenants_and_kinds_do_not_share_values<S: HotStore>(store: S) {
    let (acme, rival) = (tenant("acme"), tenant("rival"));
    let streams = [
        product(&acme, "same-key"),
        product(&rival, "same-key"),
        invoice(&acme, "same-key"),
    ];
    let documents = (1..).zip(&streams).map(|(n, stream)| {
        let counted = vec![open_bucket(&stream.tenant, "open", i128::from(n))];
        hot(document(stream, n, 1), counted)
    });
    write(&store, changes(3, documents.collect())).await;
    for (created_position, stream) in (1..).zip(&streams) {
        let found = read(&store, stream).await.expect("is there");
        assert_eq!(
            (&found.stream, found.created_position),
            (stream, created_position)
        );
    }
    assert_eq!(counters(&store, &acme).await, one("open", 2, 4));
    assert_eq!(counters(&store, &rival).await, one("open", 1, 2));
    assert_eq!(counters(&store, &tenant("nobody")).await, BTreeMap::new());
}
