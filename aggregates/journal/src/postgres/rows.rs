//! Between the journal's values and PostgreSQL's: batches and questions go in as arrays, one per
//! column; events come out as columns, answers to questions as JSON.

use std::collections::HashMap;

use invoiceapp_domain::StreamId;
use invoiceapp_schemas::{ChainHash, CommandId, RecordedEvent};
use jiff::Timestamp;
use sqlx::postgres::{PgArguments, PgHasArrayType, PgRow};
use sqlx::query::Query;
use sqlx::{Encode, Error, Postgres, Row, Type};
use uuid::Uuid;

use super::error::engine_error;
use crate::columns::{damaged, signed, unsigned};
use crate::port::Snapshot;
use crate::writer::engine::{
    Batch, BatchEvent, Change, EngineError, Receipt, SeriesKey, SeriesMove, TenantClaim, Wanted,
};

/// A receipt as JSON, as [`ReceiptRow`](crate::columns::ReceiptRow) reads it, from [`RECEIPTS`].
pub(super) const RECEIPT_JSON: &str = "json_build_array(encode(fingerprint, 'hex'), \
     coalesce(receipts.aggregate_type, told.aggregate_type), \
     coalesce(receipts.aggregate_id, told.aggregate_id), \
     coalesce(receipts.version, told.sequence), receipts.position, \
     coalesce(receipts.recorded_at, told.recorded_at), series, period, receipts.sequence)";

/// Receipts, each with the event that tells what it does not.
pub(super) const RECEIPTS: &str = "receipts LEFT JOIN events AS told \
     ON receipts.version IS NULL AND told.position = receipts.position";

type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// A column of a batch.
fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Which statement a batch wants, and how its rows are bound.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One event, and the receipt that it tells the rest of: a value for each column.
    One,
    /// Events, and receipts that they tell the rest of: an array for each column.
    Many,
    /// Receipts in full, claims, numbers, snapshots as well.
    All,
}

impl Shape {
    pub(super) fn of(batch: &Batch) -> Self {
        let is_told = |receipt| is_told_by_its_event(batch, receipt);
        if batch.has_companions() || !batch.receipts.iter().all(is_told) {
            Self::All
        } else if batch.events.len() == 1 && batch.receipts.len() == 1 {
            Self::One
        } else {
            Self::Many
        }
    }
}

/// Whether the event at a receipt's position is its command's, and there was no number to take.
fn is_told_by_its_event(batch: &Batch, (command, receipt): &(CommandId, Receipt)) -> bool {
    let before = receipt
        .committed
        .position
        .checked_sub(batch.from.position + 1);
    let event = before
        .and_then(|index| usize::try_from(index).ok())
        .and_then(|index| batch.events.get(index));
    receipt.committed.number.is_none() && event.is_some_and(|event| event.command == *command)
}

/// A statement whose columns are bound one after the other.
struct Columns<'q> {
    statement: Statement<'q>,
    shape: Shape,
}

impl<'q> Columns<'q> {
    fn bind<R, T>(mut self, rows: &'q [R], value: impl Fn(&'q R) -> T) -> Self
    where
        T: 'q + Encode<'q, Postgres> + Type<Postgres> + PgHasArrayType,
    {
        self.statement = match (self.shape, rows) {
            (Shape::One, [row]) => self.statement.bind(value(row)),
            _ => self.statement.bind(column(rows, value)),
        };
        self
    }
}

/// Head, events and receipts: `$1` to `$20`, and to `$27` where receipts are written in full.
pub(super) fn bind_journal<'q>(
    statement: Statement<'q>,
    batch: &'q Batch,
    shape: Shape,
) -> Statement<'q> {
    let statement = statement
        .bind(signed(batch.from.position))
        .bind(batch.from.hash.0.as_slice())
        .bind(signed(batch.to.position))
        .bind(batch.to.hash.0.as_slice())
        .bind(batch.to.recorded_at.as_microsecond());
    let columns = bind_events(Columns { statement, shape }, &batch.events);
    bind_receipts(columns, &batch.receipts).statement
}

