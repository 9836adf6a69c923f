//! What is SQLite's own: durability, a full disk, a place that cannot be written, damage, bounds.

use futures::future::join_all;
use invoiceapp_domain::Actor;
use invoiceapp_journal::conformance::Subject;
use invoiceapp_journal::port::{
    Append, AppendError, AppendEvents, Journal, JournalError, READ_EVENTS_MAX,
};
use invoiceapp_journal::sqlite::{OpenError, SqliteJournal, SqliteOptions};
use invoiceapp_journal::verify::verify;
use invoiceapp_journal::writer::{QUEUE_REQUESTS_MAX, REMEMBERED_STREAMS_MAX};
use invoiceapp_schemas::{Metadata, NewEvent};
use sqlx::Connection;
use uuid::Uuid;

use crate::ledger::{ambient, ledger, stamp};
use crate::subject::SqliteSubject;

pub(crate) fn append(key: u128, number: u128, payload_bytes: usize) -> Append {
    let command = stamp(number);
    let payload_json = format!(r#"{{"Added":"{}"}}"#, "x".repeat(payload_bytes));
    let event = NewEvent {
        event_type: "Added".to_owned(),
        schema_version: 1,
        payload_json,
    };
    Append {
        stream: ledger(key),
        expected_version: 0,
        events: AppendEvents::Ready(vec![event]),
        command,
        metadata: Metadata {
            actor: Actor::System("test".to_owned()),
            command_id: command.id,
            correlation_id: Uuid::nil(),
            causation_id: None,
            traceparent: None,
            claims: Vec::new(),
            number: None,
        },
        claims: Vec::new(),
        guards: Vec::new(),
    }
}

async fn open(subject: &SqliteSubject) -> Result<SqliteJournal, OpenError> {
    SqliteJournal::open(subject.options(), ambient()).await
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_nothing_is_half_written() {
    let subject = SqliteSubject::new();
    let options = SqliteOptions {
        page_limit: Some(64),
        ..subject.options()
    };
    let journal = SqliteJournal::open(options, ambient()).await.unwrap();
    let mut committed = 0;
    let full = loop {
        match journal.append(append(committed, committed, 8_000)).await {
            Ok(_) => committed += 1,
            Err(error) => break error,
        }
    };
    let reason = match full {
        AppendError::Journal(JournalError::Unavailable { reason }) => reason,
        other => panic!("{other:?}"),
    };
    assert!(reason.contains("full"), "{reason}");
    assert!(committed > 0);
    journal
        .append(append(committed, committed, 8_000))
        .await
        .unwrap_err();
    journal.close().await;

    let roomy = open(&subject).await.unwrap();
    let verification = verify(&roomy, |_, _| ()).await.unwrap();
    assert_eq!(
        (u128::from(verification.events), verification.fault),
        (committed, None)
    );
    assert!(
        !roomy
            .append(append(committed, committed, 8_000))
            .await
            .unwrap()
            .replayed
    );
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named_when_it_is_opened() {
    for path in ["/proc/invoiceapp/journal.db", "/proc/journal.db", "/"] {
        match SqliteJournal::open(SqliteOptions::new(path), ambient()).await {
            Err(OpenError::NotWritable { path: named, .. }) => assert_eq!(named.as_os_str(), path),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn another_file_than_a_journal_is_refused_and_left_alone() {
    let subject = SqliteSubject::new();
    let letter = "Dear Sir or Madam, ".repeat(500);
    std::fs::write(subject.path(), &letter).unwrap();
    assert!(matches!(
        open(&subject).await,
        Err(OpenError::NotAJournal { .. })
    ));
    assert_eq!(std::fs::read_to_string(subject.path()).unwrap(), letter);
}

#[tokio::test]
async fn tables_of_a_newer_version_are_refused() {
    let subject = SqliteSubject::new();
    open(&subject).await.unwrap().close().await;
    let mut connection = subject.by_hand().await;
    let newer = "INSERT INTO _sqlx_migrations VALUES (99, 'newer', 0, 1, x'00', 0)";
    sqlx::query(newer).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert!(matches!(
        open(&subject).await,
        Err(OpenError::UnknownSchema { .. })
    ));
}

#[tokio::test]
async fn a_missing_event_is_damage_to_every_reader_and_never_a_short_answer() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await.unwrap();
    for n in 0..9 {
        journal.append(append(n, n, 10)).await.unwrap();
    }
    let mut connection = subject.by_hand().await;
    let cut = "DROP TRIGGER events_are_never_deleted; DELETE FROM events WHERE position IN (5, 9)";
    sqlx::query(cut).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let damaged = |position| {
        Err(JournalError::Damaged {
            position,
            reason: "it is missing".to_owned(),
        })
    };
    assert_eq!(journal.read_all(0, READ_EVENTS_MAX).await, damaged(5));
    assert_eq!(
        journal.read_all(5, READ_EVENTS_MAX).await,
        damaged(9),
        "the end is missing"
    );
    assert_eq!(journal.read_all(0, 4).await.unwrap().len(), 4);
    let fault = verify(&journal, |_, _| ()).await.unwrap().fault.unwrap();
    assert_eq!(fault.position, 5);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_names_its_position() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await.unwrap();
    for n in 0..3 {
        journal.append(append(n, n, 10)).await.unwrap();
    }
    let mut connection = subject.by_hand().await;
    let spoil = "DROP TRIGGER events_are_never_updated; \
                 UPDATE events SET aggregate_type = 'nonsense' WHERE position = 2";
    sqlx::query(spoil).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let answer = journal.read_all(0, 10).await;
    assert!(
        matches!(answer, Err(JournalError::Damaged { position: 2, .. })),
        "{answer:?}"
    );
    let fault = verify(&journal, |_, _| ()).await.unwrap().fault.unwrap();
    assert_eq!(fault.position, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_queue_holds_is_refused_at_once_and_the_rest_commits() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await.unwrap();
    let wanted = u128::try_from(QUEUE_REQUESTS_MAX).unwrap() * 2;
    let requests = (0..wanted).map(|n| journal.append(append(n, n, 10)));
    let answers = join_all(requests).await;
    let committed = answers.iter().filter(|answer| answer.is_ok()).count();
    let overloaded = AppendError::Journal(JournalError::Overloaded);
    assert!(
        answers
            .iter()
            .flat_map(|answer| answer.as_ref().err())
            .all(|it| *it == overloaded)
    );
    assert!((QUEUE_REQUESTS_MAX..answers.len()).contains(&committed));
    let verification = verify(&journal, |_, _| ()).await.unwrap();
    assert_eq!(verification.fault, None);
    assert_eq!(usize::try_from(verification.streams).unwrap(), committed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_commits_what_waits_and_refuses_what_comes_later() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await.unwrap();
    let waiting = join_all((0..500).map(|n| journal.append(append(n, n, 10))));
    let (answers, ()) = tokio::join!(waiting, journal.close());
    assert!(answers.iter().all(Result::is_ok));
    let late = journal.append(append(999, 999, 10)).await;
    assert!(matches!(
        late,
        Err(AppendError::Journal(JournalError::Unavailable { .. }))
    ));
    let again = open(&subject).await.unwrap();
    assert_eq!(again.head().await.unwrap().position, 500);
    let status = again.status().await.unwrap();
    assert_eq!(
        (status.streams, status.receipts, status.head.position),
        (500, 500, 500)
    );
    assert!(status.bytes > 0 && status.recorded_at.is_some());
}

/// The memory forgets, and nothing else changes: old streams, old receipts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_writer_has_forgotten_is_looked_up() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await.unwrap();
    let streams = u128::try_from(REMEMBERED_STREAMS_MAX).unwrap() * 2 + 2_000;
    for first in (0..streams).step_by(1_000) {
        let requests = (first..first + 1_000).map(|n| journal.append(append(n, n, 10)));
        assert!(join_all(requests).await.iter().all(Result::is_ok));
    }
    let mut next = append(0, streams + 5_000, 10);
    next.expected_version = 1;
    let second = Append {
        expected_version: 7,
        ..append(1, streams + 5_001, 10)
    };
    let (retry, next, second) = tokio::join!(
        journal.append(append(2, 2, 10)),
        journal.append(next),
        journal.append(second),
    );
    assert!(retry.unwrap().replayed);
    assert_eq!(next.unwrap().version, 2);
    let conflict = AppendError::VersionConflict {
        stream: ledger(1),
        expected: 7,
        actual: 1,
    };
    assert_eq!(second, Err(conflict));
    subject.close_all().await;
}
