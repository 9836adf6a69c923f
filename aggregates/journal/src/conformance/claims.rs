//! Laws of claims: a key has at most one holder.

use futures::future::join_all;
use invoiceapp_domain::{StreamId, StreamKind};

use super::Subject;
use super::fixture::{AppendExt, ambient, append, assert_whole, key, stream, tenant};
use crate::port::AppendError;

fn taken(value: &str) -> AppendError {
    AppendError::ClaimTaken { key: key(value) }
}

/// Twenty at once, then again, then after a restart; another tenant has keys of its own.
pub async fn a_claim_is_held_by_one_stream_of_a_tenant(subject: &dyn Subject) {
    let mut journal = subject.open(ambient()).await;
    let requests = (0..20).map(|n| journal.append(append(&stream(n), 0, n, 1).taking("x")));
    let answers = join_all(requests).await;
    assert!(answers[0].is_ok());
    assert!(answers[1..].iter().all(|answer| *answer == Err(taken("x"))));
    for round in [100, 200] {
        let late = append(&stream(round), 0, round, 1).taking("x");
        assert_eq!(journal.append(late).await, Err(taken("x")));
        subject.close_all().await;
        journal = subject.open(ambient()).await;
    }
    let own = append(&stream(0), 1, 300, 1).taking("x");
    assert!(
        journal.append(own).await.is_ok(),
        "its own claim may be taken again"
    );
    let foreign = StreamId::new(tenant("other"), StreamKind::Product, 1);
    assert!(
        journal
            .append(append(&foreign, 0, 301, 1).taking("x"))
            .await
            .is_ok()
    );
    assert_whole(journal.as_ref(), 3).await;
}

/// Released and taken: in one batch, in one command, and by another after a restart.
pub async fn a_released_claim_can_be_taken_again(subject: &dyn Subject) {
    let mut journal = subject.open(ambient()).await;
    let (first, second, third) = tokio::join!(
        journal.append(append(&stream("a"), 0, 1, 1).taking("x")),
        journal.append(append(&stream("a"), 1, 2, 1).releasing("x").taking("y")),
        journal.append(append(&stream("b"), 0, 3, 1).taking("x")),
    );
    assert!(first.is_ok() && second.is_ok() && third.is_ok());
    subject.close_all().await;
    journal = subject.open(ambient()).await;
    let swap = append(&stream("b"), 1, 4, 1)
        .releasing("x")
        .taking("x")
        .releasing("x")
        .taking("z");
    journal.append(swap).await.unwrap();
    journal
        .append(append(&stream("c"), 0, 5, 1).taking("x"))
        .await
        .unwrap();
    let refused = journal
        .append(append(&stream("d"), 0, 6, 1).taking("z"))
        .await;
    assert_eq!(refused, Err(taken("z")));
    let refused = journal
        .append(append(&stream("d"), 0, 7, 1).taking("y"))
        .await;
    assert_eq!(refused, Err(taken("y")));
    assert_whole(journal.as_ref(), 5).await;
}

/// A release is the holder's to make, whether the writer remembers the holder or not.
pub async fn releasing_what_another_stream_holds_changes_nothing(subject: &dyn Subject) {
    let mut journal = subject.open(ambient()).await;
    journal
        .append(append(&stream("a"), 0, 1, 1).taking("x"))
        .await
        .unwrap();
    for round in [10, 20] {
        let foreign = append(&stream(round), 0, round, 1)
            .releasing("x")
            .releasing("nobody's");
        journal.append(foreign).await.unwrap();
        let late = append(&stream("late"), 0, round + 1, 1).taking("x");
        assert_eq!(journal.append(late).await, Err(taken("x")));
        subject.close_all().await;
        journal = subject.open(ambient()).await;
    }
    assert_whole(journal.as_ref(), 3).await;
}
