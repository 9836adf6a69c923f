//! The executor: conflicts, retries with the same command id, guards, snapshots.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::join_all;
use invoiceapp_domain::{Decider, STATE_HASH};
use invoiceapp_journal::conformance::Subject;
use invoiceapp_journal::execute::{
    CONFLICT_ATTEMPTS_MAX, CommandExecutor, ExecuteError, Executed, ExpectedVersion, LoadError,
    Prepared, SNAPSHOT_EVERY_EVENTS,
};
use invoiceapp_journal::port::Snapshot;
use invoiceapp_schemas::decode;
use proptest::prelude::*;

use crate::ledger::{
    Ledger, LedgerEvent, LedgerRefusal, add, ambient, close, execution, ledger, open,
};
use crate::subject::SqliteSubject;

async fn executor(subject: &SqliteSubject) -> CommandExecutor {
    CommandExecutor::new(subject.open(ambient()).await)
}

/// The whole stream, folded from its beginning.
async fn folded(executor: &CommandExecutor, key: &str) -> Ledger {
    let events = executor
        .journal()
        .read_stream(&ledger(key), 0, 2_000)
        .await
        .unwrap();
    let events: Vec<LedgerEvent> = events.iter().map(|event| decode(event).unwrap()).collect();
    Ledger::fold(&events)
}

#[tokio::test]
async fn a_committed_command_answers_with_the_stream_as_it_then_is() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    let opened = executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .await
        .unwrap();
    assert_eq!(
        (opened.committed.version, opened.committed.replayed),
        (1, false)
    );
    let added = executor
        .execute::<Ledger>(execution(&ledger("a"), 2), add(5))
        .await
        .unwrap();
    let closed = executor
        .execute::<Ledger>(execution(&ledger("a"), 3), close())
        .await
        .unwrap();
    assert_eq!(
        (added.loaded.state.sum, closed.loaded.state.closed_as),
        (5, Some(1))
    );
    assert_eq!(closed.committed.number.unwrap().sequence, 1);
    let cold = CommandExecutor::new(Arc::clone(executor.journal()));
    for reader in [&executor, &cold] {
        assert_eq!(
            reader.load::<Ledger>(&ledger("a")).await.unwrap(),
            Some(closed.loaded.clone())
        );
        let then = reader
            .load_at_version::<Ledger>(&ledger("a"), 2)
            .await
            .unwrap();
        assert_eq!(then, added.loaded);
    }
    assert_eq!(
        executor.load::<Ledger>(&ledger("nobody")).await.unwrap(),
        None
    );
    for version in [0, 4] {
        let missing = executor
            .load_at_version::<Ledger>(&ledger("a"), version)
            .await;
        assert!(matches!(missing, Err(LoadError::NoSuchVersion { .. })));
    }
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_though_the_stream_has_gone_on() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    let first = executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .await
        .unwrap();
    executor
        .execute::<Ledger>(execution(&ledger("a"), 2), close())
        .await
        .unwrap();
    let cold = CommandExecutor::new(Arc::clone(executor.journal()));
    for retrying in [&executor, &cold] {
        // To the same stream, where it would be refused; to a fresh one, as a repeated creation goes.
        for key in ["a", "b"] {
            let retry = retrying
                .execute::<Ledger>(execution(&ledger(key), 1), open("A"))
                .await;
            let Executed { loaded, committed } = retry.unwrap();
            assert_eq!((loaded, committed.replayed), (first.loaded.clone(), true));
            assert_eq!(committed.stream, ledger("a"));
        }
        let strict = execution(&ledger("a"), 1).with_expected_version(ExpectedVersion::exactly(77));
        assert!(
            retrying
                .execute::<Ledger>(strict, open("A"))
                .await
                .unwrap()
                .committed
                .replayed
        );
        let mut other = execution(&ledger("a"), 1);
        other.command.fingerprint = [2; 32];
        let reused = retrying.execute::<Ledger>(other, open("A")).await;
        assert!(matches!(reused, Err(ExecuteError::CommandReused)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_parallel_identical_commands_give_fifty_identical_answers() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .await
        .unwrap();
    let commands = (0..50).map(|_| executor.execute::<Ledger>(execution(&ledger("a"), 2), close()));
    let answers: Vec<_> = join_all(commands)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        answers
            .iter()
            .filter(|answer| !answer.committed.replayed)
            .count(),
        1
    );
    assert!(
        answers
            .iter()
            .all(|answer| answer.loaded == answers[0].loaded)
    );
    assert_eq!(executor.journal().head().await.unwrap().position, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_commands_on_one_stream_are_decided_again_and_all_commit() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .await
        .unwrap();
    let commands =
        (0..5).map(|n| executor.execute::<Ledger>(execution(&ledger("a"), n + 10), add(1)));
    for answer in join_all(commands).await {
        answer.unwrap();
    }
    assert_eq!(folded(&executor, "a").await.sum, 5);
}

#[tokio::test]
async fn a_refusal_is_made_on_the_present_state_and_never_on_a_remembered_one() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    let other = CommandExecutor::new(Arc::clone(executor.journal()));
    let missing = executor
        .execute::<Ledger>(execution(&ledger("a"), 1), add(1))
        .await;
    assert!(matches!(
        missing,
        Err(ExecuteError::Refused(LedgerRefusal::Missing))
    ));
    executor
        .execute::<Ledger>(execution(&ledger("a"), 2), open("A"))
        .await
        .unwrap();
    other
        .execute::<Ledger>(execution(&ledger("a"), 3), close())
        .await
        .unwrap();
    let closed = executor
        .execute::<Ledger>(execution(&ledger("a"), 4), add(1))
        .await;
    assert!(matches!(
        closed,
        Err(ExecuteError::Refused(LedgerRefusal::Closed))
    ));
    assert_eq!(
        executor
            .journal()
            .receipt_of(execution(&ledger("a"), 4).command.id)
            .await,
        Ok(None)
    );
    let taken = executor
        .execute::<Ledger>(execution(&ledger("b"), 5), open("A"))
        .await;
    assert!(matches!(taken, Err(ExecuteError::ClaimTaken { key }) if key.value == "A"));
}

#[tokio::test]
async fn a_stream_that_was_taken_for_new_is_read_when_it_is_not() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    let new = |number| execution(&ledger("a"), number).of_a_new_stream();
    let opened = executor.execute::<Ledger>(new(1), open("A")).await.unwrap();
    assert_eq!(opened.loaded.version, 1);
    let cold = CommandExecutor::new(Arc::clone(executor.journal()));
    let again = cold.execute::<Ledger>(new(2), open("A")).await;
    assert!(matches!(
        again,
        Err(ExecuteError::Refused(LedgerRefusal::AlreadyOpen))
    ));
    let cold = CommandExecutor::new(Arc::clone(executor.journal()));
    assert_eq!(
        cold.execute::<Ledger>(new(3), add(1))
            .await
            .unwrap()
            .loaded
            .version,
        2
    );
}

