//! Writes a batch: one transaction, and for each kind of row one statement that stays prepared.

use invoiceapp_domain::StreamId;
use invoiceapp_schemas::CommandId;
use rusqlite::{Connection, Result, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::error::{engine_error, of_write};
use super::rows::{Hex, claim_row, series_row};
use crate::columns::signed;
use crate::port::Snapshot;
use crate::writer::engine::{Batch, BatchEvent, EngineError, Receipt, Written};

const MOVE_HEAD: &str = "\
UPDATE head SET position = ?3, hash = ?4, recorded_at = ?5 WHERE position = ?1 AND hash = ?2";
/// Of each page that a statement changes SQLite keeps a copy, if it may have to undo that statement
/// alone. None of ours: a failure undoes the transaction.
const INSERT_EVENT: &str = "INSERT OR FAIL INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const INSERT_RECEIPT: &str = "INSERT OR FAIL INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const DELETE_CLAIM: &str = "DELETE FROM claims WHERE tenant = ? AND kind = ? AND value = ?";
const INSERT_CLAIM: &str = "INSERT INTO claims VALUES (?, ?, ?, ?, ?)";
const MOVE_SERIES: &str = "\
INSERT INTO series VALUES (?, ?, ?, ?, ?)
ON CONFLICT (tenant, code, period) DO UPDATE
SET last_sequence = excluded.last_sequence, last_date = excluded.last_date";
const KEEP_SNAPSHOT: &str = "\
INSERT INTO snapshots VALUES (?, ?, ?, ?, ?)
ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE
SET version = excluded.version, state_hash = excluded.state_hash, state = excluded.state
WHERE excluded.state_hash <> snapshots.state_hash OR excluded.version > snapshots.version";

/// Statements that a writing connection has prepared at once: those above and the look-ups.
pub(super) const STATEMENTS: usize = 16;

/// Writes a batch in a transaction of its own.
///
/// # Errors
/// [`EngineError`]: the outcome is unknown; to be resolved on another connection.
pub(super) fn write(connection: &mut Connection, batch: &Batch) -> Result<Written, EngineError> {
    let behavior = TransactionBehavior::Immediate;
    let transaction = Transaction::new(connection, behavior).map_err(|e| engine_error(&e))?;
    let written = insert(&transaction, batch)?;
    let end = match written {
        Written::Committed => transaction.commit(),
        Written::HeadMoved | Written::Occupied => transaction.rollback(),
    };
    end.map_err(|error| engine_error(&error))?;
    Ok(written)
}

/// Writes a batch in the transaction that is open, unless it tells otherwise: then some of it may be
/// written, and the transaction has to be rolled back.
///
/// # Errors
/// [`EngineError`].
pub(super) fn insert(connection: &Connection, batch: &Batch) -> Result<Written, EngineError> {
    match insert_rows(connection, batch) {
        Ok(true) => Ok(Written::Committed),
        Ok(false) => Ok(Written::HeadMoved),
        Err(error) => of_write(&error),
    }
}

/// False when the head is somewhere else.
fn insert_rows(connection: &Connection, batch: &Batch) -> Result<bool> {
    let (from, to) = (&batch.from, &batch.to);
    let moved = connection.prepare_cached(MOVE_HEAD)?.execute(params![
        signed(from.position),
        Hex::of(&from.hash.0).as_str(),
        signed(to.position),
        Hex::of(&to.hash.0).as_str(),
        to.recorded_at.as_microsecond(),
    ])?;
    if moved == 0 {
        return Ok(false);
    }
    insert_events(connection, &batch.events)?;
    insert_receipts(connection, &batch.receipts)?;
    change_claims(connection, batch)?;
    move_series(connection, batch)?;
    keep_snapshots(connection, &batch.snapshots)?;
    Ok(true)
}

fn insert_events(connection: &Connection, events: &[BatchEvent]) -> Result<()> {
    let mut statement = connection.prepare_cached(INSERT_EVENT)?;
    for BatchEvent { event, command } in events {
        statement.execute(params![
            event.stream.kind.as_str(),
            event.stream.aggregate_id(),
            signed(event.version),
            event.event_type,
            event.schema_version.to_string(),
            event.payload_json,
            event.metadata_json,
            signed(event.position),
            text_of(event.event_id, &mut Uuid::encode_buffer()),
            event.recorded_at.as_microsecond(),
            text_of(command.0, &mut Uuid::encode_buffer()),
            Hex::of(&event.hash.0).as_str(),
        ])?;
    }
    Ok(())
}

fn insert_receipts(connection: &Connection, receipts: &[(CommandId, Receipt)]) -> Result<()> {
    let mut statement = connection.prepare_cached(INSERT_RECEIPT)?;
    for (command, receipt) in receipts {
        let committed = &receipt.committed;
        let number = committed.number.as_ref();
        statement.execute(params![
            text_of(command.0, &mut Uuid::encode_buffer()),
            Hex::of(&receipt.fingerprint).as_str(),
            committed.stream.kind.as_str(),
            committed.stream.aggregate_id(),
            signed(committed.version),
            signed(committed.position),
            committed.recorded_at.as_microsecond(),
            number.map(|number| number.series.as_str()),
            number.map(|number| number.period.as_str()),
            number.map(|number| signed(number.sequence)),
        ])?;
    }
    Ok(())
}

fn change_claims(connection: &Connection, batch: &Batch) -> Result<()> {
    for claim in &batch.released {
        let (tenant, kind, value) = claim_row(claim);
        let mut statement = connection.prepare_cached(DELETE_CLAIM)?;
        statement.execute((tenant, kind, value))?;
    }
    for (claim, holder) in &batch.taken {
        let (tenant, kind, value) = claim_row(claim);
        let (holder_kind, id) = (holder.kind.as_str(), holder.aggregate_id());
        let mut statement = connection.prepare_cached(INSERT_CLAIM)?;
        statement.execute((tenant, kind, value, holder_kind, id))?;
    }
    Ok(())
}

fn move_series(connection: &Connection, batch: &Batch) -> Result<()> {
    for series in &batch.series {
        let (tenant, code, period) = series_row(&series.key);
        let (last, date) = (signed(series.last_sequence), series.last_date.to_string());
        let mut statement = connection.prepare_cached(MOVE_SERIES)?;
        statement.execute((tenant, code, period, last, date))?;
    }
    Ok(())
}

fn keep_snapshots(connection: &Connection, snapshots: &[(StreamId, Snapshot)]) -> Result<()> {
    for (stream, snapshot) in snapshots {
        let mut statement = connection.prepare_cached(KEEP_SNAPSHOT)?;
        statement.execute(params![
            stream.kind.as_str(),
            stream.aggregate_id(),
            signed(snapshot.version),
            snapshot.state_hash,
            snapshot.state_json,
        ])?;
    }
    Ok(())
}

fn text_of(id: Uuid, buffer: &mut [u8]) -> &str {
    id.hyphenated().encode_lower(buffer)
}
