//! Dashboard counters: they add up, over any width, and only with the document they come of.

use std::collections::BTreeMap;

use invoiceapp_domain::TenantId;
use invoiceapp_domain::money::MONEY_MINOR_MAX;

use super::{Case, batch, document, invoice, put, tenant};
use crate::dashboard::{Bucket, BucketKey, Measure};
use crate::store::{Applied, Change, ViewStore};

pub(super) async fn all<S: ViewStore>(empty: &impl AsyncFn() -> Case<S>) {
    counters_add_up_within_a_batch_and_over_batches(empty().await).await;
    what_is_taken_out_is_gone(empty().await).await;
    a_sum_beyond_64_bits_is_exact(empty().await).await;
    a_repeat_is_not_counted(empty().await).await;
    a_fenced_batch_is_not_counted(empty().await).await;
    counters_of_tenants_currencies_measures_and_days_are_apart(empty().await).await;
}

fn key(tenant: &TenantId, currency: &str, measure: Measure, bucket: &str) -> BucketKey {
    BucketKey {
        tenant: tenant.clone(),
        currency: currency.to_owned(),
        measure,
        bucket: bucket.to_owned(),
    }
}

fn open(tenant: &TenantId) -> BucketKey {
    key(tenant, "EUR", Measure::Status, "open")
}

/// A version of an invoice that adds to counters; the place tells invoices apart.
fn adding(tenant: &TenantId, place: u64, version: u64, added: &[(BucketKey, i64, i128)]) -> Change {
    let stream = invoice(tenant, &format!("invoice-{place}"));
    let buckets = added.iter().map(|(key, count, minor)| Bucket {
        key: key.clone(),
        count: *count,
        minor: *minor,
    });
    Change {
        buckets: buckets.collect(),
        ..put(document(&stream, place * 100, version))
    }
}

/// A tenant's counters, without those that have come back to nothing.
async fn counters<S: ViewStore>(
    case: &Case<S>,
    tenant: &TenantId,
) -> BTreeMap<BucketKey, (i64, i128)> {
    let buckets = case.store.buckets(tenant).await.expect("buckets");
    let length = buckets.len();
    let all: BTreeMap<_, _> = buckets
        .into_iter()
        .map(|bucket| (bucket.key, (bucket.count, bucket.minor)))
        .collect();
    assert_eq!(all.len(), length, "one value per counter");
    all.into_iter().filter(|(_, sum)| *sum != (0, 0)).collect()
}

async fn counters_add_up_within_a_batch_and_over_batches<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    let one = |place, minor| adding(&acme, place, 1, &[(open(&acme), 1, minor)]);
    case.write(vec![one(1, 100), one(2, 250), one(3, -50)])
        .await;
    case.write(vec![one(4, 1)]).await;
    let expected = BTreeMap::from([(open(&acme), (4, 301))]);
    assert_eq!(counters(&case, &acme).await, expected);
}

async fn what_is_taken_out_is_gone<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    let paid = key(&acme, "EUR", Measure::Status, "paid");
    case.write(vec![adding(&acme, 1, 1, &[(open(&acme), 1, 700)])])
        .await;
    let moved = [(open(&acme), -1, -700), (paid.clone(), 1, 700)];
    case.write(vec![adding(&acme, 1, 2, &moved)]).await;
    assert_eq!(
        counters(&case, &acme).await,
        BTreeMap::from([(paid, (1, 700))])
    );
}

async fn a_sum_beyond_64_bits_is_exact<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    let (most, invoices) = (i128::from(MONEY_MINOR_MAX), 3_000_u64);
    let all = |version, count, minor| {
        let added = [(open(&acme), count, minor)];
        let changes = (1..=invoices).map(|place| adding(&acme, place, version, &added));
        changes.collect::<Vec<_>>()
    };
    let sums = |sum| BTreeMap::from([(open(&acme), sum)]);
    let total = most * i128::from(invoices);
    assert!(total > i128::from(i64::MAX));
    case.write(all(1, 1, most)).await;
    assert_eq!(counters(&case, &acme).await, sums((3_000, total)));
    case.write(all(2, 0, -2 * most - 1)).await;
    assert_eq!(counters(&case, &acme).await, sums((3_000, -total - 3_000)));
    case.write(all(3, -1, most + 1)).await;
    assert_eq!(counters(&case, &acme).await, BTreeMap::new());
}

async fn a_repeat_is_not_counted<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    for version in [1, 2, 2, 1] {
        case.write(vec![adding(&acme, 1, version, &[(open(&acme), 1, 5)])])
            .await;
    }
    let fresh = adding(&acme, 2, 1, &[(open(&acme), 1, 5)]);
    let repeated = adding(&acme, 1, 2, &[(open(&acme), 1, 5)]);
    case.write(vec![fresh, repeated]).await;
    let expected = BTreeMap::from([(open(&acme), (3, 15))]);
    assert_eq!(counters(&case, &acme).await, expected);
}

async fn a_fenced_batch_is_not_counted<S: ViewStore>(case: Case<S>) {
    let acme = tenant("acme");
    let one = || batch(vec![adding(&acme, 1, 1, &[(open(&acme), 1, 5)])]);
    let applied = case.store.apply(6, 7, one()).await.expect("apply");
    assert_eq!(applied, Applied::Fenced);
    assert_eq!(counters(&case, &acme).await, BTreeMap::new());
}

async fn counters_of_tenants_currencies_measures_and_days_are_apart<S: ViewStore>(case: Case<S>) {
    let (acme, rival) = (tenant("acme"), tenant("rival"));
    let keys = [
        open(&acme),
        key(&acme, "USD", Measure::Status, "open"),
        key(&acme, "EUR", Measure::Due, "2026-11-22"),
        key(&acme, "EUR", Measure::Due, "2026-11-23"),
        key(&acme, "EUR", Measure::Paid, "2026-11-22"),
        key(&acme, "EUR", Measure::Due, ""),
    ];
    let added: Vec<_> = (1..).zip(&keys).map(|(n, it)| (it.clone(), 1, n)).collect();
    case.write(vec![
        adding(&acme, 1, 1, &added),
        adding(&rival, 2, 1, &[(open(&rival), 1, 1_000)]),
    ])
    .await;
    let expected: BTreeMap<_, _> = (1..).zip(keys).map(|(n, it)| (it, (1, n))).collect();
    assert_eq!(counters(&case, &acme).await, expected);
    let theirs = BTreeMap::from([(open(&rival), (1, 1_000))]);
    assert_eq!(counters(&case, &rival).await, theirs);
}
