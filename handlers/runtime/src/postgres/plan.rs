//! What the planner writes: jobs, wakes, cancellations and the checkpoint, in one transaction that
//! has locked the reactor's row.

use jiff::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, query, query_scalar};
use uuid::Uuid;

use crate::columns::{TAKEN_BACK, beginning, micros, position_of, to_i64, unavailable};
use crate::job::{JobId, PlanBatch, PlannedJob, Ticket};
use crate::jobs::JobStoreError;

const REGISTER: &str = "INSERT INTO reactors (name, position, registered_at) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET position = reactors.position RETURNING position";

const MOVE_CHECKPOINT: &str = "UPDATE reactors SET position = $3 WHERE name = $1 AND position = $2";

const INSERT_JOBS: &str = "\
INSERT INTO jobs (id, reactor, dedupe_key, ordering_key, kind, payload, aggregate_type, aggregate_id,
                  version, position, ordinal, event_id, correlation_id, state, due_at, reason,
                  planned_at, updated_at, traceparent)
SELECT job.id, $1, job.dedupe_key, job.key, job.kind, job.payload, job.aggregate_type,
       job.aggregate_id, job.version, job.position, job.ordinal, job.event_id, job.correlation_id,
       job.state, CASE job.state WHEN 'planned' THEN $2 END, job.reason, $2, $2,
       job.traceparent
  FROM UNNEST($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
              $10::bigint[], $11::bigint[], $12::bigint[], $13::uuid[], $14::uuid[], $15::text[],
              $16::text[], $17::text[])
       AS job (id, dedupe_key, key, kind, payload, aggregate_type, aggregate_id, version, position,
               ordinal, event_id, correlation_id, state, reason, traceparent)
 WHERE NOT EXISTS (SELECT 1 FROM finished_jobs WHERE finished_jobs.id = job.id)
    ON CONFLICT (id) DO NOTHING";

// A wake is for jobs that wait now, and for those that run now and may decide to wait. Raising the
// sequence locks the reactor's row, which every wait for a fact locks too.
const NEXT_WAKE: &str =
    "UPDATE reactors SET wake_sequence = wake_sequence + 1 WHERE name = $1 RETURNING wake_sequence";
const WAKE_WAITING: &str = "\
UPDATE jobs SET state = 'planned', due_at = $3, wake_on = NULL, updated_at = $3
 WHERE reactor = $1 AND state = 'waiting' AND wake_on = ANY ($2)";
const REMEMBER_WAKES: &str = "\
INSERT INTO wakes (reactor, fact, sequence) SELECT DISTINCT $1, fact, $3 FROM UNNEST($2) AS fact
    ON CONFLICT (reactor, fact)
    DO UPDATE SET sequence = excluded.sequence, remembered_at = excluded.remembered_at";
// A claim locks only its job, so one that is not committed yet may have missed this wake and cannot
// be seen here. None lasts as long as wakes are kept at least.
const FORGET_WAKES: &str = "\
DELETE FROM wakes
 WHERE reactor = $1 AND remembered_at < clock_timestamp() - INTERVAL '10 minutes'
   AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.reactor = $1 AND jobs.state = 'running'
                                        AND jobs.claimed_wake < wakes.sequence)";

// One statement for idle and running jobs: between two, a job could change from one to the other.
const CANCEL: &str = "\
UPDATE jobs
   SET state = CASE state WHEN 'running' THEN state ELSE 'cancelled' END,
       due_at = CASE state WHEN 'running' THEN due_at END,
       cancel_reason = CASE state WHEN 'running' THEN $3 END,
       reason = CASE state WHEN 'running' THEN reason ELSE $3 END,
       wake_on = NULL, updated_at = $4
 WHERE reactor = $1 AND state NOT IN ('done', 'cancelled') AND dedupe_key = ANY ($2)";

const LOCK_REACTOR_OF_JOB: &str = "\
SELECT reactors.name FROM reactors JOIN jobs ON jobs.reactor = reactors.name
 WHERE jobs.id = $1 FOR UPDATE OF reactors";
const FINISH_PLAN_JOB: &str = "\
UPDATE jobs SET state = 'done', due_at = NULL, reason = NULL, updated_at = $3
 WHERE id = $1 AND fence = $2 AND state = 'running' AND kind = 'plan'";

pub(super) async fn register(
    connection: &mut PgConnection,
    reactor: &str,
    start_after: u64,
    now: Timestamp,
) -> Result<u64, JobStoreError> {
    let position: i64 = query_scalar(REGISTER)
        .bind(reactor)
        .bind(to_i64(start_after)?)
        .bind(micros(now))
        .fetch_one(connection)
        .await
        .map_err(unavailable)?;
    position_of(position)
}

pub(super) async fn checkpoint(
    connection: &mut PgConnection,
    reactor: &str,
) -> Result<Option<u64>, JobStoreError> {
    let position: Option<i64> = query_scalar("SELECT position FROM reactors WHERE name = $1")
        .bind(reactor)
        .fetch_optional(connection)
        .await
        .map_err(unavailable)?;
    position.map(position_of).transpose()
}

