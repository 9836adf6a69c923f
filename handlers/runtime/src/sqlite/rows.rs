//! Rows to values and back. A value that this program would not have written is damage, said by
//! the column's name and never by its content.

use invoiceapp_domain::StreamId;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::unavailable;
use crate::job::{Claim, Job, JobId, JobKind, JobSource, JobState, Ticket};
use crate::jobs::{JobRecord, JobStoreError, REASON_BYTES_MAX};

pub(super) fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

pub(super) fn instant(micros: i64) -> Result<Timestamp, JobStoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| damaged("time"))
}

pub(super) fn to_i64(value: u64) -> Result<i64, JobStoreError> {
    i64::try_from(value).map_err(|_| damaged("number"))
}

pub(super) fn position_of(value: i64) -> Result<u64, JobStoreError> {
    u64::try_from(value).map_err(|_| damaged("position"))
}

/// A reason of at most [`REASON_BYTES_MAX`] bytes.
pub(super) fn short(reason: &str) -> String {
    let end = reason.floor_char_boundary(REASON_BYTES_MAX);
    reason.get(..end).unwrap_or_default().to_owned()
}

fn damaged(what: &str) -> JobStoreError {
    JobStoreError::Damaged {
        what: what.to_owned(),
    }
}

fn unsigned<T: TryFrom<i64>>(row: &SqliteRow, column: &str) -> Result<T, JobStoreError> {
    let value: i64 = row.try_get(column).map_err(unavailable)?;
    T::try_from(value).map_err(|_| damaged(column))
}

fn uuid(row: &SqliteRow, column: &str) -> Result<Uuid, JobStoreError> {
    let bytes: &[u8] = row.try_get(column).map_err(unavailable)?;
    Uuid::from_slice(bytes).map_err(|_| damaged(column))
}

fn text(row: &SqliteRow, column: &str) -> Result<String, JobStoreError> {
    row.try_get(column).map_err(unavailable)
}

pub(super) fn claim_from_row(row: &SqliteRow) -> Result<Claim, JobStoreError> {
    let id = JobId(uuid(row, "id")?);
    let kind = match text(row, "kind")?.as_str() {
        "act" => JobKind::Act,
        "plan" => JobKind::Plan,
        _ => return Err(damaged("kind")),
    };
    let started: Option<i64> = row.try_get("started_fence").map_err(unavailable)?;
    let job = Job {
        id,
        reactor: text(row, "reactor")?,
        dedupe_key: text(row, "dedupe_key")?,
        key: text(row, "ordering_key")?,
        kind,
        payload: serde_json::from_str(&text(row, "payload")?).map_err(|_| damaged("payload"))?,
        source: source_from_row(row)?,
        attempt: unsigned(row, "attempt")?,
        interrupted: started.is_some(),
    };
    let ticket = Ticket {
        id,
        fence: unsigned(row, "fence")?,
    };
    Ok(Claim {
        job,
        ticket,
        unavailable: unsigned(row, "unavailable")?,
    })
}

fn source_from_row(row: &SqliteRow) -> Result<JobSource, JobStoreError> {
    let (kind, id) = (text(row, "aggregate_type")?, text(row, "aggregate_id")?);
    Ok(JobSource {
        stream: StreamId::from_columns(&kind, &id).map_err(|_| damaged("aggregate_id"))?,
        version: unsigned(row, "version")?,
        position: unsigned(row, "position")?,
        event_id: uuid(row, "event_id")?,
        correlation_id: uuid(row, "correlation_id")?,
    })
}

pub(super) fn record_from_row(row: &SqliteRow) -> Result<JobRecord, JobStoreError> {
    let due_at: Option<i64> = row.try_get("due_at").map_err(unavailable)?;
    Ok(JobRecord {
        id: JobId(uuid(row, "id")?),
        reactor: text(row, "reactor")?,
        dedupe_key: text(row, "dedupe_key")?,
        key: text(row, "ordering_key")?,
        state: state_of(&text(row, "state")?)?,
        attempt: unsigned(row, "attempt")?,
        position: unsigned(row, "position")?,
        reason: row.try_get("reason").map_err(unavailable)?,
        wake_on: row.try_get("wake_on").map_err(unavailable)?,
        planned_at: instant(unsigned(row, "planned_at")?)?,
        updated_at: instant(unsigned(row, "updated_at")?)?,
        due_at: due_at.map(instant).transpose()?,
    })
}

pub(super) fn state_of(name: &str) -> Result<JobState, JobStoreError> {
    JobState::parse(name).ok_or_else(|| damaged("state"))
}
