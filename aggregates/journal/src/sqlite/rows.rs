//! Between the journal's values and SQLite's: events come out as columns, look-ups go in and come out
//! as JSON.

use invoiceapp_domain::StreamId;
use invoiceapp_schemas::{ChainHash, CommandId, RecordedEvent};
use jiff::Timestamp;
use rusqlite::Row;
use serde::Serialize;
use uuid::Uuid;

use crate::columns::{ReceiptRow, damaged, unsigned};
use crate::writer::engine::{
    Change, EngineError, HeadState, Receipt, SeriesKey, TenantClaim, Wanted,
};

/// Thirty-two bytes as text.
pub(super) struct Hex([u8; 64]);

impl Hex {
    pub(super) fn of(bytes: &[u8; 32]) -> Self {
        let mut digits = [b'0'; 64];
        // Fails for a buffer of another length only.
        let _ = hex::encode_to_slice(bytes, &mut digits);
        Self(digits)
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The key of `claims`.
pub(super) fn claim_row(claim: &TenantClaim) -> (&str, &str, &str) {
    (
        claim.tenant.as_str(),
        claim.key.kind.as_str(),
        claim.key.value.as_str(),
    )
}

/// The key of `series`.
pub(super) fn series_row(key: &SeriesKey) -> (&str, &str, &str) {
    (key.tenant.as_str(), key.code.as_str(), key.period.as_str())
}

/// An array of arrays.
fn json_rows<T: Serialize>(
    rows: impl ExactSizeIterator<Item = T>,
) -> Result<String, serde_json::Error> {
    /// Rows are mostly a stream or a command each.
    const ROW_BYTES: usize = 64;
    let mut text = Vec::with_capacity(rows.len().saturating_mul(ROW_BYTES).saturating_add(2));
    text.push(b'[');
    for row in rows {
        if text.len() > 1 {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, &row)?;
    }
    text.push(b']');
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

/// The JSON of a look-up; each answer names its question by its place in these arrays.
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

    /// The four arrays, in the order of the look-up's parameters.
    pub(super) fn texts(&self) -> Result<[String; 4], serde_json::Error> {
        Ok([
            json_rows(
                self.streams
                    .iter()
                    .map(|s| (s.kind.as_str(), s.aggregate_id())),
            )?,
            json_rows(self.receipts.iter())?,
            json_rows(self.claims.iter().map(claim_row))?,
            json_rows(self.series.iter().map(series_row))?,
        ])
    }
}

/// Reads a receipt from the columns `fingerprint` to `sequence` of the table.
///
/// # Errors
/// [`EngineError::Damaged`] with its position when a column holds what we never write.
pub(super) fn receipt_of(row: &Row<'_>) -> Result<Receipt, EngineError> {
    let columns = || {
        Ok::<_, rusqlite::Error>(ReceiptRow(
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            unsigned(row.get(3)?),
            unsigned(row.get(4)?),
            row.get(5)?,
            row.get(6)?,
            row.get(7)?,
            row.get::<_, Option<i64>>(8)?.map(unsigned),
        ))
    };
    let receipt = columns().map_err(|_| damaged(0, "a receipt cannot be read"))?;
    receipt.receipt()
}

/// Reads one event from the columns [`EVENT_COLUMNS`](crate::columns::EVENT_COLUMNS).
///
/// # Errors
/// [`EngineError::Damaged`] with its position when a column holds what we never write.
pub(super) fn event_of(row: &Row<'_>) -> Result<RecordedEvent, EngineError> {
    let (position, bad) = place_of(row);
    let text = |index: usize, what: &str| text_of(row, index).ok_or_else(|| bad(what));
    let mut hash = ChainHash::GENESIS;
    hex::decode_to_slice(text(10, "hash")?, &mut hash.0).map_err(|_| bad("hash"))?;
    let micros: i64 = row.get(9).map_err(|_| bad("recorded_at"))?;
    Ok(RecordedEvent {
        position,
        stream: StreamId::from_columns(text(1, "type")?, text(2, "aggregate_id")?)
            .map_err(|_| bad("stream"))?,
        version: unsigned(row.get(3).map_err(|_| bad("sequence"))?),
        event_id: Uuid::try_parse(text(8, "event_id")?).map_err(|_| bad("event_id"))?,
        event_type: text(4, "event_type")?.to_owned(),
        schema_version: text(5, "event_version")?
            .parse()
            .map_err(|_| bad("event_version"))?,
        recorded_at: Timestamp::from_microsecond(micros).map_err(|_| bad("recorded_at"))?,
        metadata_json: text(7, "metadata")?.to_owned(),
        payload_json: text(6, "payload")?.to_owned(),
        hash,
    })
}

/// A row's position, and how to say that something of it cannot be read.
fn place_of(row: &Row<'_>) -> (u64, impl Fn(&str) -> EngineError + use<>) {
    let position = unsigned(row.get(0).unwrap_or(0));
    let bad = move |what: &str| damaged(position, format!("its {what} cannot be read"));
    (position, bad)
}

fn text_of<'a>(row: &'a Row<'_>, index: usize) -> Option<&'a str> {
    row.get_ref(index).ok()?.as_str().ok()
}

/// Reads what an event means from the columns [`CHANGE_COLUMNS`](crate::columns::CHANGE_COLUMNS).
///
/// # Errors
/// As [`event_of`].
pub(super) fn change_of(row: &Row<'_>) -> Result<Change, EngineError> {
    let (position, bad) = place_of(row);
    let text = |index: usize, what: &str| text_of(row, index).ok_or_else(|| bad(what));
    let mut hash = ChainHash::GENESIS;
    hex::decode_to_slice(text(4, "hash")?, &mut hash.0).map_err(|_| bad("hash"))?;
    Ok(Change {
        position,
        stream: StreamId::from_columns(text(1, "type")?, text(2, "aggregate_id")?)
            .map_err(|_| bad("stream"))?,
        version: unsigned(row.get(3).map_err(|_| bad("sequence"))?),
        hash,
        metadata_json: row.get(5).map_err(|_| bad("metadata"))?,
    })
}

/// The head, from the first three columns.
///
/// # Errors
/// [`EngineError::Damaged`] when one of them holds what we never write.
pub(super) fn head_of(row: &Row<'_>) -> Result<HeadState, EngineError> {
    let (position, _) = place_of(row);
    let bad = |what: &str| damaged(position, format!("the head's {what} cannot be read"));
    let mut hash = ChainHash::GENESIS;
    let text = text_of(row, 1).ok_or_else(|| bad("hash"))?;
    hex::decode_to_slice(text, &mut hash.0).map_err(|_| bad("hash"))?;
    let micros = row.get(2).map_err(|_| bad("time"))?;
    Ok(HeadState {
        position,
        hash,
        recorded_at: Timestamp::from_microsecond(micros).map_err(|_| bad("time"))?,
    })
}