#[tokio::test]
async fn a_command_that_changes_nothing_is_answered_and_remembered() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .await
        .unwrap();
    let first = executor
        .execute::<Ledger>(execution(&ledger("a"), 2), add(0))
        .await
        .unwrap();
    assert_eq!((first.loaded.version, first.committed.version), (1, 1));
    executor
        .execute::<Ledger>(execution(&ledger("a"), 3), add(4))
        .await
        .unwrap();
    let again = executor
        .execute::<Ledger>(execution(&ledger("a"), 2), add(0))
        .await
        .unwrap();
    assert_eq!(
        (again.loaded, again.committed.replayed),
        (first.loaded, true)
    );
}

#[tokio::test]
async fn what_a_decision_stands_on_is_read_again_for_each_try() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    executor
        .execute::<Ledger>(execution(&ledger("fact"), 1), open("F"))
        .await
        .unwrap();
    executor
        .execute::<Ledger>(execution(&ledger("a"), 2), open("A"))
        .await
        .unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let (reader, counted) = (executor.clone(), Arc::clone(&tries));
    let answer = executor.execute_with::<Ledger, LedgerRefusal, _, _>(
        execution(&ledger("a"), 3),
        move |_| {
            let (reader, tried) = (reader.clone(), counted.fetch_add(1, Ordering::Relaxed));
            async move {
                let fact = reader
                    .load::<Ledger>(&ledger("fact"))
                    .await
                    .unwrap()
                    .unwrap();
                if tried == 0 {
                    // Somebody is faster between the reading and the commit.
                    let faster = execution(&ledger("fact"), 4);
                    reader.execute::<Ledger>(faster, add(7)).await.unwrap();
                }
                Ok(Prepared::new(add(fact.state.sum)).with_guard(ledger("fact"), fact.version))
            }
        },
    );
    assert_eq!(answer.await.unwrap().loaded.state.sum, 7);
    assert_eq!(tries.load(Ordering::Relaxed), 2);
    let never = Prepared::<Ledger>::new(add(1)).with_guard(ledger("fact"), 1);
    let conflict = executor
        .execute_prepared(execution(&ledger("a"), 5), never)
        .await;
    assert!(matches!(conflict, Err(ExecuteError::Conflict)));
}

