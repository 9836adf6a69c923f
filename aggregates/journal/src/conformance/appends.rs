//! Laws of appending: density, order, batches, callers.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::join_all;

use super::Subject;
use super::fixture::{
    AppendExt, SteppingAmbient, ambient, append, assert_whole, command, day, event, everything,
    key, stream,
};
use crate::port::{APPEND_BYTES_MAX, APPEND_EVENTS_MAX, AppendError, AppendEvents, JournalError};
use invoiceapp_domain::{ClaimChange, NumberRequest};

/// The journal is 1..N, each stream 1..n, and each answer names its place in both.
pub async fn positions_and_versions_are_dense_and_the_chain_holds(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    let requests = (0..300_u128).map(|n| append(&stream(n % 60), 0, n, 2));
    let answers = join_all(requests.map(|request| journal.append(request))).await;
    let committed: Vec<_> = answers.into_iter().flatten().collect();
    assert_eq!(
        committed.len(),
        60,
        "the others are on a version that is gone"
    );
    let events = everything(journal.as_ref()).await;
    assert_eq!(events.len(), 120);
    for answer in committed {
        let own = events.iter().filter(|event| event.stream == answer.stream);
        let own: Vec<_> = own.map(|event| (event.version, event.position)).collect();
        assert_eq!(own, [(1, answer.position - 1), (2, answer.position)]);
    }
    assert_whole(journal.as_ref(), 120).await;
    let head = journal.head().await.unwrap();
    assert_eq!((head.position, head.hash), (120, events[119].hash));
}

/// One that is refused among many: the others commit, and of it there is nothing.
pub async fn a_refused_append_fails_no_neighbour_and_leaves_no_trace(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    let requests = (0..100_u128).map(|n| {
        let expected_version = if n % 10 == 3 { 5 } else { 0 };
        append(&stream(n), expected_version, n, 1)
    });
    let answers = join_all(requests.map(|request| journal.append(request))).await;
    for (n, answer) in answers.into_iter().enumerate() {
        if n % 10 == 3 {
            let conflict = AppendError::VersionConflict {
                stream: stream(n),
                expected: 5,
                actual: 0,
            };
            assert_eq!(answer, Err(conflict));
        } else {
            assert_eq!(answer.unwrap().version, 1);
        }
    }
    assert_whole(journal.as_ref(), 90).await;
    assert_eq!(journal.receipt(command(3)).await, Ok(None));
}

/// Fifty commands on one version: one wins, the others are told the version.
pub async fn of_many_appends_on_one_version_exactly_one_commits(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    journal
        .append(append(&stream("a"), 0, 1_000, 1))
        .await
        .unwrap();
    let requests = (0..50).map(|n| journal.append(append(&stream("a"), 1, n, 1)));
    let answers = join_all(requests).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let conflict = AppendError::VersionConflict {
        stream: stream("a"),
        expected: 1,
        actual: 2,
    };
    assert_eq!(
        answers
            .iter()
            .filter(|answer| **answer == Err(conflict.clone()))
            .count(),
        49
    );
    assert_whole(journal.as_ref(), 2).await;
}

/// Requests that stand on each other, sent without waiting.
pub async fn a_later_request_sees_the_earlier_ones_of_its_batch(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    let requests: Vec<_> = (0..100_u32)
        .flat_map(|n| {
            let (version, number) = (u64::from(n), u128::from(n));
            let claiming = append(&stream("b"), version, number + 1_000, 1).taking("x");
            let no_event = append(&stream("b"), version + 1, number + 2_000, 0);
            [append(&stream("a"), version, number, 1), claiming, no_event]
        })
        .collect();
    let answers = requests.into_iter().map(|request| journal.append(request));
    for answer in join_all(answers).await {
        answer.unwrap();
    }
    assert_whole(journal.as_ref(), 200).await;
}

/// The clock is set back; the journal's time is not, and has no more than microseconds.
pub async fn time_never_goes_back_along_the_journal(subject: &dyn Subject) {
    let clock = SteppingAmbient::new(0);
    let journal = subject.open(Arc::<SteppingAmbient>::clone(&clock)).await;
    for n in 0..6_u32 {
        clock.shift(if n % 2 == 0 {
            -3_600_000_000
        } else {
            60_000_000
        });
        let answer = journal
            .append(append(&stream(n), 0, n.into(), 1))
            .await
            .unwrap();
        let written = journal.read_all(answer.position - 1, 1).await.unwrap();
        assert_eq!(written[0].recorded_at, answer.recorded_at);
    }
    let times: Vec<_> = everything(journal.as_ref())
        .await
        .iter()
        .map(|e| e.recorded_at)
        .collect();
    assert!(times.is_sorted());
    assert!(times.iter().all(|time| time.as_nanosecond() % 1_000 == 0));
}

/// The texts are kept to the byte; claims and number stand on the first event of their command.
pub async fn metadata_carries_claims_and_number_on_the_first_event_only(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    let request = append(&stream("a"), 0, 1, 2)
        .taking("x")
        .numbered("INV", "2026", day(5));
    let answer = journal.append(request).await.unwrap();
    let events = journal.read_stream(&stream("a"), 0, 10).await.unwrap();
    let [first, second] = [events[0].metadata().unwrap(), events[1].metadata().unwrap()];
    assert_eq!(first.claims, [ClaimChange::Take(key("x"))]);
    assert_eq!(first.number, answer.number);
    assert_eq!(answer.number.unwrap().sequence, 1);
    assert_eq!((second.claims.len(), second.number), (0, None));
    assert_eq!(second.command_id, command(1).id);
    assert_eq!(events[1].payload_json, event("number 1").payload_json);
}

