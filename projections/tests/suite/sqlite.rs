//! The SQLite adapter.

use std::sync::atomic::{AtomicU32, Ordering};

use invoiceapp_projections::conformance;
use invoiceapp_projections::sqlite::SqliteViewStore;

#[tokio::test]
async fn sqlite_conforms_to_the_port() {
    let folder = tempfile::tempdir().unwrap();
    let opened = AtomicU32::new(0);
    conformance::all(async || {
        let name = format!("views-{}.db", opened.fetch_add(1, Ordering::Relaxed));
        SqliteViewStore::open(&folder.path().join(name))
            .await
            .unwrap()
    })
    .await;
}
