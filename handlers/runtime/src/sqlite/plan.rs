//! What the planner writes: jobs, wakes, cancellations and the checkpoint, in one transaction.

use jiff::Timestamp;
use serde_json::{Value, json};
use sqlx::{SqliteConnection, SqlitePool};

use crate::columns::{TAKEN_BACK, beginning, micros, position_of, to_i64, unavailable};
use crate::job::{JobId, PlanBatch, PlannedJob, Ticket};
use crate::jobs::JobStoreError;

const REGISTER: &str = "INSERT INTO reactors (name, position, registered_at) VALUES (?1, ?2, ?3) \
     ON CONFLICT (name) DO UPDATE SET position = position RETURNING position";

const MOVE_CHECKPOINT: &str = "UPDATE reactors SET position = ?3 WHERE name = ?1 AND position = ?2";

const INSERT_JOBS: &str = "\
INSERT INTO jobs (id, reactor, dedupe_key, ordering_key, kind, payload, aggregate_type, aggregate_id,
                  version, position, ordinal, event_id, correlation_id, traceparent, state, due_at,
                  reason, planned_at, updated_at)
SELECT unhex(job.value ->> 'id'), ?1, job.value ->> 'dedupe_key', job.value ->> 'key',
       job.value ->> 'kind', job.value ->> 'payload', job.value ->> 'aggregate_type',
       job.value ->> 'aggregate_id', job.value ->> 'version', job.value ->> 'position',
       job.value ->> 'ordinal', unhex(job.value ->> 'event_id'),
       unhex(job.value ->> 'correlation_id'), job.value ->> 'traceparent', job.value ->> 'state',
       CASE job.value ->> 'state' WHEN 'planned' THEN ?3 END, job.value ->> 'reason', ?3, ?3
  FROM json_each(?2) AS job
 WHERE NOT EXISTS (SELECT 1 FROM finished_jobs WHERE id = unhex(job.value ->> 'id'))
    ON CONFLICT (id) DO NOTHING";

// A wake is for jobs that wait now, and for those that run now and may decide to wait.
const NEXT_WAKE: &str = "UPDATE reactors SET wake_sequence = wake_sequence + 1 WHERE name = ?1";
const WAKE_WAITING: &str = "\
UPDATE jobs SET state = 'planned', due_at = ?3, wake_on = NULL, updated_at = ?3
 WHERE reactor = ?1 AND state = 'waiting' AND wake_on IN (SELECT value FROM json_each(?2))";
const REMEMBER_WAKES: &str = "\
INSERT INTO wakes (reactor, fact, sequence)
SELECT ?1, fact.value, (SELECT wake_sequence FROM reactors WHERE name = ?1)
  FROM json_each(?2) AS fact WHERE true
    ON CONFLICT (reactor, fact) DO UPDATE SET sequence = excluded.sequence";
const FORGET_WAKES: &str = "\
DELETE FROM wakes
 WHERE reactor = ?1
   AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.reactor = ?1 AND jobs.state = 'running'
                                        AND jobs.claimed_wake < wakes.sequence)";

const CANCEL_IDLE: &str = "\
UPDATE jobs SET state = 'cancelled', due_at = NULL, wake_on = NULL, reason = ?3, updated_at = ?4
 WHERE reactor = ?1 AND state IN ('planned', 'waiting', 'parked')
   AND dedupe_key IN (SELECT value FROM json_each(?2))";
const CANCEL_RUNNING: &str = "\
UPDATE jobs SET cancel_reason = ?3, updated_at = ?4
 WHERE reactor = ?1 AND state = 'running'
   AND dedupe_key IN (SELECT value FROM json_each(?2))";

const FINISH_PLAN_JOB: &str = "\
UPDATE jobs SET state = 'done', due_at = NULL, reason = NULL, updated_at = ?3
 WHERE id = ?1 AND fence = ?2 AND state = 'running' AND kind = 'plan' RETURNING reactor";

pub(super) async fn register(
    pool: &SqlitePool,
    reactor: &str,
    start_after: u64,
    now: Timestamp,
) -> Result<u64, JobStoreError> {
    let position: i64 = sqlx::query_scalar(REGISTER)
        .bind(reactor)
        .bind(to_i64(start_after)?)
        .bind(micros(now))
        .fetch_one(pool)
        .await
        .map_err(unavailable)?;
    position_of(position)
}

