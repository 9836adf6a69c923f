//! Writers that share a journal take turns, and nobody depends on them.

use std::time::Duration;

use futures::future::{join_all, try_join_all};
use invoiceapp_journal::port::Journal;
use invoiceapp_journal::verify::verify;
use sqlx::{Connection, Executor, Row};

use super::subject::PostgresSubject;
use crate::sqlite::append;

const WRITERS: u128 = 4;
/// Rounds of each writer, and appends that a round has under way at once.
const ROUNDS: u128 = 20;
const APPENDS: u128 = 8;
/// The lock by which turns are taken.
const HOLD_THE_TURN: &str =
    "SELECT pg_advisory_lock((20041123::bigint << 32) + 'head'::regclass::oid::bigint)";
const TURNS_HELD: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// All write at once, each to streams of its own.
async fn write_together(subject: &PostgresSubject) {
    let mut journals = Vec::new();
    for _ in 0..WRITERS {
        journals.push(subject.journal().await);
    }
    let work = journals
        .iter()
        .zip(0..)
        .map(|(journal, writer)| async move {
            for round in 0..ROUNDS {
                let first = (writer * ROUNDS + round) * APPENDS;
                let appends = (first..first + APPENDS).map(|n| journal.append(append(n, n, 10)));
                try_join_all(appends).await.unwrap();
            }
        });
    join_all(work).await;
    let verification = verify(&journals[0], |_, _| ()).await.unwrap();
    assert_eq!(verification.fault, None);
    assert_eq!(u128::from(verification.events), WRITERS * ROUNDS * APPENDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: PostgreSQL"]
async fn whoever_has_no_work_has_no_turn() {
    let subject = PostgresSubject::created().await;
    write_together(&subject).await;
    let mut by_hand = subject.by_hand().await;
    let given_back = async {
        loop {
            let row = by_hand.fetch_one(TURNS_HELD).await.unwrap();
            if row.get::<i64, _>(0) == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(10), given_back).await;
    in_time.expect("a turn that nobody uses is given back");
    by_hand.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "wants the stack: PostgreSQL"]
async fn a_turn_that_is_never_given_back_stops_nobody() {
    let subject = PostgresSubject::created().await;
    // The tables are there with the first journal.
    subject.journal().await;
    let mut stopped = subject.by_hand().await;
    stopped.execute(HOLD_THE_TURN).await.unwrap();
    write_together(&subject).await;
    stopped.close().await.unwrap();
}
