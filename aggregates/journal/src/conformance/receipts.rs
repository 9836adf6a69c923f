//! Laws of receipts: one command, one effect, one answer.

use futures::future::join_all;

use super::Subject;
use super::fixture::{AppendExt, ambient, append, assert_whole, command, day, stream};
use crate::port::{AppendError, Committed};

/// The same command fifty times at once.
pub async fn fifty_parallel_identical_commands_commit_once_with_one_outcome(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    let request = append(&stream("a"), 0, 1, 1).numbered("INV", "2026", day(1));
    let answers = join_all((0..50).map(|_| journal.append(request.clone()))).await;
    let answers: Vec<Committed> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    for answer in &answers {
        assert_eq!(
            *answer,
            Committed {
                replayed: answer.replayed,
                ..answers[0].clone()
            }
        );
    }
    assert_whole(journal.as_ref(), 1).await;
}

/// The fingerprint tells: hot, in the same batch, and after a restart.
pub async fn a_command_id_with_another_body_is_refused(subject: &dyn Subject) {
    let mut journal = subject.open(ambient()).await;
    let mut other = append(&stream("b"), 0, 1, 1);
    other.command.fingerprint = [9; 32];
    let (first, second) = tokio::join!(
        journal.append(append(&stream("a"), 0, 1, 1)),
        journal.append(other.clone()),
    );
    assert!(first.is_ok());
    assert_eq!(second, Err(AppendError::CommandReused));
    for _ in 0..2 {
        assert_eq!(
            journal.append(other.clone()).await,
            Err(AppendError::CommandReused)
        );
        assert_eq!(
            journal.receipt(other.command).await,
            Err(AppendError::CommandReused)
        );
        let receipt = journal.receipt_of(other.command.id).await.unwrap().unwrap();
        assert_eq!((receipt.stream, receipt.replayed), (stream("a"), true));
        subject.close_all().await;
        journal = subject.open(ambient()).await;
    }
    assert_whole(journal.as_ref(), 1).await;
}

/// A retry that nothing in memory knows: on the version of then, of now, and of never.
pub async fn a_retry_gets_the_first_outcome_for_ever(subject: &dyn Subject) {
    let mut journal = subject.open(ambient()).await;
    assert_eq!(journal.receipt(command(1)).await, Ok(None));
    let request = append(&stream("a"), 0, 1, 1)
        .taking("x")
        .numbered("INV", "2026", day(9));
    let first = journal.append(request.clone()).await.unwrap();
    journal
        .append(append(&stream("a"), 1, 2, 1).releasing("x"))
        .await
        .unwrap();
    journal
        .append(append(&stream("b"), 0, 3, 1).taking("x"))
        .await
        .unwrap();
    for expected_version in [0, 2, 77] {
        subject.close_all().await;
        journal = subject.open(ambient()).await;
        let retry = crate::port::Append {
            expected_version,
            ..request.clone()
        };
        let (again, neighbour) = tokio::join!(
            journal.append(retry),
            journal.append(append(
                &stream(expected_version),
                0,
                u128::from(expected_version) + 100,
                1
            )),
        );
        assert_eq!(
            again,
            Ok(Committed {
                replayed: true,
                ..first.clone()
            })
        );
        assert!(!neighbour.unwrap().replayed);
        assert_eq!(journal.receipt(request.command).await.unwrap(), again.ok());
    }
    assert_whole(journal.as_ref(), 6).await;
}
