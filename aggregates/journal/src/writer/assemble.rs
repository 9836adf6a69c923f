//! Turns what was decided into the rows that are written: positions, versions, identities, time,
//! metadata and the hash chain.

use invoiceapp_domain::Ambient;
use invoiceapp_schemas::{Metadata, RecordedEvent, chain};
use jiff::Timestamp;

use super::decide::Planned;
use super::engine::{Batch, BatchEvent, HeadState, SeriesMove};
use super::view::Layer;
use crate::port::{Append, JournalError};

/// The time of a batch: microseconds, and never before the last event's.
pub(crate) fn recorded_at(ambient: &dyn Ambient, head: &HeadState) -> Timestamp {
    let micros = ambient.now().as_microsecond();
    Timestamp::from_microsecond(micros)
        .unwrap_or(head.recorded_at)
        .max(head.recorded_at)
}

/// The rows of one request's events, behind `head`, which they move.
///
/// # Errors
/// When metadata cannot be written as JSON, which no metadata of ours can cause.
pub(crate) fn events_of(
    append: &Append,
    planned: Planned,
    recorded_at: Timestamp,
    head: &mut HeadState,
    ambient: &dyn Ambient,
    rows: &mut Vec<BatchEvent>,
) -> Result<(), JournalError> {
    let command = append.command.id;
    let mut metadata = Metadata {
        command_id: command,
        claims: append.claims.clone(),
        number: planned.receipt.committed.number.clone(),
        ..append.metadata.clone()
    };
    let mut metadata_json = json(&metadata)?;
    let versions = append.expected_version.saturating_add(1)..;
    for (index, (version, new)) in versions.zip(planned.events).enumerate() {
        if index == 1 {
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
        rows.push(BatchEvent { event, command });
    }
    Ok(())
}

fn json(metadata: &Metadata) -> Result<String, JournalError> {
    serde_json::to_string(metadata).map_err(|error| JournalError::Unavailable {
        reason: format!("metadata: {error}"),
    })
}

pub(crate) fn series_of(changed: &Layer) -> Vec<SeriesMove> {
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
pub(crate) fn claims_of(changed: &Layer, batch: &mut Batch) {
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
