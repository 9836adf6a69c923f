//! Rows to values.

use invoiceapp_domain::StreamId;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use crate::columns::{damaged, instant, kind_of, state_of, unavailable};
use crate::job::{Claim, Job, JobId, JobSource, Ticket};
use crate::jobs::{JobRecord, JobStoreError};

fn unsigned<T: TryFrom<i64>>(row: &PgRow, column: &str) -> Result<T, JobStoreError> {
    let value: i64 = row.try_get(column).map_err(unavailable)?;
    T::try_from(value).map_err(|_| damaged(column))
}

fn uuid(row: &PgRow, column: &str) -> Result<Uuid, JobStoreError> {
    row.try_get(column).map_err(unavailable)
}

fn text(row: &PgRow, column: &str) -> Result<String, JobStoreError> {
    row.try_get(column).map_err(unavailable)
}

pub(super) fn claim_from_row(row: &PgRow) -> Result<Claim, JobStoreError> {
    let id = JobId(uuid(row, "id")?);
    let started: Option<i64> = row.try_get("started_fence").map_err(unavailable)?;
    let job = Job {
        id,
        reactor: text(row, "reactor")?,
        dedupe_key: text(row, "dedupe_key")?,
        key: text(row, "ordering_key")?,
        kind: kind_of(&text(row, "kind")?)?,
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
        abandoned: unsigned(row, "abandoned")?,
    })
}

fn source_from_row(row: &PgRow) -> Result<JobSource, JobStoreError> {
    let (kind, id) = (text(row, "aggregate_type")?, text(row, "aggregate_id")?);
    Ok(JobSource {
        stream: StreamId::from_columns(&kind, &id).map_err(|_| damaged("aggregate_id"))?,
        version: unsigned(row, "version")?,
        position: unsigned(row, "position")?,
        event_id: uuid(row, "event_id")?,
        correlation_id: uuid(row, "correlation_id")?,
        traceparent: row.try_get("traceparent").map_err(unavailable)?,
    })
}

pub(super) fn record_from_row(row: &PgRow) -> Result<JobRecord, JobStoreError> {
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
