//! A server that is not there is an error, and soon.

use std::time::Instant;

use invoiceapp_projections::ViewError;
use invoiceapp_projections::hot::{HotChanges, HotStore};
use invoiceapp_redis::{RedisHotStore, RedisSettings, WRITE_TIMEOUT};

#[tokio::test]
async fn a_server_that_is_down_is_unavailable_in_time() {
    // Nothing listens on the first port of all.
    let settings = RedisSettings::new("redis://:geheim@127.0.0.1:1".into());
    let store = RedisHotStore::new(&settings).unwrap();
    assert!(!format!("{settings:?} {store:?}").contains("geheim"));
    let started = Instant::now();
    let tenant = "acme".parse().unwrap();
    let (mark, documents, buckets, applied) = tokio::join!(
        store.mark(),
        store.documents(&[]),
        store.buckets(&tenant),
        store.apply(None, HotChanges::default()),
    );
    for error in [
        mark.unwrap_err(),
        documents.unwrap_err(),
        buckets.unwrap_err(),
        applied.unwrap_err(),
    ] {
        assert!(matches!(error, ViewError::Unavailable(_)), "{error:?}");
        assert!(!format!("{error:?}").contains("geheim"));
    }
    assert!(started.elapsed() < WRITE_TIMEOUT, "no operation hangs");
}
