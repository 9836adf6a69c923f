//! Beside the writer: one who only looks, and the word on whether writes are kept.

use std::time::Duration;

use invoiceapp_journal::port::{Journal, Writability};
use invoiceapp_journal::sqlite::{OpenError, SqliteJournal, SqliteReadOnly};
use invoiceapp_journal::verify::verify;
use sqlx::Connection;

use crate::ledger::ambient;
use crate::sqlite::append;
use crate::subject::SqliteSubject;

/// Longer than a writer waits before it tries by itself, on a machine that is busy.
const WITHOUT_A_COMMAND: Duration = Duration::from_secs(60);

async fn open(subject: &SqliteSubject) -> SqliteJournal {
    SqliteJournal::open(subject.options(), ambient())
        .await
        .unwrap()
}

async fn by_hand(subject: &SqliteSubject, sql: &str) {
    let mut connection = subject.by_hand().await;
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_write_that_fails_is_known_until_one_is_kept_and_no_command_is_needed_for_that() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await;
    let mut writability = journal.writability();
    journal.append(append(1, 1, 10)).await.unwrap();
    assert_eq!(*writability.borrow(), Writability::Writable);

    let broken =
        "CREATE TRIGGER broken BEFORE UPDATE ON head BEGIN SELECT RAISE(ABORT, 'I/O'); END";
    by_hand(&subject, broken).await;
    journal.append(append(2, 2, 10)).await.unwrap_err();
    let failing = *writability.borrow_and_update();
    assert!(matches!(failing, Writability::Failing { .. }));
    journal.append(append(2, 2, 10)).await.unwrap_err();
    assert_eq!(*writability.borrow(), failing, "since the first failure");

    by_hand(&subject, "DROP TRIGGER broken").await;
    let kept = writability.wait_for(|state| *state == Writability::Writable);
    tokio::time::timeout(WITHOUT_A_COMMAND, kept)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        journal.append(append(2, 2, 10)).await.unwrap().position,
        2,
        "trying to write has written no event"
    );
    let verification = verify(&journal, |_, _| ()).await.unwrap();
    assert_eq!((verification.events, verification.fault), (2, None));
}

#[tokio::test]
async fn a_refusal_is_no_failure() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await;
    journal.append(append(1, 1, 10)).await.unwrap();
    journal.append(append(1, 2, 10)).await.unwrap_err();
    assert_eq!(*journal.writability().borrow(), Writability::Writable);
}

#[tokio::test]
async fn a_visitor_sees_and_verifies_a_journal_that_is_being_written() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await;
    for n in 0..20 {
        journal.append(append(n, n, 10)).await.unwrap();
    }
    let visitor = SqliteReadOnly::open(&subject.options()).await.unwrap();
    for n in 20..40 {
        journal.append(append(n, n, 10)).await.unwrap();
        let status = visitor.status().await.unwrap();
        assert_eq!(u128::from(status.head.position), n + 1);
    }
    let verification = verify(&visitor, |_, _| ()).await.unwrap();
    assert_eq!((verification.events, verification.fault), (40, None));
    visitor.close().await;
    journal.close().await;

    let alone = SqliteReadOnly::open(&subject.options()).await.unwrap();
    assert_eq!(alone.status().await.unwrap().streams, 40);
}

#[tokio::test]
async fn a_visitor_creates_nothing() {
    let subject = SqliteSubject::new();
    let missing = SqliteReadOnly::open(&subject.options()).await;
    assert!(matches!(
        missing,
        Err(OpenError::NotWritable { .. } | OpenError::Database(_))
    ));
    assert!(!subject.path().exists());
}