fn bind_events<'q>(columns: Columns<'q>, rows: &'q [BatchEvent]) -> Columns<'q> {
    columns
        .bind(rows, |row| row.event.stream.kind.as_str())
        .bind(rows, |row| row.event.stream.aggregate_id())
        .bind(rows, |row| signed(row.event.version))
        .bind(rows, |row| row.event.event_type.as_str())
        .bind(rows, |row| row.event.schema_version.to_string())
        .bind(rows, |row| row.event.payload_json.as_str())
        .bind(rows, |row| row.event.metadata_json.as_str())
        .bind(rows, |row| signed(row.event.position))
        .bind(rows, |row| row.event.event_id)
        .bind(rows, |row| row.event.recorded_at.as_microsecond())
        .bind(rows, |row| row.command.0)
        .bind(rows, |row| row.event.hash.0.as_slice())
}

fn bind_receipts<'q>(columns: Columns<'q>, rows: &'q [(CommandId, Receipt)]) -> Columns<'q> {
    let shape = columns.shape;
    let columns = columns
        .bind(rows, |(command, _)| command.0)
        .bind(rows, |(_, it)| it.fingerprint.as_slice())
        .bind(rows, |(_, it)| signed(it.committed.position));
    if shape != Shape::All {
        return columns;
    }
    let number = |receipt: &'q Receipt| receipt.committed.number.as_ref();
    columns
        .bind(rows, |(_, it)| it.committed.stream.kind.as_str())
        .bind(rows, |(_, it)| it.committed.stream.aggregate_id())
        .bind(rows, |(_, it)| signed(it.committed.version))
        .bind(rows, |(_, it)| it.committed.recorded_at.as_microsecond())
        .bind(rows, |(_, it)| number(it).map(|n| n.series.as_str()))
        .bind(rows, |(_, it)| number(it).map(|n| n.period.as_str()))
        .bind(rows, |(_, it)| number(it).map(|n| signed(n.sequence)))
}

/// What [`Shape::All`] has beside them: `$28` to `$45`.
pub(super) fn bind_companions<'q>(statement: Statement<'q>, batch: &'q Batch) -> Statement<'q> {
    let statement = bind_claims(statement, &batch.released, |claim| claim);
    let statement = bind_claims(statement, &batch.taken, |(claim, _)| claim)
        .bind(column(&batch.taken, |(_, holder)| holder.kind.as_str()))
        .bind(column(&batch.taken, |(_, holder)| holder.aggregate_id()));
    let statement = bind_series(statement, &batch.series);
    let snapshots = newest(&batch.snapshots);
    let (streams, folds): (Vec<&'q StreamId>, Vec<&'q Snapshot>) = snapshots.into_iter().unzip();
    let kinds: Vec<&'q str> = streams.iter().map(|it| it.kind.as_str()).collect();
    let ids: Vec<String> = streams.iter().map(|it| it.aggregate_id()).collect();
    let versions: Vec<i64> = folds.iter().map(|it| signed(it.version)).collect();
    let hashes: Vec<&'q str> = folds.iter().map(|it| it.state_hash.as_str()).collect();
    let states: Vec<&'q str> = folds.iter().map(|it| it.state_json.as_str()).collect();
    statement
        .bind(kinds)
        .bind(ids)
        .bind(versions)
        .bind(hashes)
        .bind(states)
}

fn bind_claims<'q, R>(
    statement: Statement<'q>,
    rows: &'q [R],
    claim: impl Fn(&'q R) -> &'q TenantClaim,
) -> Statement<'q> {
    statement
        .bind(column(rows, |row| claim(row).tenant.as_str()))
        .bind(column(rows, |row| claim(row).key.kind.as_str()))
        .bind(column(rows, |row| claim(row).key.value.as_str()))
}

fn bind_series<'q>(statement: Statement<'q>, rows: &'q [SeriesMove]) -> Statement<'q> {
    statement
        .bind(column(rows, |row| row.key.tenant.as_str()))
        .bind(column(rows, |row| row.key.code.as_str()))
        .bind(column(rows, |row| row.key.period.as_str()))
        .bind(column(rows, |row| signed(row.last_sequence)))
        .bind(column(rows, |row| row.last_date.to_string()))
}

/// One snapshot per stream, as if they had been written one after the other: one statement may not
/// touch a row twice.
fn newest(snapshots: &[(StreamId, Snapshot)]) -> Vec<(&StreamId, &Snapshot)> {
    let mut kept: HashMap<&StreamId, &Snapshot> = HashMap::with_capacity(snapshots.len());
    for (stream, snapshot) in snapshots {
        let replaces = kept.get(stream).is_none_or(|known| {
            known.state_hash != snapshot.state_hash || known.version < snapshot.version
        });
        if replaces {
            kept.insert(stream, snapshot);
        }
    }
    kept.into_iter().collect()
}

