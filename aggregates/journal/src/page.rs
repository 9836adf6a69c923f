//! What a page of events has to be, whichever engine has read it: dense, so that an answer is never
//! silently short.

use invoiceapp_domain::StreamId;
use invoiceapp_schemas::RecordedEvent;

use crate::port::{JournalError, READ_EVENTS_MAX, Snapshot, Tail, is_last_page};

/// The page, if it holds the stream's versions behind `after_version` without a gap.
///
/// # Errors
/// [`JournalError::Damaged`] with the position of the event before which one is missing.
pub(crate) fn of_stream(
    events: Vec<RecordedEvent>,
    stream: &StreamId,
    after_version: u64,
) -> Result<Vec<RecordedEvent>, JournalError> {
    for (version, event) in (after_version.saturating_add(1)..).zip(&events) {
        if event.version != version {
            let reason = format!("{stream} has no version {version} before it");
            return Err(JournalError::Damaged {
                position: event.position,
                reason,
            });
        }
    }
    Ok(events)
}

/// A snapshot and the page behind it, if it holds the stream's versions from there on.
///
/// # Errors
/// As [`of_stream`].
pub(crate) fn of_tail(
    snapshot: Option<Snapshot>,
    events: Vec<RecordedEvent>,
    stream: &StreamId,
) -> Result<Tail, JournalError> {
    let version = snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
    let events = of_stream(events, stream, version)?;
    Ok(Tail { snapshot, events })
}

/// The page, if it holds the positions behind `after_position` without a gap, and does not end before
/// its limits and what is known to be there.
///
/// # Errors
/// [`JournalError::Damaged`] with the first position that is missing.
pub(crate) fn of_all(
    events: Vec<RecordedEvent>,
    after_position: u64,
    limit: usize,
    known_position: u64,
) -> Result<Vec<RecordedEvent>, JournalError> {
    let mut last = after_position;
    for event in &events {
        last = last.saturating_add(1);
        if event.position != last {
            return Err(missing(last));
        }
    }
    if is_last_page(&events, limit) && limit > 0 && last < known_position {
        return Err(missing(last.saturating_add(1)));
    }
    Ok(events)
}

/// The most rows of a page, as a parameter of LIMIT.
pub(crate) fn rows_max(limit: usize) -> i64 {
    i64::try_from(limit.min(READ_EVENTS_MAX)).unwrap_or(i64::MAX)
}

fn missing(position: u64) -> JournalError {
    JournalError::Damaged {
        position,
        reason: "it is missing".to_owned(),
    }
}
