//! What both engines write into columns alike, and how it is read: no more than the engines' own rows
//! differ in is beside them.

use invoiceapp_domain::{AllocatedNumber, StreamId};
use jiff::Timestamp;
use serde::Deserialize;

use crate::port::Committed;
use crate::writer::engine::{EngineError, Receipt};

/// The columns of an event, in the order that `event_of` of each engine reads them.
pub(crate) const EVENT_COLUMNS: &str = "position, aggregate_type, aggregate_id, sequence, \
     event_type, event_version, payload, metadata, event_id, recorded_at, hash";

/// The columns of a change, in the order that `change_of` of each engine reads them. Only metadata that
/// tells of claims or a number is sent; a text that merely looks so does no harm.
pub(crate) const CHANGE_COLUMNS: &str = "position, aggregate_type, aggregate_id, sequence, hash, \
     CASE WHEN CAST(metadata AS text) LIKE '%\"claims\":%' \
         OR CAST(metadata AS text) LIKE '%\"number\":%' \
     THEN CAST(metadata AS text) END";

/// A receipt as it is stored.
#[derive(Debug, Deserialize)]
pub(crate) struct ReceiptRow(
    pub(crate) String,
    pub(crate) String,
    pub(crate) String,
    pub(crate) u64,
    pub(crate) u64,
    pub(crate) i64,
    pub(crate) Option<String>,
    pub(crate) Option<String>,
    pub(crate) Option<u64>,
);

impl ReceiptRow {
    /// The receipt, typed.
    pub(crate) fn receipt(self) -> Result<Receipt, EngineError> {
        let position = self.4;
        let damaged = |what: &str| damaged(position, format!("its receipt has no {what}"));
        let mut fingerprint = [0; 32];
        hex::decode_to_slice(&self.0, &mut fingerprint).map_err(|_| damaged("fingerprint"))?;
        let number = match (self.6, self.7, self.8) {
            (Some(series), Some(period), Some(sequence)) => Some(AllocatedNumber {
                series,
                period,
                sequence,
            }),
            _ => None,
        };
        let committed = Committed {
            stream: StreamId::from_columns(&self.1, &self.2).map_err(|_| damaged("stream"))?,
            version: self.3,
            position,
            recorded_at: Timestamp::from_microsecond(self.5).map_err(|_| damaged("time"))?,
            number,
            replayed: false,
        };
        Ok(Receipt {
            fingerprint,
            committed,
        })
    }
}

pub(crate) fn damaged(position: u64, reason: impl Into<String>) -> EngineError {
    EngineError::Damaged {
        position,
        reason: reason.into(),
    }
}

/// Both engines' integers are signed; ours are never negative. One that other hands made so becomes 0,
/// which is the place of no event.
pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// For parameters; nothing that we count reaches 2^63.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
