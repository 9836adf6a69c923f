//! What passes through SQLite as the rows of one statement, and comes back many events to a row.

use futures::future::join_all;
use invoiceapp_journal::port::{
    Append, AppendEvents, Committed, Journal, READ_BYTES_MAX, READ_EVENTS_MAX, is_last_page,
};
use invoiceapp_journal::sqlite::SqliteJournal;
use invoiceapp_journal::verify::verify;
use invoiceapp_schemas::NewEvent;

use crate::ledger::{ambient, ledger};
use crate::sqlite::append;
use crate::subject::SqliteSubject;

async fn open(subject: &SqliteSubject) -> SqliteJournal {
    SqliteJournal::open(subject.options(), ambient())
        .await
        .unwrap()
}

fn with_payloads(append: Append, payloads: impl IntoIterator<Item = String>) -> Append {
    let event = |payload_json| NewEvent {
        event_type: "Added".to_owned(),
        schema_version: 1,
        payload_json,
    };
    let events = payloads.into_iter().map(event).collect();
    Append {
        events: AppendEvents::Ready(events),
        ..append
    }
}

/// Forty commands at once, with as many events each as this says, behind one event each: their
/// receipts tell what they came to.
pub(crate) async fn receipts_tell_of_forty(journal: &dyn Journal, events_of: fn(u128) -> usize) {
    for key in 0..40 {
        journal.append(append(key, key, 10)).await.unwrap();
    }
    let request = |key: u128| {
        let payloads = (0..events_of(key)).map(|n| format!(r#"{{"Added":{n}}}"#));
        let append = with_payloads(append(key, 1_000 + key, 10), payloads);
        Append {
            expected_version: 1,
            ..append
        }
    };
    let answers = join_all((0..40).map(|key| journal.append(request(key)))).await;
    for (key, answer) in (0..40).zip(answers) {
        let committed = answer.unwrap();
        let version = 1 + u64::try_from(events_of(key)).unwrap();
        assert_eq!(committed.stream, ledger(key));
        assert_eq!(committed.version, version);
        let receipt = journal.receipt_of(request(key).command.id).await.unwrap();
        let replayed = Committed {
            replayed: true,
            ..committed
        };
        assert_eq!(receipt, Some(replayed));
    }
    let events: usize = (0..40).map(|key| 1 + events_of(key)).sum();
    let verification = verify(journal, |_, _| ()).await.unwrap();
    assert_eq!(verification.events, u64::try_from(events).unwrap());
    assert_eq!(verification.fault, None);
}

#[tokio::test]
async fn commands_with_no_one_or_many_events_get_their_receipts_from_one_batch() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await;
    receipts_tell_of_forty(&journal, |key| usize::try_from(key % 4).unwrap()).await;
}

#[tokio::test]
async fn the_largest_append_is_one_batch() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await;
    let payloads = (0..1_000).map(|n| format!(r#"{{"Added":{n}}}"#));
    let committed = journal
        .append(with_payloads(append(1, 1, 10), payloads))
        .await
        .unwrap();
    assert_eq!((committed.version, committed.position), (1_000, 1_000));
    let verification = verify(&journal, |_, _| ()).await.unwrap();
    assert_eq!((verification.events, verification.fault), (1_000, None));
}

/// Texts are the same after they went through the database, whichever way it hands them out.
#[tokio::test]
async fn every_text_is_read_as_it_was_written() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await;
    let payloads: Vec<String> = (0..300_usize)
        .map(|n| match n {
            // Too much for one row, so read one by one.
            140..150 => format!(r#"{{"Added":"{}"}}"#, "x".repeat(300_000)),
            _ => format!("{{\"Added\":\"\\\"{n}\\\" \\\\ \u{202e}é漢🧾\u{1f}\"}}\n"),
        })
        .collect();
    journal
        .append(with_payloads(append(1, 1, 10), payloads.clone()))
        .await
        .unwrap();
    let stream = journal.read_stream(&ledger(1), 0, READ_EVENTS_MAX).await;
    let stream = stream.unwrap();
    let read: Vec<&str> = stream.iter().map(|e| e.payload_json.as_str()).collect();
    assert_eq!(read, payloads);
    assert_eq!(journal.read_all(0, READ_EVENTS_MAX).await.unwrap(), stream);
    assert_eq!(
        journal.read_stream(&ledger(1), 100, 77).await.unwrap(),
        stream[100..177]
    );
}

#[tokio::test]
async fn a_page_ends_where_its_texts_are_too_long_and_the_next_one_goes_on() {
    let subject = SqliteSubject::new();
    let journal = open(&subject).await;
    let long = format!(r#"{{"Added":"{}"}}"#, "x".repeat(3_000_000));
    for key in 0..8 {
        let request = with_payloads(append(key, key, 10), [long.clone()]);
        journal.append(request).await.unwrap();
    }
    let page = journal.read_all(0, READ_EVENTS_MAX).await.unwrap();
    assert_eq!(page.len(), READ_BYTES_MAX / 3_000_000 + 1);
    assert!(!is_last_page(&page, READ_EVENTS_MAX));
    let rest = journal.read_all(6, READ_EVENTS_MAX).await.unwrap();
    assert_eq!(rest.len(), 2);
    assert!(is_last_page(&rest, READ_EVENTS_MAX));
}
