//! The SQLite adapter.

use invoiceapp_runtime::sqlite::SqliteJobStore;
use invoiceapp_runtime::{JobStore, conformance};
use jiff::Timestamp;

#[tokio::test]
async fn sqlite_conforms_to_the_port() {
    let folder = tempfile::tempdir().unwrap();
    let jobs = SqliteJobStore::open(&folder.path().join("jobs.db"))
        .await
        .unwrap();
    conformance::all(&jobs).await;
}

#[tokio::test]
async fn jobs_are_there_after_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.db");
    let jobs = SqliteJobStore::open(&file).await.unwrap();
    jobs.register("pdf", 12, Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    jobs.close().await;
    let again = SqliteJobStore::open(&file).await.unwrap();
    assert_eq!(again.checkpoint("pdf").await.unwrap(), Some(12));
}

#[tokio::test]
async fn a_commit_reaches_the_disk_before_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.db");
    let jobs = SqliteJobStore::open(&file).await.unwrap();
    assert_eq!(jobs.durability().await.unwrap(), ("wal".to_owned(), 2));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_unavailable_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.db");
    std::fs::write(&file, [b'x'; 4_096]).unwrap();
    assert!(SqliteJobStore::open(&file).await.is_err());
    assert_eq!(std::fs::read(&file).unwrap(), [b'x'; 4_096]);
}
