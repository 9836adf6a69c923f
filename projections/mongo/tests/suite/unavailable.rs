//! A server that is not there is an error, and soon.

use std::time::Instant;

use invoiceapp_domain::{StreamId, StreamKind};
use invoiceapp_mongo::{MongoSettings, OPERATION_TIMEOUT};
use invoiceapp_projections::store::Changes;
use invoiceapp_projections::{ViewError, ViewStore};

use crate::fixture::open;

#[tokio::test]
async fn a_server_that_is_down_is_unavailable_in_time() {
    // Nothing listens on the first port of all.
    let settings = MongoSettings::new("mongodb://user:geheim@127.0.0.1:1".into());
    assert!(!format!("{settings:?}").contains("geheim"));
    let store = open(&settings).await;
    let stream = StreamId::new("acme".parse().unwrap(), StreamKind::Product, "lamp");
    let started = Instant::now();
    let (checkpoint, document, applied, leads) = tokio::join!(
        store.checkpoint(),
        store.document(&stream),
        store.apply(0, 1, Changes::default()),
        store.lead(),
    );
    for error in [
        checkpoint.unwrap_err(),
        document.unwrap_err(),
        applied.unwrap_err(),
        leads.unwrap_err(),
    ] {
        assert!(matches!(error, ViewError::Unavailable(_)), "{error:?}");
        assert!(!format!("{error:?}").contains("geheim"));
    }
    assert!(started.elapsed() < OPERATION_TIMEOUT, "no operation hangs");
}