pub(super) async fn commit_plan(
    connection: &mut PgConnection,
    reactor: &str,
    (from, to): (u64, u64),
    batch: &PlanBatch,
    now: Timestamp,
) -> Result<bool, JobStoreError> {
    let mut transaction = connection.begin().await.map_err(unavailable)?;
    let moved = query(MOVE_CHECKPOINT)
        .bind(reactor)
        .bind(to_i64(from)?)
        .bind(to_i64(to)?)
        .execute(&mut *transaction)
        .await
        .map_err(unavailable)?;
    let is_ours = moved.rows_affected() == 1;
    if is_ours {
        write_batch(&mut transaction, reactor, batch, now).await?;
    }
    transaction.commit().await.map_err(unavailable)?;
    Ok(is_ours)
}

/// The reactor whose plan was finished; `None` when the fence was an old one.
pub(super) async fn finish_plan(
    connection: &mut PgConnection,
    ticket: Ticket,
    batch: &PlanBatch,
    now: Timestamp,
) -> Result<Option<String>, JobStoreError> {
    let mut transaction = connection.begin().await.map_err(unavailable)?;
    let reactor: Option<String> = query_scalar(LOCK_REACTOR_OF_JOB)
        .bind(ticket.id.0)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(unavailable)?;
    let finished = query(FINISH_PLAN_JOB)
        .bind(ticket.id.0)
        .bind(to_i64(ticket.fence)?)
        .bind(micros(now))
        .execute(&mut *transaction)
        .await
        .map_err(unavailable)?;
    let reactor = reactor.filter(|_| finished.rows_affected() == 1);
    if let Some(reactor) = &reactor {
        write_batch(&mut transaction, reactor, batch, now).await?;
    }
    transaction.commit().await.map_err(unavailable)?;
    Ok(reactor)
}

async fn write_batch(
    connection: &mut PgConnection,
    reactor: &str,
    batch: &PlanBatch,
    now: Timestamp,
) -> Result<(), JobStoreError> {
    if !batch.jobs.is_empty() {
        insert_jobs(connection, reactor, &batch.jobs, now).await?;
    }
    if !batch.cancel.is_empty() {
        query(CANCEL)
            .bind(reactor)
            .bind(&batch.cancel)
            .bind(TAKEN_BACK)
            .bind(micros(now))
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
    }
    if !batch.wake.is_empty() {
        wake(connection, reactor, &batch.wake, now).await?;
    }
    Ok(())
}

async fn wake(
    connection: &mut PgConnection,
    reactor: &str,
    facts: &[String],
    now: Timestamp,
) -> Result<(), JobStoreError> {
    let sequence: i64 = query_scalar(NEXT_WAKE)
        .bind(reactor)
        .fetch_one(&mut *connection)
        .await
        .map_err(unavailable)?;
    for (statement, last) in [(WAKE_WAITING, micros(now)), (REMEMBER_WAKES, sequence)] {
        query(statement)
            .bind(reactor)
            .bind(facts)
            .bind(last)
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
    }
    query(FORGET_WAKES)
        .bind(reactor)
        .execute(connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// The whole batch is one statement, column by column.
async fn insert_jobs(
    connection: &mut PgConnection,
    reactor: &str,
    jobs: &[PlannedJob],
    now: Timestamp,
) -> Result<(), JobStoreError> {
    let texts = |of: fn(&PlannedJob) -> String| -> Vec<String> { jobs.iter().map(of).collect() };
    let uuids = |of: fn(&PlannedJob) -> Uuid| -> Vec<Uuid> { jobs.iter().map(of).collect() };
    let numbers = |of: fn(&PlannedJob) -> u64| -> Result<Vec<i64>, JobStoreError> {
        jobs.iter().map(|job| to_i64(of(job))).collect()
    };
    let id = |planned: &PlannedJob| JobId::derive(reactor, &planned.job.dedupe_key).0;
    query(INSERT_JOBS)
        .bind(reactor)
        .bind(micros(now))
        .bind(jobs.iter().map(id).collect::<Vec<_>>())
        .bind(texts(|planned| planned.job.dedupe_key.clone()))
        .bind(texts(|planned| planned.job.key.clone()))
        .bind(texts(|planned| beginning(planned).0.to_owned()))
        .bind(texts(|planned| planned.job.payload.to_string()))
        .bind(texts(|planned| {
            planned.source.stream.kind.as_str().to_owned()
        }))
        .bind(texts(|planned| planned.source.stream.aggregate_id()))
        .bind(numbers(|planned| planned.source.version)?)
        .bind(numbers(|planned| planned.source.position)?)
        .bind(numbers(|planned| planned.ordinal.into())?)
        .bind(uuids(|planned| planned.source.event_id))
        .bind(uuids(|planned| planned.source.correlation_id))
        .bind(texts(|planned| beginning(planned).1.to_owned()))
        .bind(
            jobs.iter()
                .map(|planned| planned.parked.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            jobs.iter()
                .map(|planned| planned.source.traceparent.clone())
                .collect::<Vec<_>>(),
        )
        .execute(connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}