#[tokio::test]
async fn who_loses_every_round_is_told_so() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .await
        .unwrap();
    let (rival, count) = (executor.clone(), Arc::new(AtomicU64::new(0)));
    let counted = Arc::clone(&count);
    let answer = executor.execute_with::<Ledger, LedgerRefusal, _, _>(
        execution(&ledger("a"), 2),
        move |_| {
            let (rival, round) = (rival.clone(), counted.fetch_add(1, Ordering::Relaxed));
            async move {
                let faster = execution(&ledger("a"), 100 + u128::from(round));
                rival.execute::<Ledger>(faster, add(1)).await.unwrap();
                Ok(Prepared::new(add(1)))
            }
        },
    );
    assert!(matches!(answer.await, Err(ExecuteError::Conflict)));
    assert_eq!(
        usize::try_from(count.load(Ordering::Relaxed)).unwrap(),
        CONFLICT_ATTEMPTS_MAX
    );
}

#[tokio::test]
async fn a_client_that_hangs_up_changes_nothing() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    let mut head = executor.journal().subscribe();
    let answer = executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .now_or_never();
    assert!(answer.is_none());
    head.wait_for(|position| *position == 1).await.unwrap();
    let retry = executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .await
        .unwrap();
    assert_eq!((retry.loaded.version, retry.committed.replayed), (1, true));
}

#[tokio::test]
async fn a_snapshot_of_another_fold_is_ignored_and_one_of_ours_is_used() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    let journal = executor.journal();
    let opened = executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .await
        .unwrap();
    let mut loaded = (*opened.loaded).clone();
    loaded.state.sum = 1_000;
    let snapshot = |state_hash: &str, state_json: String| Snapshot {
        version: 1,
        state_hash: state_hash.to_owned(),
        state_json,
    };
    let state_json = serde_json::to_string(&loaded).unwrap();
    let cases = [
        (snapshot("another fold", state_json.clone()), 0),
        (snapshot(STATE_HASH, "not JSON".to_owned()), 0),
        (snapshot("another fold", state_json.clone()), 0),
        (snapshot(STATE_HASH, state_json), 1_000),
    ];
    for (snapshot, sum) in cases {
        journal.save_snapshot(&ledger("a"), snapshot).await.unwrap();
        let cold = CommandExecutor::new(Arc::clone(journal));
        assert_eq!(
            cold.load::<Ledger>(&ledger("a"))
                .await
                .unwrap()
                .unwrap()
                .state
                .sum,
            sum
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_stream_gets_a_snapshot_without_being_asked() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .await
        .unwrap();
    for n in 0..u128::from(SNAPSHOT_EVERY_EVENTS) {
        executor
            .execute::<Ledger>(execution(&ledger("a"), n + 10), add(1))
            .await
            .unwrap();
    }
    let saved = async {
        loop {
            if let Some(snapshot) = executor.journal().snapshot(&ledger("a")).await.unwrap() {
                return snapshot;
            }
            tokio::task::yield_now().await;
        }
    };
    let within = std::time::Duration::from_secs(60);
    let snapshot = tokio::time::timeout(within, saved).await.unwrap();
    assert_eq!(
        (snapshot.version, snapshot.state_hash.as_str()),
        (SNAPSHOT_EVERY_EVENTS, STATE_HASH)
    );
    let cold = CommandExecutor::new(Arc::clone(executor.journal()));
    let loaded = cold.load::<Ledger>(&ledger("a")).await.unwrap().unwrap();
    assert_eq!(loaded.state, folded(&executor, "a").await);
    assert_eq!(loaded.version, SNAPSHOT_EVERY_EVENTS + 1);
}

/// Whatever was snapshot, remembered or read: the state is the fold of all events.
#[test]
fn snapshot_and_tail_give_the_fold_of_all() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let amounts = proptest::collection::vec(-5_i64..5, 0..40);
    let config = ProptestConfig {
        cases: 16,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(amounts in amounts, snapshot_every in 1_u64..6)| {
        runtime.block_on(async {
            let subject = SqliteSubject::new();
            let executor = executor(&subject).await;
            executor.execute::<Ledger>(execution(&ledger("a"), 1), open("A")).await.unwrap();
            for (n, amount) in (10_u128..).zip(amounts) {
                let command = execution(&ledger("a"), n);
                let loaded = executor.execute::<Ledger>(command, add(amount)).await.unwrap().loaded;
                if loaded.version % snapshot_every == 0 {
                    let state_json = serde_json::to_string(&loaded).unwrap();
                    let state_hash = STATE_HASH.to_owned();
                    let snapshot = Snapshot { version: loaded.version, state_hash, state_json };
                    executor.journal().save_snapshot(&ledger("a"), snapshot).await.unwrap();
                }
            }
            let cold = CommandExecutor::new(Arc::clone(executor.journal()));
            let loaded = cold.load::<Ledger>(&ledger("a")).await.unwrap().unwrap();
            assert_eq!(loaded.state, folded(&executor, "a").await);
            assert_eq!(executor.load::<Ledger>(&ledger("a")).await.unwrap(), Some(loaded));
        });
    });
}
