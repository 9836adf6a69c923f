//! Turns a decided batch into the rows that are written: positions, versions, identities, time,
//! metadata and the hash chain.

use invoiceapp_domain::{Ambient, StreamId};
use invoiceapp_schemas::{Metadata, RecordedEvent, chain};
use jiff::Timestamp;

use super::decide::{Planned, Verdict};
use super::engine::{Batch, BatchEvent, HeadState, SeriesMove};
use super::view::Layer;
use crate::port::{Append, JournalError, Snapshot};

/// The time of a batch: microseconds, and never before the last event's.
pub(crate) fn recorded_at(ambient: &dyn Ambient, head: &HeadState) -> Timestamp {
    let micros = ambient.now().as_microsecond();
    Timestamp::from_microsecond(micros)
        .unwrap_or(head.recorded_at)
        .max(head.recorded_at)
}

/// Builds the batch of all verdicts that commit.
///
/// # Errors
/// When metadata cannot be written as JSON, which no metadata of ours can cause.
pub(crate) fn assemble(
    decided: &mut [(&Append, Verdict)],
    from: HeadState,
    recorded_at: Timestamp,
    changed: &Layer,
    ambient: &dyn Ambient,
    snapshots: &[(StreamId, Snapshot)],
) -> Result<Batch, JournalError> {
    let mut to = from;
    let mut events = Vec::new();
    let mut receipts = Vec::new();
    for (append, verdict) in decided {
        if let Verdict::Commit(planned) = verdict {
            let written = events_of(append, planned, recorded_at, &mut to, ambient)?;
            events.extend(written);
            if let Some(Some(receipt)) = changed.receipts.get(&append.command.id) {
                receipts.push((append.command.id, receipt.clone()));
            }
        }
    }
    let mut batch = Batch {
        from,
        to,
        events,
        receipts,
        released: Vec::new(),
        taken: Vec::new(),
        series: series_of(changed),
        snapshots: snapshots.to_vec(),
    };
    claims_of(changed, &mut batch);
    Ok(batch)
}

fn events_of(
    append: &Append,
    planned: &mut Planned,
    recorded_at: Timestamp,
    head: &mut HeadState,
    ambient: &dyn Ambient,
) -> Result<Vec<BatchEvent>, JournalError> {
    let command = append.command.id;
    let mut metadata = Metadata {
        command_id: command,
        claims: append.claims.clone(),
        number: planned.committed.number.clone(),
        ..append.metadata.clone()
    };
    let mut metadata_json = json(&metadata)?;
    let new_events = std::mem::take(&mut planned.events);
    let mut events = Vec::with_capacity(new_events.len());
    for (version, new) in (append.expected_version.saturating_add(1)..).zip(new_events) {
        if events.len() == 1 {
            // The first event alone carries what the command took.
            (metadata.claims, metadata.number) = (Vec::new(), None);
            metadata_json = json(&metadata)?;
        }
        let mut event = RecordedEvent {
            position: head.position.saturating_add(1),
            stream: append.stream.clone(),
            version,
            event_id: ambient.new_id(),
            event_type: new.event_type,
            schema_version: new.schema_version,
            recorded_at,
            metadata_json: metadata_json.clone(),
            payload_json: new.payload_json,
            hash: head.hash,
        };
        event.hash = chain(head.hash, &event);
        *head = HeadState {
            position: event.position,
            hash: event.hash,
            recorded_at,
        };
        events.push(BatchEvent { event, command });
    }
    Ok(events)
}

fn json(metadata: &Metadata) -> Result<String, JournalError> {
    serde_json::to_string(metadata).map_err(|error| JournalError::Unavailable {
        reason: format!("metadata: {error}"),
    })
}

fn series_of(changed: &Layer) -> Vec<SeriesMove> {
    let mut moves = Vec::with_capacity(changed.sequences.len());
    for (key, sequence) in &changed.sequences {
        let date = changed.dates.get(&key.series()).copied().flatten();
        if let (Some(last_sequence), Some(last_date)) = (*sequence, date) {
            moves.push(SeriesMove {
                key: key.clone(),
                last_sequence,
                last_date,
            });
        }
    }
    moves
}

/// Only what differs from the database is written; what was presumed free is always inserted, so
/// that the primary key is asked.
fn claims_of(changed: &Layer, batch: &mut Batch) {
    for (claim, entry) in &changed.claims {
        if entry.stored.as_ref() == Some(&entry.holder) {
            continue;
        }
        if matches!(entry.stored, Some(Some(_))) {
            batch.released.push(claim.clone());
        }
        if let Some(holder) = &entry.holder {
            batch.taken.push((claim.clone(), holder.clone()));
        }
    }
}
