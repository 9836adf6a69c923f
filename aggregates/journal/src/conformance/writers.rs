//! Laws of two writers on one database: slower, and just as right.

use std::sync::Arc;

use futures::future::{join_all, try_join_all};

use super::Subject;
use super::fixture::{
    AppendExt, SteppingAmbient, append, assert_whole, day, everything, key, stream,
};
use crate::port::{AppendError, Journal};

async fn two(subject: &dyn Subject) -> [Arc<dyn Journal>; 2] {
    let first = subject.open(SteppingAmbient::new(1)).await;
    [first, subject.open(SteppingAmbient::new(2)).await]
}

/// Both write at once, to streams of their own and to one that both want: all is dense, nobody
/// starves, and of two that stand on one version one commits.
pub async fn two_writers_share_one_journal(subject: &dyn Subject) {
    let journals = two(subject).await;
    let work = journals
        .iter()
        .zip([0_u128, 1])
        .map(|(journal, writer)| async move {
            let mut won = 0_u64;
            for round in 0..25_u32 {
                let number = u128::from(round) * 100 + writer * 50;
                let own = (0..8).map(|n| append(&stream(number + n), 0, number + n, 1));
                try_join_all(own.map(|request| journal.append(request)))
                    .await
                    .unwrap();
                let contested = append(&stream("contested"), round.into(), number + 49, 1);
                match journal.append(contested).await {
                    Ok(_) => won += 1,
                    Err(AppendError::VersionConflict { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
                let decided = journal
                    .read_stream(&stream("contested"), round.into(), 1)
                    .await;
                assert_eq!(decided.unwrap().len(), 1, "one of the two has committed");
            }
            won
        });
    let won: u64 = join_all(work).await.into_iter().sum();
    assert_eq!(won, 25);
    assert_whole(journals[0].as_ref(), 2 * 25 * 8 + 25).await;
    assert_eq!(
        everything(journals[0].as_ref()).await,
        everything(journals[1].as_ref()).await
    );
}

/// Keys and numbers are one set, whoever gives them out.
pub async fn two_writers_share_claims_and_series(subject: &dyn Subject) {
    let journals = two(subject).await;
    let work = journals
        .iter()
        .zip([0_u128, 1])
        .map(|(journal, writer)| async move {
            let mut numbers = Vec::new();
            let mut claimed = 0;
            for round in 0..40_u128 {
                let number = round * 10 + writer * 5;
                let issue = append(&stream(number), 0, number, 1).numbered("INV", "2026", day(1));
                numbers.push(
                    journal
                        .append(issue)
                        .await
                        .unwrap()
                        .number
                        .unwrap()
                        .sequence,
                );
                let wanted = round.to_string();
                let claim = append(&stream(number), 1, number + 1, 1).taking(&wanted);
                match journal.append(claim).await {
                    Ok(_) => claimed += 1,
                    Err(error) => {
                        assert_eq!(error, AppendError::ClaimTaken { key: key(&wanted) });
                    }
                }
            }
            (numbers, claimed)
        });
    let outcomes = join_all(work).await;
    let mut numbers: Vec<u64> = outcomes
        .iter()
        .flat_map(|(numbers, _)| numbers.clone())
        .collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(1..=80));
    assert_eq!(outcomes.iter().map(|(_, claimed)| claimed).sum::<u32>(), 40);
    assert_whole(journals[0].as_ref(), 120).await;
}

/// One writer remembers what the other has changed since: it must not refuse by what it remembers.
pub async fn a_memory_that_others_made_old_refuses_nothing_wrongly(subject: &dyn Subject) {
    let [one, other] = two(subject).await;
    one.append(append(&stream("a"), 0, 1, 1).taking("x"))
        .await
        .unwrap();
    other
        .append(append(&stream("a"), 1, 2, 1).releasing("x"))
        .await
        .unwrap();
    one.append(append(&stream("a"), 2, 3, 1)).await.unwrap();
    other
        .append(append(&stream("a"), 3, 4, 1).taking("y"))
        .await
        .unwrap();
    one.append(append(&stream("b"), 0, 5, 1).taking("x"))
        .await
        .unwrap();
    other
        .append(append(&stream("a"), 4, 6, 1).releasing("y"))
        .await
        .unwrap();
    one.append(
        append(&stream("c"), 0, 7, 1)
            .taking("y")
            .guarding(&stream("a"), 5),
    )
    .await
    .unwrap();
    let issue = |n: u128, period, on| append(&stream(n), 0, n, 1).numbered("INV", period, day(on));
    one.append(issue(20, "2025", 5)).await.unwrap();
    other.append(issue(21, "2026", 9)).await.unwrap();
    let refused = one.append(issue(22, "2025", 7)).await;
    let (series, last) = ("INV".to_owned(), day(9));
    assert_eq!(
        refused,
        Err(AppendError::SeriesDateBeforeLast { series, last })
    );
    let replayed = other
        .append(append(&stream("b"), 0, 5, 1).taking("x"))
        .await
        .unwrap();
    assert!(replayed.replayed);
    assert_whole(one.as_ref(), 9).await;
}

/// One writer comes back when the other has written more than anybody catches up with: it knows
/// nothing any more, and decides as if it knew everything.
pub async fn a_memory_that_is_far_behind_decides_rightly(subject: &dyn Subject) {
    const MANY: u64 = 500;
    let [one, other] = two(subject).await;
    let first = append(&stream("a"), 0, 1, 1).taking("x");
    one.append(first.numbered("INV", "2026", day(1)))
        .await
        .unwrap();
    let much = append(&stream("a"), 1, 2, MANY).releasing("x").taking("y");
    other.append(much).await.unwrap();
    let issue = append(&stream("b"), 0, 3, 1).numbered("INV", "2026", day(2));
    other.append(issue).await.unwrap();

    let old = one.append(append(&stream("a"), 1, 4, 1)).await;
    let actual = 1 + MANY;
    assert!(
        matches!(old, Err(AppendError::VersionConflict { actual: it, .. }) if it == actual),
        "{old:?}"
    );
    let taken = one.append(append(&stream("c"), 0, 5, 1).taking("y")).await;
    assert_eq!(taken, Err(AppendError::ClaimTaken { key: key("y") }));
    let next = append(&stream("c"), 0, 6, 1).taking("x");
    let next = one.append(next.numbered("INV", "2026", day(2))).await;
    assert_eq!(next.unwrap().number.unwrap().sequence, 3);
    one.append(append(&stream("a"), actual, 7, 1))
        .await
        .unwrap();
    let replayed = one.append(append(&stream("a"), 0, 1, 1).taking("x").numbered(
        "INV",
        "2026",
        day(1),
    ));
    assert!(replayed.await.unwrap().replayed);
    assert_whole(one.as_ref(), MANY + 4).await;
}
