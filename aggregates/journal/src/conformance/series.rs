//! Laws of number series: 1..n in commit order, no gap, no duplicate, no date before the last.

use std::collections::HashMap;

use futures::future::join_all;

use super::Subject;
use super::fixture::{AppendExt, ambient, append, assert_whole, day, everything, stream};
use crate::port::AppendError;

/// Four series, a tenth of the issues stands on a version that is gone, and each number is there
/// once, in the order of positions.
pub async fn a_thousand_parallel_issues_with_a_tenth_refused_are_numbered_without_gap(
    subject: &dyn Subject,
) {
    let journal = subject.open(ambient()).await;
    let requests = (0..1_000_u128).map(|n| {
        let expected_version = if n % 10 == 7 { 1 } else { 0 };
        let series = format!("S{}", n % 4);
        append(&stream(n), expected_version, n, 1).numbered(&series, "2026", day(1))
    });
    let answers = join_all(requests.map(|request| journal.append(request))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 900);
    let mut last: HashMap<String, u64> = HashMap::new();
    for event in everything(journal.as_ref()).await {
        let number = event.metadata().unwrap().number.unwrap();
        let last = last.entry(number.series).or_default();
        assert_eq!(number.sequence, *last + 1, "in commit order, without a gap");
        *last = number.sequence;
        assert!(
            event
                .payload_json
                .contains(&format!("number {}", number.sequence))
        );
    }
    assert_eq!(last.values().sum::<u64>(), 900);
    assert_whole(journal.as_ref(), 900).await;
}

/// A period starts at the first number whenever it is new, and goes on where it was; the dates go
/// through all periods of a series.
pub async fn each_period_counts_by_itself_and_dates_never_go_back(subject: &dyn Subject) {
    let mut journal = subject.open(ambient()).await;
    let script = [
        ("2025", 3, Ok(1)),
        ("2025", 3, Ok(2)),
        ("2026", 4, Ok(1)),
        ("2026", 3, Err(4)),
        ("2025", 3, Err(4)),
        ("2025", 5, Ok(3)),
        ("2026", 4, Err(5)),
        ("2026", 5, Ok(2)),
    ];
    for (n, (period, on, outcome)) in script.into_iter().enumerate() {
        let number = u128::try_from(n).unwrap();
        let request = append(&stream(n), 0, number, 1).numbered("INV", period, day(on));
        let answer = journal.append(request).await;
        match outcome {
            Ok(sequence) => assert_eq!(answer.unwrap().number.unwrap().sequence, sequence),
            Err(last) => {
                let (series, last) = ("INV".to_owned(), day(last));
                assert_eq!(
                    answer,
                    Err(AppendError::SeriesDateBeforeLast { series, last })
                );
            }
        }
        if n % 3 == 2 {
            subject.close_all().await;
            journal = subject.open(ambient()).await;
        }
    }
    let other = append(&stream("other"), 0, 100, 1).numbered("OTHER", "2025", day(1));
    assert_eq!(
        journal
            .append(other)
            .await
            .unwrap()
            .number
            .unwrap()
            .sequence,
        1
    );
    assert_whole(journal.as_ref(), 6).await;
}

/// What was given out is not given out again.
pub async fn numbers_continue_after_a_restart(subject: &dyn Subject) {
    for round in 0..4_u64 {
        let journal = subject.open(ambient()).await;
        let requests = (0..5).map(|n| {
            let number = u128::from(round * 5 + n);
            journal.append(append(&stream(number), 0, number, 1).numbered("INV", "", day(1)))
        });
        let answers = join_all(requests).await;
        let numbers = answers
            .into_iter()
            .map(|answer| answer.unwrap().number.unwrap().sequence);
        assert!(numbers.eq(round * 5 + 1..=round * 5 + 5));
        subject.close_all().await;
    }
}
