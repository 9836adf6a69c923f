//! Connections that end in the middle of everything: nothing is lost and nothing is there twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::future::join_all;
use invoiceapp_domain::{AllocatedNumber, ClaimChange, ClaimKey, NumberRequest};
use invoiceapp_journal::port::{
    Append, AppendError, AppendEvents, Committed, Journal, JournalError,
};
use invoiceapp_journal::postgres::PostgresJournal;
use invoiceapp_journal::verify::verify;
use invoiceapp_schemas::NewEvent;
use jiff::civil::Date;
use sqlx::{Executor, PgConnection};

use super::subject::PostgresSubject;
use super::wire::Wire;
use crate::ledger::stamp;
use crate::sqlite::append;

/// Callers that append at once.
const CALLERS: u128 = 24;
/// Times that every connection of the journals is ended.
const KILLS: u32 = 40;

fn numbered(key: u128) -> Append {
    let complete = Arc::new(|number: &AllocatedNumber| {
        Ok(vec![NewEvent {
            event_type: "Closed".to_owned(),
            schema_version: 1,
            payload_json: format!(r#"{{"Closed":{{"number":{}}}}}"#, number.sequence),
        }])
    });
    let request = NumberRequest {
        series: "LED".to_owned(),
        period: "2026".to_owned(),
        first: 1,
        date: Date::constant(2026, 1, 1),
    };
    Append {
        events: AppendEvents::Numbered { request, complete },
        ..append(key, key, 10)
    }
}

fn is_unavailable(answer: &Result<Committed, AppendError>) -> bool {
    matches!(
        answer,
        Err(AppendError::Journal(JournalError::Unavailable { .. }))
    )
}

/// As a client does it: the same command again, until there is an answer.
async fn append_at_last(journal: &PostgresJournal, request: &Append) -> Committed {
    loop {
        match journal.append(request.clone()).await {
            Ok(committed) => return committed,
            answer => assert!(is_unavailable(&answer), "{answer:?}"),
        }
        tokio::task::yield_now().await;
    }
}

/// The chain holds over exactly these commands, each once, with the outcome that it was answered.
async fn assert_exactly(journal: &PostgresJournal, outcomes: &[(u128, Committed)]) {
    let verification = verify(journal, |_, _| ()).await.unwrap();
    assert_eq!(verification.fault, None);
    assert_eq!(
        usize::try_from(verification.events).unwrap(),
        outcomes.len()
    );
    let mut numbers = Vec::new();
    for (command, committed) in outcomes {
        let receipt = journal.receipt(stamp(*command)).await.unwrap().unwrap();
        let replayed = true;
        assert_eq!(
            receipt,
            Committed {
                replayed,
                ..committed.clone()
            }
        );
        numbers.extend(receipt.number.map(|number| number.sequence));
    }
    numbers.sort_unstable();
    let count = u64::try_from(numbers.len()).unwrap();
    assert!(numbers.into_iter().eq(1..=count));
}

async fn end_connections(by_hand: &mut PgConnection) {
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND application_name LIKE 'invoiceapp journal%'";
    by_hand.execute(sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: PostgreSQL"]
async fn backends_that_are_killed_under_load_lose_and_double_nothing() {
    let subject = PostgresSubject::created().await;
    let journals = [subject.journal().await, subject.journal().await];
    let (is_over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let callers = (0..CALLERS).map(|caller| {
        let (journals, is_over, done) = (&journals, &is_over, &done);
        async move {
            let mut outcomes = Vec::new();
            for round in 0_u128.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let key = round * CALLERS + caller;
                let journal = &journals[usize::from(caller % 2 == 0)];
                let request = match key % 3 {
                    0 => numbered(key),
                    _ => append(key, key, 10),
                };
                outcomes.push((key, append_at_last(journal, &request).await));
                done.fetch_add(1, Ordering::Relaxed);
            }
            outcomes
        }
    });
    let killer = async {
        let mut by_hand = subject.by_hand().await;
        for _ in 0..KILLS {
            let before = done.load(Ordering::Relaxed);
            while done.load(Ordering::Relaxed) < before + 100 {
                tokio::task::yield_now().await;
            }
            end_connections(&mut by_hand).await;
        }
        is_over.store(true, Ordering::Relaxed);
    };
    let (outcomes, ()) = tokio::join!(join_all(callers), killer);
    let outcomes: Vec<_> = outcomes.into_iter().flatten().collect();
    assert_exactly(&journals[0], &outcomes).await;
}

/// A deferred trigger holds every commit up, so that the kill hits it between its statements and its
/// flush.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_backend_that_is_killed_in_commit_loses_and_doubles_nothing() {
    let subject = PostgresSubject::created().await;
    let journal = subject.journal().await;
    let hold_up = "CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql \
         AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$; \
         CREATE CONSTRAINT TRIGGER hold_up AFTER INSERT ON receipts \
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold_up()";
    subject.run(hold_up).await.unwrap();
    let requests: Vec<Append> = (0..CALLERS).map(numbered).collect();
    let answers = join_all(requests.iter().map(|it| journal.append(it.clone())));
    let kill = async {
        let mut by_hand = subject.by_hand().await;
        let in_commit = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' \
                         AND datname = current_database()";
        loop {
            let waiting: i64 = sqlx::query_scalar(in_commit)
                .fetch_one(&mut by_hand)
                .await
                .unwrap();
            if waiting > 0 {
                break;
            }
        }
        let release = "ALTER TABLE receipts DISABLE TRIGGER hold_up";
        end_connections(&mut by_hand).await;
        by_hand.execute(release).await.unwrap();
    };
    let (answers, ()) = tokio::join!(answers, kill);
    assert!(answers.iter().any(is_unavailable), "the kill was noticed");
    let mut outcomes = Vec::new();
    for (command, request) in (0..).zip(&requests) {
        outcomes.push((command, append_at_last(&journal, request).await));
    }
    assert_exactly(&journal, &outcomes).await;
}

/// The commit is there, its answer is not: the receipts tell, and the caller never notices.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_commit_whose_answer_is_lost_is_answered_from_its_receipts() {
    let subject = PostgresSubject::created().await;
    let (wire, listener) = Wire::new().await;
    let (server, url) = subject.by_way_of(wire.address);
    wire.lay(listener, server);
    let journal = subject.journal_at(&url).await;
    let mut outcomes = Vec::new();
    for key in 0..5 {
        // The statement is prepared by then, so that this answer is the write's.
        wire.lose_the_answer_to(&format!("acme:{key}"));
        let committed = journal.append(append(key, key, 10)).await.unwrap();
        assert!(wire.has_lost_the_answer() && !committed.replayed);
        outcomes.push((key, committed));
    }
    assert_exactly(&journal, &outcomes).await;
}

/// The same at the end of the slow path, which a claim leads to that the writer could not remember.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_slow_commit_whose_answer_is_lost_is_answered_from_its_receipts() {
    let subject = PostgresSubject::created().await;
    let claiming = |key: u128| {
        let (kind, value) = ("sku".to_owned(), "x".to_owned());
        let mut request = append(key, key, 10);
        request.claims = vec![ClaimChange::Take(ClaimKey { kind, value })];
        request
    };
    let other = subject.journal().await;
    let first = other.append(claiming(1)).await.unwrap();
    let (wire, listener) = Wire::new().await;
    let (server, url) = subject.by_way_of(wire.address);
    wire.lay(listener, server);
    let journal = subject.journal_at(&url).await;
    wire.lose_the_answer_to("COMMIT");
    let (second, taken) = tokio::join!(
        journal.append(append(2, 2, 10)),
        journal.append(claiming(3)),
    );
    let second = second.unwrap();
    assert!(wire.has_lost_the_answer() && !second.replayed);
    assert!(matches!(taken, Err(AppendError::ClaimTaken { .. })));
    assert_exactly(&journal, &[(1, first), (2, second)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_server_that_is_stopped_is_unavailable_and_nobody_has_to_help_it_back() {
    let subject = PostgresSubject::created().await;
    let (wire, listener) = Wire::new().await;
    let (server, url) = subject.by_way_of(wire.address);
    wire.lay(listener, server);
    let journal = subject.journal_at(&url).await;
    let direct = subject.journal().await;
    let mut head = journal.subscribe();
    journal.append(append(1, 1, 10)).await.unwrap();

    wire.cut();
    assert!(is_unavailable(&journal.append(append(2, 2, 10)).await));
    let unread = journal.read_all(0, 10).await;
    assert!(matches!(unread, Err(JournalError::Unavailable { .. })));
    // Others go on meanwhile.
    direct.append(append(3, 3, 10)).await.unwrap();

    wire.mend();
    append_at_last(&journal, &append(2, 2, 10)).await;
    let position = direct.append(append(4, 4, 10)).await.unwrap().position;
    head.wait_for(|known| *known == position).await.unwrap();
    while journal.read_all(0, 10).await.is_err() {}
    assert_eq!(verify(&journal, |_, _| ()).await.unwrap().events, 4);
}

/// Nothing closes the connections, so only the deadlines end the wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_server_that_says_nothing_any_more_is_unavailable_within_the_deadlines() {
    /// Far beyond the sum of the deadlines: hit only by a call that has none.
    const FOR_EVER: Duration = Duration::from_secs(120);
    let subject = PostgresSubject::created().await;
    let (wire, listener) = Wire::new().await;
    let (server, url) = subject.by_way_of(wire.address);
    wire.lay(listener, server);
    let journal = subject.journal_at(&url).await;
    journal.append(append(1, 1, 10)).await.unwrap();
    journal.read_all(0, 10).await.unwrap();

    wire.mute();
    let both = async { tokio::join!(journal.append(append(2, 2, 10)), journal.read_all(0, 10)) };
    let (written, read) = tokio::time::timeout(FOR_EVER, both).await.unwrap();
    assert!(is_unavailable(&written));
    assert!(matches!(read, Err(JournalError::Unavailable { .. })));

    wire.mend();
    append_at_last(&journal, &append(2, 2, 10)).await;
    while journal.read_all(0, 10).await.is_err() {}
    assert_eq!(verify(&journal, |_, _| ()).await.unwrap().events, 2);
}