/// The caller goes away as soon as the command is on the queue.
pub async fn a_caller_who_hangs_up_changes_nothing(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    let mut head = journal.subscribe();
    for n in 0..20 {
        let answer = journal.append(append(&stream(n), 0, n, 1)).now_or_never();
        assert_eq!(answer, None);
    }
    head.wait_for(|position| *position == 20).await.unwrap();
    assert!(journal.receipt(command(19)).await.unwrap().is_some());
    assert_whole(journal.as_ref(), 20).await;
}

/// Too many events, too many bytes, texts that no engine can keep.
pub async fn an_append_beyond_a_limit_or_malformed_is_refused(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    let too_many = u64::try_from(APPEND_EVENTS_MAX).unwrap() + 1;
    let mut too_long = append(&stream("a"), 0, 2, 0);
    too_long.events = AppendEvents::Ready(vec![event("x".repeat(APPEND_BYTES_MAX))]);
    let mut numbered_too_many = append(&stream("a"), 0, 3, too_many);
    numbered_too_many = numbered_too_many.numbered("INV", "", day(1));
    for request in [
        append(&stream("a"), 0, 1, too_many),
        too_long,
        numbered_too_many,
    ] {
        let answer = journal.append(request).await;
        assert!(
            matches!(answer, Err(AppendError::TooLarge { .. })),
            "{answer:?}"
        );
    }
    let claim_without_event = append(&stream("a"), 0, 4, 0).taking("x");
    let no_key = append(&stream(""), 0, 5, 1);
    for request in [
        append(&stream("a\0b"), 0, 6, 1),
        claim_without_event,
        no_key,
    ] {
        let answer = journal.append(request).await;
        assert!(
            matches!(answer, Err(AppendError::Malformed { .. })),
            "{answer:?}"
        );
    }
    let largest = u64::try_from(APPEND_EVENTS_MAX).unwrap();
    journal
        .append(append(&stream("a"), 0, 7, largest))
        .await
        .unwrap();
    let answer = journal
        .append(append(&stream("b"), 0, 8, 1).numbered("INV", "", day(1)))
        .await;
    assert_eq!(
        answer.unwrap().number.unwrap().sequence,
        1,
        "a refusal burns no number"
    );
    assert_whole(journal.as_ref(), largest + 1).await;
}

/// A command that changes nothing is remembered as well.
pub async fn an_append_without_event_leaves_a_receipt(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    journal.append(append(&stream("a"), 0, 1, 3)).await.unwrap();
    let first = journal.append(append(&stream("a"), 3, 2, 0)).await.unwrap();
    assert_eq!(
        (first.version, first.position, first.replayed),
        (3, 3, false)
    );
    journal.append(append(&stream("a"), 3, 3, 1)).await.unwrap();
    let again = journal.append(append(&stream("a"), 4, 2, 0)).await.unwrap();
    assert_eq!(
        (again.version, again.position, again.replayed),
        (3, 3, true)
    );
    assert_whole(journal.as_ref(), 4).await;
}

/// The completion of a numbered append is the caller's code, and runs in the writer.
pub async fn a_panic_while_completing_fails_its_own_request_only(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    let numbered = |n| append(&stream(n), 0, n, 1).numbered("INV", "", day(1));
    let failing = |n, complete| {
        let (series, period) = ("INV".to_owned(), String::new());
        let request = NumberRequest {
            series,
            period,
            first: 1,
            date: day(1),
        };
        let mut append = append(&stream(n), 0, n, 1);
        append.events = AppendEvents::Numbered { request, complete };
        append
    };
    let unwilling = || JournalError::Unavailable {
        reason: "not today".to_owned(),
    };
    let requests = [
        numbered(1),
        failing(2, Arc::new(|_| panic!("a planted bug"))),
        failing(3, Arc::new(move |_| Err(unwilling()))),
        numbered(4),
    ];
    let answers = join_all(requests.map(|request| journal.append(request))).await;
    let sequence = |index: usize| {
        let answer = answers[index].clone().unwrap();
        answer.number.unwrap().sequence
    };
    assert_eq!([sequence(0), sequence(3)], [1, 2]);
    assert!(matches!(answers[1], Err(AppendError::Journal(_))));
    assert_eq!(answers[2], Err(AppendError::Journal(unwilling())));
    assert_whole(journal.as_ref(), 2).await;
}

/// Whoever waits for the head hears of each commit, and may read it at once.
pub async fn subscribers_are_woken(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    let mut head = journal.subscribe();
    assert_eq!(*head.borrow_and_update(), 0);
    for n in 1..=5_u32 {
        let answer = journal.append(append(&stream(n), 0, n.into(), 1));
        let (answer, woken) = tokio::join!(answer, head.changed());
        woken.unwrap();
        assert_eq!(*head.borrow_and_update(), answer.unwrap().position);
        assert_eq!(
            everything(journal.as_ref()).await.len(),
            usize::try_from(n).unwrap()
        );
    }
}
