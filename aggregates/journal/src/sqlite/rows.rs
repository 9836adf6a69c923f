//! Between the journal's values and SQLite's: events come out as columns, look-ups go in and come out
//! as JSON.

use std::borrow::Cow;

use invoiceapp_domain::StreamId;
use invoiceapp_schemas::{ChainHash, CommandId, RecordedEvent};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row};
use uuid::Uuid;

use crate::columns::{ReceiptRow, damaged, unsigned};
use crate::writer::engine::{EngineError, HeadState, SeriesKey, TenantClaim, Wanted};

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

impl ReceiptRow {
    /// Reads the columns `fingerprint` to `sequence` of the table.
    pub(super) fn of(row: &SqliteRow) -> Result<Self, Error> {
        Ok(Self(
            row.try_get(0)?,
            row.try_get(1)?,
            row.try_get(2)?,
            unsigned(row.try_get(3)?),
            unsigned(row.try_get(4)?),
            row.try_get(5)?,
            row.try_get(6)?,
            row.try_get(7)?,
            row.try_get::<Option<i64>, _>(8)?.map(unsigned),
        ))
    }
}

/// Reads one event from the columns [`EVENT_COLUMNS`].
///
/// # Errors
/// [`EngineError::Damaged`] with its position when a column holds what we never write.
pub(super) fn event_of(row: &SqliteRow) -> Result<RecordedEvent, EngineError> {
    let column = |error: Error| damaged(0, error.to_string());
    let position = unsigned(row.try_get(0).map_err(column)?);
    let bad = |what: &str| damaged(position, format!("its {what} cannot be read"));
    let text = |index: usize, what: &str| row.try_get::<&str, _>(index).map_err(|_| bad(what));
    let mut hash = ChainHash::GENESIS;
    hex::decode_to_slice(text(10, "hash")?, &mut hash.0).map_err(|_| bad("hash"))?;
    let micros: i64 = row.try_get(9).map_err(|_| bad("recorded_at"))?;
    Ok(RecordedEvent {
        position,
        stream: StreamId::from_columns(text(1, "type")?, text(2, "aggregate_id")?)
            .map_err(|_| bad("stream"))?,
        version: unsigned(row.try_get(3).map_err(|_| bad("sequence"))?),
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

/// The columns [`EVENT_COLUMNS`] as a JSON array.
#[derive(Deserialize)]
struct EventRow<'a>(
    u64,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    u64,
    String,
    #[serde(borrow)] Cow<'a, str>,
    String,
    String,
    #[serde(borrow)] Cow<'a, str>,
    i64,
    #[serde(borrow)] Cow<'a, str>,
);

impl EventRow<'_> {
    /// Nothing when a column holds what we never write.
    fn event(self) -> Option<RecordedEvent> {
        let mut hash = ChainHash::GENESIS;
        hex::decode_to_slice(self.10.as_bytes(), &mut hash.0).ok()?;
        Some(RecordedEvent {
            position: self.0,
            stream: StreamId::from_columns(&self.1, &self.2).ok()?,
            version: self.3,
            event_id: Uuid::try_parse(&self.8).ok()?,
            event_type: self.4,
            schema_version: self.5.parse().ok()?,
            recorded_at: Timestamp::from_microsecond(self.9).ok()?,
            metadata_json: self.7,
            payload_json: self.6,
            hash,
        })
    }
}

/// Reads one event from the columns [`EVENT_COLUMNS`], on the writing connection.
///
/// # Errors
/// As [`event_of`].
pub(super) fn event_of_writer(row: &rusqlite::Row<'_>) -> Result<RecordedEvent, EngineError> {
    let columns = || {
        Ok::<_, rusqlite::Error>(EventRow(
            unsigned(row.get(0)?),
            Cow::Owned(row.get(1)?),
            Cow::Owned(row.get(2)?),
            unsigned(row.get(3)?),
            row.get(4)?,
            Cow::Owned(row.get(5)?),
            row.get(6)?,
            row.get(7)?,
            Cow::Owned(row.get(8)?),
            row.get(9)?,
            Cow::Owned(row.get(10)?),
        ))
    };
    let position = unsigned(row.get(0).unwrap_or(0));
    let event = columns().ok().and_then(EventRow::event);
    event.ok_or_else(|| damaged(position, "a column of it cannot be read"))
}

/// The head, from its columns.
///
/// # Errors
/// [`EngineError::Damaged`] when one of them holds what we never write.
pub(super) fn head_of(position: u64, hash: &str, micros: i64) -> Result<HeadState, EngineError> {
    let mut chain = ChainHash::GENESIS;
    hex::decode_to_slice(hash, &mut chain.0)
        .map_err(|_| damaged(position, "the head's hash cannot be read"))?;
    let recorded_at = Timestamp::from_microsecond(micros)
        .map_err(|_| damaged(position, "the head's time cannot be read"))?;
    Ok(HeadState {
        position,
        hash: chain,
        recorded_at,
    })
}

/// Reads events from a JSON array of arrays of the columns [`EVENT_COLUMNS`]; nothing when one of
/// them cannot be read.
pub(super) fn events_of(text: &str) -> Option<Vec<RecordedEvent>> {
    let rows: Vec<EventRow<'_>> = serde_json::from_str(text).ok()?;
    rows.into_iter().map(EventRow::event).collect()
}
