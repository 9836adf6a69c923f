//! The journal as a feed.

use std::sync::Arc;

use invoiceapp_journal::port::Journal;
use invoiceapp_journal::sqlite::{SqliteJournal, SqliteOptions};
use invoiceapp_runtime::{JournalFeed, conformance};

use crate::harness::ManualClock;

#[tokio::test]
async fn the_journal_conforms_to_the_port_of_feeds() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(folder.path().join("journal.db"));
    let journal = SqliteJournal::open(options, Arc::new(ManualClock::new()))
        .await
        .unwrap();
    let shared: Arc<dyn Journal> = Arc::new(journal.clone());
    conformance::feed::all(&shared, &JournalFeed::new(Arc::clone(&shared))).await;
    journal.close().await;
}