pub(super) async fn checkpoint(
    pool: &SqlitePool,
    reactor: &str,
) -> Result<Option<u64>, JobStoreError> {
    let position: Option<i64> = sqlx::query_scalar("SELECT position FROM reactors WHERE name = ?1")
        .bind(reactor)
        .fetch_optional(pool)
        .await
        .map_err(unavailable)?;
    position.map(position_of).transpose()
}

pub(super) async fn commit_plan(
    pool: &SqlitePool,
    reactor: &str,
    (from, to): (u64, u64),
    batch: &PlanBatch,
    now: Timestamp,
) -> Result<bool, JobStoreError> {
    let mut transaction = pool
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    let moved = sqlx::query(MOVE_CHECKPOINT)
        .bind(reactor)
        .bind(to_i64(from)?)
        .bind(to_i64(to)?)
        .execute(&mut *transaction)
        .await
        .map_err(unavailable)?;
    if moved.rows_affected() == 0 {
        return Ok(false);
    }
    write_batch(&mut transaction, reactor, batch, now).await?;
    transaction.commit().await.map_err(unavailable)?;
    Ok(true)
}

pub(super) async fn finish_plan(
    pool: &SqlitePool,
    ticket: Ticket,
    batch: &PlanBatch,
    now: Timestamp,
) -> Result<bool, JobStoreError> {
    let mut transaction = pool
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    let reactor: Option<String> = sqlx::query_scalar(FINISH_PLAN_JOB)
        .bind(ticket.id.0.as_bytes().as_slice())
        .bind(to_i64(ticket.fence)?)
        .bind(micros(now))
        .fetch_optional(&mut *transaction)
        .await
        .map_err(unavailable)?;
    let Some(reactor) = reactor else {
        return Ok(false);
    };
    write_batch(&mut transaction, &reactor, batch, now).await?;
    transaction.commit().await.map_err(unavailable)?;
    Ok(true)
}

async fn write_batch(
    connection: &mut SqliteConnection,
    reactor: &str,
    batch: &PlanBatch,
    now: Timestamp,
) -> Result<(), JobStoreError> {
    if !batch.jobs.is_empty() {
        let rows: Vec<Value> = batch.jobs.iter().map(|job| job_row(reactor, job)).collect();
        sqlx::query(INSERT_JOBS)
            .bind(reactor)
            .bind(Value::from(rows).to_string())
            .bind(micros(now))
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
    }
    if !batch.cancel.is_empty() {
        let keys = Value::from(batch.cancel.clone()).to_string();
        for statement in [CANCEL_IDLE, CANCEL_RUNNING] {
            sqlx::query(statement)
                .bind(reactor)
                .bind(&keys)
                .bind(TAKEN_BACK)
                .bind(micros(now))
                .execute(&mut *connection)
                .await
                .map_err(unavailable)?;
        }
    }
    if !batch.wake.is_empty() {
        let facts = Value::from(batch.wake.clone()).to_string();
        for statement in [NEXT_WAKE, WAKE_WAITING, REMEMBER_WAKES, FORGET_WAKES] {
            sqlx::query(statement)
                .bind(reactor)
                .bind(&facts)
                .bind(micros(now))
                .execute(&mut *connection)
                .await
                .map_err(unavailable)?;
        }
    }
    Ok(())
}

/// One element of the array that [`INSERT_JOBS`] unpacks: the whole batch is one statement.
fn job_row(reactor: &str, planned: &PlannedJob) -> Value {
    let PlannedJob {
        job,
        source,
        ordinal,
        parked,
    } = planned;
    let (kind, state) = beginning(planned);
    json!({
        "id": JobId::derive(reactor, &job.dedupe_key).0.simple().to_string(),
        "dedupe_key": job.dedupe_key,
        "key": job.key,
        "kind": kind,
        "payload": job.payload.to_string(),
        "aggregate_type": source.stream.kind.as_str(),
        "aggregate_id": source.stream.aggregate_id(),
        "version": source.version,
        "position": source.position,
        "ordinal": ordinal,
        "event_id": source.event_id.simple().to_string(),
        "correlation_id": source.correlation_id.simple().to_string(),
        "traceparent": source.traceparent,
        "state": state,
        "reason": parked,
    })
}
