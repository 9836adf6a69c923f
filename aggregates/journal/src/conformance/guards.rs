//! Laws of guards: what a decision stands on still holds when it commits.

use super::Subject;
use super::fixture::{AppendExt, ambient, append, assert_whole, stream};
use crate::port::AppendError;

/// A stream that was read, and one that was not there: remembered, and after a restart.
pub async fn a_guarded_stream_that_has_moved_refuses_the_append(subject: &dyn Subject) {
    let mut journal = subject.open(ambient()).await;
    journal
        .append(append(&stream("fact"), 0, 1, 2))
        .await
        .unwrap();
    for round in [10, 20] {
        let right = append(&stream(round), 0, round, 1);
        let right = right
            .guarding(&stream("fact"), 2)
            .guarding(&stream("absent"), 0);
        journal.append(right).await.unwrap();
        for (guarded, expected, actual) in [("fact", 1, 2), ("fact", 3, 2), ("absent", 1, 0)] {
            let moved =
                append(&stream(round), 1, round + 1, 1).guarding(&stream(guarded), expected);
            let stream = stream(guarded);
            let conflict = AppendError::VersionConflict {
                stream,
                expected,
                actual,
            };
            assert_eq!(journal.append(moved).await, Err(conflict));
        }
        subject.close_all().await;
        journal = subject.open(ambient()).await;
    }
    assert_whole(journal.as_ref(), 4).await;
}

/// Two streams that each stand on the other: only the first of them commits.
pub async fn a_guard_sees_what_its_own_batch_does(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    journal.append(append(&stream("a"), 0, 1, 1)).await.unwrap();
    journal.append(append(&stream("b"), 0, 2, 1)).await.unwrap();
    let (first, second) = tokio::join!(
        journal.append(append(&stream("a"), 1, 3, 1).guarding(&stream("b"), 1)),
        journal.append(append(&stream("b"), 1, 4, 1).guarding(&stream("a"), 1)),
    );
    assert!(first.is_ok());
    let conflict = AppendError::VersionConflict {
        stream: stream("a"),
        expected: 1,
        actual: 2,
    };
    assert_eq!(second, Err(conflict));
    assert_whole(journal.as_ref(), 3).await;
}
