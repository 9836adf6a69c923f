//! The port's suite.

use std::sync::{Arc, Mutex};

use invoiceapp_projections::conformance;

use crate::fixture::{open, settings};

#[tokio::test]
#[ignore = "wants the stack: MongoDB"]
async fn mongodb_conforms_to_the_port() {
    let opened = Mutex::new(Vec::new());
    conformance::all(async || {
        let settings = settings();
        let store = open(&settings).await;
        opened.lock().unwrap().push(settings);
        Arc::into_inner(store).unwrap()
    })
    .await;
    for settings in opened.into_inner().unwrap() {
        open(&settings).await.drop_everything().await.unwrap();
    }
}
