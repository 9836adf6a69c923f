//! Laws of reading, and of the snapshots that ride along.

use super::Subject;
use super::fixture::{ambient, append, event, stream};
use crate::port::{AppendEvents, READ_BYTES_MAX, READ_EVENTS_MAX, Snapshot, Tail, is_last_page};

/// Pages by count and by bytes, from anywhere, and nothing behind the end.
pub async fn reads_keep_their_limits_and_their_order(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    for n in 0..3 {
        journal
            .append(append(&stream("a"), n * 900, n.into(), 900))
            .await
            .unwrap();
        journal
            .append(append(&stream(n), 0, u128::from(n) + 10, 1))
            .await
            .unwrap();
    }
    let page = journal.read_all(5, 3).await.unwrap();
    assert!(page.iter().map(|event| event.position).eq(6..=8));
    let page = journal.read_all(0, usize::MAX).await.unwrap();
    assert_eq!(page.len(), READ_EVENTS_MAX);
    assert!(!is_last_page(&page, usize::MAX));
    let page = journal
        .read_stream(&stream("a"), 1_000, READ_EVENTS_MAX)
        .await
        .unwrap();
    assert!(page.iter().map(|event| event.version).eq(1_001..=2_700));
    assert!(is_last_page(&page, READ_EVENTS_MAX));
    assert_eq!(journal.read_all(2_703, 10).await, Ok(Vec::new()));
    assert_eq!(journal.read_all(u64::MAX, 10).await, Ok(Vec::new()));
    assert_eq!(journal.read_all(0, 0).await, Ok(Vec::new()));
    assert_eq!(
        journal.read_stream(&stream("a"), 2_700, 10).await,
        Ok(Vec::new())
    );
    assert_eq!(
        journal.read_stream(&stream("nobody"), 0, 10).await,
        Ok(Vec::new())
    );

    let mut large = append(&stream("large"), 0, 100, 0);
    large.events = AppendEvents::Ready(vec![event("x".repeat(READ_BYTES_MAX / 8)); 1]);
    for n in 0..12 {
        large.expected_version = n;
        large.command.id.0 = uuid::Uuid::from_u128(200 + u128::from(n));
        journal.append(large.clone()).await.unwrap();
    }
    let page = journal.read_stream(&stream("large"), 0, 100).await.unwrap();
    assert_eq!(page.len(), 8, "the bytes end it");
    assert!(!is_last_page(&page, 100));
    let rest = journal.read_stream(&stream("large"), 8, 100).await.unwrap();
    assert_eq!(rest.len(), 4);
}

/// The snapshot of the fold that is asked for and what is behind it; without one all from the
/// beginning, as far as a page goes.
pub async fn a_tail_begins_behind_the_snapshot_of_its_fold(subject: &dyn Subject) {
    let journal = subject.open(ambient()).await;
    assert_eq!(
        journal.read_tail(&stream("a"), "one").await,
        Ok(Tail::default())
    );
    for n in 0..3 {
        let append = append(&stream("a"), n * 900, n.into(), 900);
        journal.append(append).await.unwrap();
    }
    let tail = journal.read_tail(&stream("a"), "one").await.unwrap();
    assert_eq!(tail.snapshot, None);
    assert_eq!(
        tail.events,
        journal
            .read_stream(&stream("a"), 0, READ_EVENTS_MAX)
            .await
            .unwrap()
    );
    for version in [2_600, 2_700] {
        let snapshot = Snapshot {
            version,
            state_hash: "one".to_owned(),
            state_json: r#"{"buyer":"Grüße"}"#.to_owned(),
        };
        let saved = journal.save_snapshot(&stream("a"), snapshot.clone()).await;
        assert_eq!(saved, Ok(()));
        let tail = journal.read_tail(&stream("a"), "one").await.unwrap();
        assert_eq!(tail.snapshot, Some(snapshot));
        assert!(
            tail.events
                .iter()
                .map(|event| event.version)
                .eq(version + 1..=2_700)
        );
    }
    let tail = journal.read_tail(&stream("a"), "two").await.unwrap();
    assert_eq!((tail.snapshot, tail.events.len()), (None, READ_EVENTS_MAX));
    assert_eq!(
        journal.read_tail(&stream("b"), "one").await,
        Ok(Tail::default())
    );
}

/// Versions only rise within a fold; a snapshot is alone if nothing else is to be committed.
pub async fn a_newer_snapshot_replaces_an_older_and_another_fold_replaces_any(
    subject: &dyn Subject,
) {
    let journal = subject.open(ambient()).await;
    let snapshot = |version, fold: &str| Snapshot {
        version,
        state_hash: fold.to_owned(),
        state_json: format!(r#"{{"version":{version}}}"#),
    };
    assert_eq!(journal.snapshot(&stream("a")).await, Ok(None));
    let script = [
        (snapshot(5, "one"), 5),
        (snapshot(4, "one"), 5),
        (snapshot(9, "one"), 9),
        (snapshot(3, "two"), 3),
    ];
    for (offered, kept) in script {
        journal
            .save_snapshot(&stream("a"), offered.clone())
            .await
            .unwrap();
        let found = journal.snapshot(&stream("a")).await.unwrap().unwrap();
        assert_eq!(found, snapshot(kept, &offered.state_hash));
    }
    assert_eq!(journal.head().await.unwrap().position, 0);
    let other = stream("b");
    let (committed, saved) = tokio::join!(
        journal.append(append(&stream("a"), 0, 1, 1)),
        journal.save_snapshot(&other, snapshot(1, "one")),
    );
    assert!(committed.is_ok() && saved.is_ok());
}
