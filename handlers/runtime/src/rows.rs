//! Rows of the job store to values, the same for every engine.

use invoiceapp_domain::StreamId;
use uuid::Uuid;

use crate::columns::{damaged, instant, kind_of, state_of};
use crate::job::{Claim, Job, JobId, JobSource, Ticket};
use crate::jobs::{JobRecord, JobStoreError};

/// A row, as its engine's driver hands it over.
pub(crate) trait JobRow {
    /// An integer, or nothing where the column is empty.
    fn integer(&self, column: &str) -> Result<Option<i64>, JobStoreError>;
    /// A text, or nothing where the column is empty.
    fn text(&self, column: &str) -> Result<Option<String>, JobStoreError>;
    /// An identifier.
    fn uuid(&self, column: &str) -> Result<Uuid, JobStoreError>;
}

fn unsigned<T: TryFrom<i64>>(row: &impl JobRow, column: &str) -> Result<T, JobStoreError> {
    let value = row.integer(column)?.ok_or_else(|| damaged(column))?;
    T::try_from(value).map_err(|_| damaged(column))
}

fn text(row: &impl JobRow, column: &str) -> Result<String, JobStoreError> {
    row.text(column)?.ok_or_else(|| damaged(column))
}

pub(crate) fn claim_from_row(row: &impl JobRow) -> Result<Claim, JobStoreError> {
    let id = JobId(row.uuid("id")?);
    let job = Job {
        id,
        reactor: text(row, "reactor")?,
        dedupe_key: text(row, "dedupe_key")?,
        key: text(row, "ordering_key")?,
        kind: kind_of(&text(row, "kind")?)?,
        payload: serde_json::from_str(&text(row, "payload")?).map_err(|_| damaged("payload"))?,
        source: source_from_row(row)?,
        attempt: unsigned(row, "attempt")?,
        interrupted: row.integer("started_fence")?.is_some(),
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

fn source_from_row(row: &impl JobRow) -> Result<JobSource, JobStoreError> {
    let (kind, id) = (text(row, "aggregate_type")?, text(row, "aggregate_id")?);
    Ok(JobSource {
        stream: StreamId::from_columns(&kind, &id).map_err(|_| damaged("aggregate_id"))?,
        version: unsigned(row, "version")?,
        position: unsigned(row, "position")?,
        event_id: row.uuid("event_id")?,
        correlation_id: row.uuid("correlation_id")?,
        traceparent: row.text("traceparent")?,
    })
}

pub(crate) fn record_from_row(row: &impl JobRow) -> Result<JobRecord, JobStoreError> {
    Ok(JobRecord {
        id: JobId(row.uuid("id")?),
        reactor: text(row, "reactor")?,
        dedupe_key: text(row, "dedupe_key")?,
        key: text(row, "ordering_key")?,
        state: state_of(&text(row, "state")?)?,
        attempt: unsigned(row, "attempt")?,
        position: unsigned(row, "position")?,
        reason: row.text("reason")?,
        wake_on: row.text("wake_on")?,
        planned_at: instant(unsigned(row, "planned_at")?)?,
        updated_at: instant(unsigned(row, "updated_at")?)?,
        due_at: row.integer("due_at")?.map(instant).transpose()?,
    })
}
