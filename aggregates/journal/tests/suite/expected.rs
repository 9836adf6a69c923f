//! The executor under `If-Match`: what a command may insist on about the version of its stream.

use std::sync::Arc;

use invoiceapp_journal::conformance::Subject;
use invoiceapp_journal::execute::{CommandExecutor, ExecuteError, ExpectedVersion};

use crate::ledger::{Ledger, LedgerCommand, add, ambient, execution, ledger, open};
use crate::subject::SqliteSubject;

async fn executor(subject: &SqliteSubject) -> CommandExecutor {
    CommandExecutor::new(subject.open(ambient()).await)
}

/// The version that a conditional command comes to, or else the one that was not expected.
async fn tried(
    executor: &CommandExecutor,
    (key, number): (&str, u128),
    expected: ExpectedVersion,
    command: LedgerCommand,
) -> Result<u64, Option<u64>> {
    let conditional = execution(&ledger(key), number).with_expected_version(expected);
    match executor.execute::<Ledger>(conditional, command).await {
        Ok(executed) => Ok(executed.loaded.version),
        Err(ExecuteError::VersionMismatch { actual }) => Err(Some(actual)),
        Err(_) => Err(None),
    }
}

#[tokio::test]
async fn if_match_is_tried_once_and_answers_the_present_version() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    let other = CommandExecutor::new(Arc::clone(executor.journal()));
    executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .await
        .unwrap();
    other
        .execute::<Ledger>(execution(&ledger("a"), 2), add(1))
        .await
        .unwrap();
    // The first executor remembers version 1: neither it nor the memory of it may mislead.
    let exactly = ExpectedVersion::exactly;
    assert_eq!(
        tried(&executor, ("a", 3), exactly(1), add(1)).await,
        Err(Some(2))
    );
    assert_eq!(tried(&executor, ("a", 4), exactly(2), add(1)).await, Ok(3));
}

#[tokio::test]
async fn if_match_may_name_several_versions_or_any() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    executor
        .execute::<Ledger>(execution(&ledger("a"), 1), open("A"))
        .await
        .unwrap();
    for (number, expected, outcome) in [
        (2, ExpectedVersion::OneOf(vec![7, 1]), Ok(2)),
        (3, ExpectedVersion::Existing, Ok(3)),
        (4, ExpectedVersion::OneOf(vec![7, 1]), Err(Some(3))),
        (5, ExpectedVersion::OneOf(Vec::new()), Err(Some(3))),
    ] {
        let found = tried(&executor, ("a", number), expected, add(1)).await;
        assert_eq!(found, outcome, "command {number}");
    }
}

#[tokio::test]
async fn a_stream_that_is_absent_is_none_that_can_be_expected() {
    let subject = SqliteSubject::new();
    let executor = executor(&subject).await;
    for (number, expected) in [
        (1, ExpectedVersion::exactly(1)),
        (2, ExpectedVersion::exactly(0)),
        (3, ExpectedVersion::Existing),
        (4, ExpectedVersion::OneOf(Vec::new())),
    ] {
        let begun = tried(&executor, ("b", number), expected.clone(), open("B")).await;
        assert_eq!(begun, Err(Some(0)), "{expected:?}");
        // What is refused in any case is refused for what it is.
        let strict = execution(&ledger("b"), number + 10).with_expected_version(expected);
        let refused = executor.execute::<Ledger>(strict, add(1)).await;
        assert!(matches!(refused, Err(ExecuteError::Refused(_))));
    }
    assert_eq!(executor.journal().head().await.unwrap().position, 0);
}