/// A look-up's questions; each answer names its question by its place in these.
pub(super) struct Questions {
    pub(super) streams: Vec<StreamId>,
    pub(super) receipts: Vec<CommandId>,
    pub(super) claims: Vec<TenantClaim>,
    pub(super) series: Vec<SeriesKey>,
}

impl Questions {
    pub(super) fn new(wanted: &Wanted) -> Self {
        Self {
            streams: wanted.streams.iter().cloned().collect(),
            receipts: wanted.receipts.iter().copied().collect(),
            claims: wanted.claims.iter().cloned().collect(),
            series: wanted.series.iter().cloned().collect(),
        }
    }

    /// `$1` to `$9`.
    pub(super) fn bind<'q>(&'q self, statement: Statement<'q>) -> Statement<'q> {
        let statement = statement
            .bind(column(&self.streams, |it| it.kind.as_str()))
            .bind(column(&self.streams, StreamId::aggregate_id))
            .bind(column(&self.receipts, |it| it.0));
        bind_claims(statement, &self.claims, |claim| claim)
            .bind(column(&self.series, |it| it.tenant.as_str()))
            .bind(column(&self.series, |it| it.code.as_str()))
            .bind(column(&self.series, |it| it.period.as_str()))
    }
}

/// Reads one event from the columns [`EVENT_COLUMNS`].
///
/// # Errors
/// [`EngineError::Damaged`] with its position when a column holds what we never write.
pub(super) fn event_of(row: &PgRow) -> Result<RecordedEvent, EngineError> {
    let column = |error: Error| damaged(0, error.to_string());
    let position = unsigned(row.try_get(0).map_err(column)?);
    let bad = |what: &str| damaged(position, format!("its {what} cannot be read"));
    let text = |index: usize, what: &str| row.try_get::<&str, _>(index).map_err(|_| bad(what));
    // The driver's type for JSON would parse it; what is hashed is the text.
    let json = |index: usize, what: &str| {
        row.try_get_unchecked::<String, _>(index)
            .map_err(|_| bad(what))
    };
    let hash: &[u8] = row.try_get(10).map_err(|_| bad("hash"))?;
    let micros: i64 = row.try_get(9).map_err(|_| bad("recorded_at"))?;
    let event_id: Uuid = row.try_get(8).map_err(|_| bad("event_id"))?;
    Ok(RecordedEvent {
        position,
        stream: StreamId::from_columns(text(1, "type")?, text(2, "aggregate_id")?)
            .map_err(|_| bad("stream"))?,
        version: unsigned(row.try_get(3).map_err(|_| bad("sequence"))?),
        event_id,
        event_type: text(4, "event_type")?.to_owned(),
        schema_version: text(5, "event_version")?
            .parse()
            .map_err(|_| bad("event_version"))?,
        recorded_at: Timestamp::from_microsecond(micros).map_err(|_| bad("recorded_at"))?,
        metadata_json: json(7, "metadata")?,
        payload_json: json(6, "payload")?,
        hash: ChainHash(hash.try_into().map_err(|_| bad("hash"))?),
    })
}

/// Reads what an event means from the columns [`CHANGE_COLUMNS`](crate::columns::CHANGE_COLUMNS).
///
/// # Errors
/// As [`event_of`].
pub(super) fn change_of(row: &PgRow) -> Result<Change, EngineError> {
    let position = unsigned(row.try_get(0).map_err(|error| engine_error(&error))?);
    let bad = |what: &str| damaged(position, format!("its {what} cannot be read"));
    let text = |index: usize, what: &str| row.try_get::<&str, _>(index).map_err(|_| bad(what));
    let hash: &[u8] = row.try_get(4).map_err(|_| bad("hash"))?;
    Ok(Change {
        position,
        stream: StreamId::from_columns(text(1, "type")?, text(2, "aggregate_id")?)
            .map_err(|_| bad("stream"))?,
        version: unsigned(row.try_get(3).map_err(|_| bad("sequence"))?),
        hash: ChainHash(hash.try_into().map_err(|_| bad("hash"))?),
        metadata_json: row.try_get(5).map_err(|_| bad("metadata"))?,
    })
}
