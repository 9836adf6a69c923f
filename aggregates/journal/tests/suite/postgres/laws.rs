//! What is PostgreSQL's own: servers that are not to be trusted, damage, triggers, several journals
//! in one database, and processes that wake each other.

use std::time::Duration;

use futures::future::join_all;
use invoiceapp_journal::port::{
    AppendError, Journal, JournalError, READ_BYTES_MAX, READ_EVENTS_MAX, Snapshot,
};
use invoiceapp_journal::postgres::{OpenError, PostgresJournal};
use invoiceapp_journal::verify::verify;
use sqlx::postgres::PgListener;

use super::subject::{PostgresSubject, options};
use crate::batches::receipts_tell_of_forty;
use crate::ledger::{ambient, ledger};
use crate::sqlite::append;

/// How long the server may take to notice that a client is gone.
const GOODBYE_TIME_MAX: Duration = Duration::from_secs(10);

async fn open(url: &str) -> Result<PostgresJournal, OpenError> {
    PostgresJournal::open(options(url), ambient()).await
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn the_database_refuses_to_change_or_forget_history() {
    let subject = PostgresSubject::created().await;
    let journal = subject.journal().await;
    journal.append(append(1, 1, 10)).await.unwrap();
    let before = journal.read_all(0, 10).await.unwrap();
    for table in ["events", "receipts"] {
        for change in [
            format!("UPDATE {table} SET position = 7"),
            format!("UPDATE {table} SET position = 7 WHERE false"),
            format!("DELETE FROM {table}"),
            format!("DELETE FROM {table} WHERE position = 7"),
            format!("TRUNCATE {table}"),
            format!("TRUNCATE {table}, snapshots CASCADE"),
            format!(
                "INSERT INTO {table} SELECT * FROM {table} \
                 ON CONFLICT ON CONSTRAINT {table}_pkey DO UPDATE SET position = 7"
            ),
        ] {
            let refusal = subject.run(&change).await.unwrap_err().to_string();
            assert!(refusal.contains("immutable"), "{change}: {refusal}");
        }
        // Only a superuser may ask for this at all, and the guard is there for it, too.
        let silenced = format!("SET session_replication_role = replica; DELETE FROM {table}");
        let refusal = subject.run(&silenced).await.unwrap_err().to_string();
        let refused = ["immutable", "permission denied to set parameter"];
        assert!(
            refused.iter().any(|it| refusal.contains(it)),
            "{silenced}: {refusal}"
        );
    }
    assert_eq!(journal.read_all(0, 10).await.unwrap(), before);
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn an_event_before_the_first_is_refused_because_no_reader_would_see_it() {
    let subject = PostgresSubject::created().await;
    let journal = subject.journal().await;
    journal.append(append(1, 1, 10)).await.unwrap();
    for position in [0, -1] {
        let forged = format!(
            "INSERT INTO events SELECT aggregate_type, aggregate_id, 2, event_type, event_version, \
             payload, metadata, {position}, event_id, recorded_at, command_id, hash FROM events"
        );
        let refusal = subject.run(&forged).await.unwrap_err().to_string();
        assert!(refusal.contains("events_position_check"), "{refusal}");
    }
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_missing_event_is_damage_to_every_reader_and_never_a_short_answer() {
    let subject = PostgresSubject::created().await;
    let journal = subject.journal().await;
    for n in 0..9 {
        journal.append(append(n, n, 10)).await.unwrap();
    }
    let cut = "DROP TRIGGER events_are_never_changed ON events; \
               DELETE FROM events WHERE position IN (5, 9)";
    subject.run(cut).await.unwrap();
    let damaged = |position| {
        Err(JournalError::Damaged {
            position,
            reason: "it is missing".to_owned(),
        })
    };
    assert_eq!(journal.read_all(0, READ_EVENTS_MAX).await, damaged(5));
    assert_eq!(journal.read_all(5, READ_EVENTS_MAX).await, damaged(9));
    assert_eq!(journal.read_all(0, 4).await.unwrap().len(), 4);
    let fault = verify(&journal, |_, _| ()).await.unwrap().fault.unwrap();
    assert_eq!(fault.position, 5);
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_row_that_cannot_be_read_names_its_position() {
    let subject = PostgresSubject::created().await;
    let journal = subject.journal().await;
    for n in 0..3 {
        journal.append(append(n, n, 10)).await.unwrap();
    }
    let spoil = "DROP TRIGGER events_are_never_changed ON events; \
                 UPDATE events SET aggregate_type = 'nonsense' WHERE position = 2";
    subject.run(spoil).await.unwrap();
    let answer = journal.read_all(0, 10).await;
    assert!(
        matches!(answer, Err(JournalError::Damaged { position: 2, .. })),
        "{answer:?}"
    );
    let fault = verify(&journal, |_, _| ()).await.unwrap().fault.unwrap();
    assert_eq!(fault.position, 2);
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_receipt_is_read_however_much_of_it_its_event_tells() {
    for events_of in [
        |key| usize::try_from(key % 4).unwrap(),
        |key| usize::try_from(1 + key % 3).unwrap(),
    ] {
        let subject = PostgresSubject::created().await;
        let journal = subject.journal().await;
        receipts_tell_of_forty(&journal, events_of).await;
    }
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_receipt_whose_event_is_missing_is_damage_and_not_an_unknown_command() {
    let subject = PostgresSubject::created().await;
    let journal = subject.journal().await;
    let request = append(1, 1, 10);
    journal.append(request.clone()).await.unwrap();
    journal.close().await;
    let cut = "DROP TRIGGER events_are_never_changed ON events; DELETE FROM events";
    subject.run(cut).await.unwrap();
    let journal = subject.journal().await;
    let answer = journal.receipt_of(request.command.id).await;
    assert!(
        matches!(answer, Err(JournalError::Damaged { .. })),
        "{answer:?}"
    );
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_read_stops_at_its_limit_in_bytes_and_the_next_one_goes_on() {
    let subject = PostgresSubject::created().await;
    let journal = subject.journal().await;
    let payload = 3 << 20;
    for n in 0..8 {
        journal.append(append(n, n, payload)).await.unwrap();
    }
    let first = journal.read_all(0, READ_EVENTS_MAX).await.unwrap();
    assert_eq!(first.len(), READ_BYTES_MAX.div_ceil(payload));
    let second = journal.read_all(6, READ_EVENTS_MAX).await.unwrap();
    assert_eq!(second.len(), 2);
    assert_eq!(verify(&journal, |_, _| ()).await.unwrap().fault, None);
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn tables_of_a_newer_version_are_refused() {
    let subject = PostgresSubject::created().await;
    subject.journal().await.close().await;
    let newer = "INSERT INTO _sqlx_migrations VALUES (99, 'newer', now(), true, '', 0)";
    subject.run(newer).await.unwrap();
    let refused = open(&subject.url()).await;
    assert!(matches!(refused, Err(OpenError::UnknownSchema(_))));
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_server_that_would_lose_or_garble_what_it_acknowledges_is_refused() {
    let latin = PostgresSubject::new();
    latin
        .create("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        .await;
    let mut refused = vec![("server_encoding", open(&latin.url()).await)];
    for (setting, value) in [
        ("synchronous_commit", "off"),
        ("default_transaction_read_only", "on"),
    ] {
        let subject = PostgresSubject::created().await;
        let sql = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting} = {value}', \
             current_database()); END $$"
        );
        subject.run(&sql).await.unwrap();
        let name = setting.trim_start_matches("default_");
        refused.push((name, open(&subject.url()).await));
    }
    for (expected, answer) in refused {
        match answer {
            Err(OpenError::Unfit { setting, .. }) => assert_eq!(setting, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn neither_an_error_nor_a_debug_text_tells_the_password() {
    for url in [
        "postgres://me:sesame@127.0.0.1:1/nowhere",
        "nonsense://me:sesame@127.0.0.1:1/nowhere?sslmode=sesame",
    ] {
        let options = options(url);
        let text = format!("{options:?}");
        let error = PostgresJournal::open(options, ambient()).await.unwrap_err();
        let text = format!("{text} {error:?} {error}");
        assert!(!text.contains("sesame"), "{text}");
    }
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL"]
async fn schemas_of_one_database_are_journals_of_their_own() {
    let subject = PostgresSubject::created().await;
    subject
        .run("CREATE SCHEMA one; CREATE SCHEMA other")
        .await
        .unwrap();
    let url = |schema| format!("{}?options=-c%20search_path%3D{schema}", subject.url());
    let one = subject.journal_at(&url("one")).await;
    let other = subject.journal_at(&url("other")).await;
    let head_of_other = other.subscribe();
    one.append(append(1, 1, 10)).await.unwrap();
    one.append(append(2, 2, 10)).await.unwrap();
    assert!(other.read_all(0, 10).await.unwrap().is_empty());
    assert_eq!(other.append(append(1, 1, 10)).await.unwrap().position, 1);
    assert_eq!(*head_of_other.borrow(), 1);
    let status = one.status().await.unwrap();
    assert_eq!((status.streams, status.receipts), (2, 2));
    assert!(status.bytes > 0 && status.recorded_at.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_commit_wakes_subscribers_in_other_processes() {
    let subject = PostgresSubject::created().await;
    let (writing, reading) = (subject.journal().await, subject.journal().await);
    let mut listener = PgListener::connect(&subject.url()).await.unwrap();
    let channel = "SELECT 'invoiceapp_journal_' || 'head'::regclass::oid";
    let channel: String = sqlx::query_scalar(channel)
        .fetch_one(&mut listener)
        .await
        .unwrap();
    listener.listen(&channel).await.unwrap();
    let mut head = reading.subscribe();
    for round in 0..10 {
        let requests = (0..20).map(|n| writing.append(append(round * 20 + n, round * 20 + n, 10)));
        let answers = join_all(requests).await;
        let last = answers.into_iter().map(|it| it.unwrap().position).max();
        let last = last.unwrap();
        head.wait_for(|known| *known >= last).await.unwrap();
        assert_eq!(
            reading.read_all(last - 1, 10).await.unwrap()[0].position,
            last
        );
    }
    // By an announcement, and not only by asking now and then.
    loop {
        let heard = listener.recv().await.unwrap();
        if heard.payload() == "200" {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: PostgreSQL"]
async fn snapshots_of_one_stream_in_one_batch_leave_the_newest() {
    let subject = PostgresSubject::created().await;
    let journal = subject.journal().await;
    let snapshot = |version| Snapshot {
        version,
        state_hash: "fold".to_owned(),
        state_json: format!(r#"{{"version":{version}}}"#),
    };
    let stream = ledger("a");
    let saves = [3, 9, 7, 1].map(|version| journal.save_snapshot(&stream, snapshot(version)));
    assert!(join_all(saves).await.iter().all(Result::is_ok));
    assert_eq!(journal.snapshot(&stream).await, Ok(Some(snapshot(9))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: PostgreSQL"]
async fn closing_commits_what_waits_and_refuses_what_comes_later() {
    let subject = PostgresSubject::created().await;
    let journal = subject.journal().await;
    let waiting = join_all((0..500).map(|n| journal.append(append(n, n, 10))));
    let (answers, ()) = tokio::join!(waiting, journal.close());
    assert!(answers.iter().all(Result::is_ok));
    let late = journal.append(append(999, 999, 10)).await;
    assert!(matches!(
        late,
        Err(AppendError::Journal(JournalError::Unavailable { .. }))
    ));
    let again = subject.journal().await;
    assert_eq!(again.head().await.unwrap().position, 500);
    let mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name LIKE 'invoiceapp%'";
    again.close().await;
    let mut connection = subject.by_hand().await;
    // The server notices a moment after the client has said goodbye.
    let gone = async {
        loop {
            let left: i64 = sqlx::query_scalar(mine)
                .fetch_one(&mut connection)
                .await
                .unwrap();
            if left == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(GOODBYE_TIME_MAX, gone).await.unwrap();
}
