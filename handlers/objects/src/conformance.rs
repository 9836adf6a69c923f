//! What every adapter of [`Objects`] has to do, as functions that its tests call. Each begins on a
//! store that may hold other tenants' objects and ends with a panic when the adapter is wrong.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a failed expectation ends the test"
)]

use bytes::Bytes;
use invoiceapp_domain::TenantId;
use jiff::civil::date;

use crate::port::{OBJECT_BYTES_MAX, ObjectError, ObjectKey, Objects, Put, sha256_hex};

const AREA: &str = "renderings";

/// Runs everything.
pub async fn all(objects: &dyn Objects) {
    objects.check().await.expect("an empty store is healthy");
    what_was_put_is_got(objects).await;
    the_same_bytes_are_stored_once(objects).await;
    many_puts_of_the_same_bytes_store_them_once(objects).await;
    areas_and_tenants_are_apart(objects).await;
    an_unknown_key_is_nothing(objects).await;
    a_malformed_key_is_refused(objects).await;
    an_object_that_is_too_large_is_refused(objects).await;
    a_retention_is_extended_and_never_shortened(objects).await;
    a_retention_that_many_ask_for_is_the_latest(objects).await;
    what_was_only_put_is_kept_until_no_date(objects).await;
    objects.check().await.expect("a used store is healthy");
}

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap_or_else(|_| panic!("{name} is a tenant id"))
}

async fn what_was_put_is_got(objects: &dyn Objects) {
    for bytes in [&b""[..], b"x", &[0xff; 100_000]] {
        let bytes = Bytes::copy_from_slice(bytes);
        let (key, _) = objects
            .put_if_absent(&tenant("round-trip"), AREA, bytes.clone())
            .await
            .expect("put");
        assert_eq!(key.sha256, sha256_hex(&bytes));
        assert_eq!(objects.get(&key).await.expect("get"), Some(bytes));
    }
}

async fn the_same_bytes_are_stored_once(objects: &dyn Objects) {
    let bytes = Bytes::from_static(b"the same bytes");
    let owner = tenant("put-twice");
    let (first, stored) = objects
        .put_if_absent(&owner, AREA, bytes.clone())
        .await
        .expect("first put");
    let (second, again) = objects
        .put_if_absent(&owner, AREA, bytes)
        .await
        .expect("second put");
    assert_eq!((stored, again), (Put::Stored, Put::AlreadyThere));
    assert_eq!(first, second);
}

async fn many_puts_of_the_same_bytes_store_them_once(objects: &dyn Objects) {
    let owner = tenant("put-at-once");
    let bytes = Bytes::from(vec![7; 50_000]);
    let puts = (0..16).map(|_| objects.put_if_absent(&owner, AREA, bytes.clone()));
    let puts = futures::future::try_join_all(puts)
        .await
        .expect("every put succeeds");
    let stored = puts.iter().filter(|(_, put)| *put == Put::Stored).count();
    assert_eq!(stored, 1);
}

async fn areas_and_tenants_are_apart(objects: &dyn Objects) {
    let bytes = Bytes::from_static(b"of one tenant");
    let (key, _) = objects
        .put_if_absent(&tenant("owner"), AREA, bytes)
        .await
        .expect("put");
    let foreign = ObjectKey {
        tenant: tenant("stranger"),
        ..key.clone()
    };
    let elsewhere = ObjectKey {
        area: "media".to_owned(),
        ..key
    };
    assert_eq!(objects.get(&foreign).await.expect("get"), None);
    assert_eq!(objects.get(&elsewhere).await.expect("get"), None);
}

async fn an_unknown_key_is_nothing(objects: &dyn Objects) {
    let key = ObjectKey::of(&tenant("nobody"), AREA, b"never put");
    assert_eq!(objects.get(&key).await.expect("get"), None);
    assert_eq!(objects.retained_until(&key).await.expect("retention"), None);
}

async fn a_malformed_key_is_refused(objects: &dyn Objects) {
    let good = ObjectKey::of(&tenant("hostile"), AREA, b"bytes");
    for bad in ["..", "../..", "a/b", "", "A", "a\0", "aé"] {
        let area = ObjectKey {
            area: bad.to_owned(),
            ..good.clone()
        };
        let hash = ObjectKey {
            sha256: bad.to_owned(),
            ..good.clone()
        };
        for key in [area, hash] {
            let got = objects.get(&key).await;
            assert!(
                matches!(got, Err(ObjectError::MalformedKey)),
                "{key:?} gave {got:?}"
            );
        }
        let put = objects
            .put_if_absent(&good.tenant, bad, Bytes::from_static(b"x"))
            .await;
        assert!(
            matches!(put, Err(ObjectError::MalformedKey)),
            "{bad:?} gave {put:?}"
        );
    }
}

async fn an_object_that_is_too_large_is_refused(objects: &dyn Objects) {
    let bytes = Bytes::from(vec![0; OBJECT_BYTES_MAX + 1]);
    let put = objects
        .put_if_absent(&tenant("too-large"), AREA, bytes)
        .await;
    assert!(matches!(put, Err(ObjectError::TooLarge)), "{put:?}");
}

async fn a_retention_is_extended_and_never_shortened(objects: &dyn Objects) {
    let owner = tenant("archive");
    let bytes = Bytes::from_static(b"to be kept");
    let dates = [
        (date(2036, 12, 31), date(2036, 12, 31)),
        (date(2030, 1, 1), date(2036, 12, 31)),
        (date(2040, 12, 31), date(2040, 12, 31)),
    ];
    for (asked, kept) in dates {
        let (key, _) = objects
            .archive(&owner, "archive", bytes.clone(), asked)
            .await
            .expect("archive");
        assert_eq!(
            objects.retained_until(&key).await.expect("retention"),
            Some(kept)
        );
        assert_eq!(objects.get(&key).await.expect("get"), Some(bytes.clone()));
    }
}

async fn a_retention_that_many_ask_for_is_the_latest(objects: &dyn Objects) {
    let owner = tenant("archive-at-once");
    let bytes = Bytes::from_static(b"kept by many");
    let years = [2035, 2038, 2036, 2040, 2037, 2039];
    let archiving = years.map(|year| {
        let until = date(year, 12, 31);
        objects.archive(&owner, "archive", bytes.clone(), until)
    });
    futures::future::try_join_all(archiving)
        .await
        .expect("every archiving succeeds");
    let key = ObjectKey::of(&owner, "archive", &bytes);
    assert_eq!(
        objects.retained_until(&key).await.expect("retention"),
        Some(date(2040, 12, 31))
    );
}

async fn what_was_only_put_is_kept_until_no_date(objects: &dyn Objects) {
    let owner = tenant("only-put");
    let bytes = Bytes::from_static(b"first put, then archived");
    let (key, _) = objects
        .put_if_absent(&owner, "archive", bytes.clone())
        .await
        .expect("put");
    assert_eq!(objects.retained_until(&key).await.expect("retention"), None);
    let until = date(2036, 12, 31);
    let (archived, put) = objects
        .archive(&owner, "archive", bytes, until)
        .await
        .expect("archive");
    assert_eq!((&archived, put), (&key, Put::AlreadyThere));
    let kept = objects.retained_until(&key).await.expect("retention");
    assert_eq!(kept, Some(until));
}
