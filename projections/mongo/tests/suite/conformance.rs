//! The port's suite.

use invoiceapp_projections::conformance;

use crate::fixture::{open, settings};

#[tokio::test]
#[ignore = "wants the stack: MongoDB"]
async fn mongodb_conforms_to_the_port() {
    conformance::all(async || {
        let store = open(&settings()).await;
        std::sync::Arc::into_inner(store).unwrap()
    })
    .await;
}
