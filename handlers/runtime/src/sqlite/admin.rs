//! What operators and metrics ask, and the pruning of what is long finished.

use jiff::Timestamp;
use sqlx::{Row, SqlitePool};

use crate::columns::{instant, list_limit, micros, position_of, short, state_of, unavailable};
use crate::job::JobId;
use crate::jobs::{JobFilter, JobRecord, JobStoreError, ReactorStatus, StateCount};
use crate::rows::record_from_row;

const STATUS: &str = "\
SELECT reactors.name, reactors.position, jobs.state, count(jobs.id) AS jobs,
       min(jobs.planned_at) AS oldest
  FROM reactors LEFT JOIN jobs ON jobs.reactor = reactors.name
 GROUP BY reactors.name, reactors.position, jobs.state
 ORDER BY reactors.name, jobs.state";

/// From an index that holds all of it, by the states of jobs that are not finished.
const BACKLOG: &str = "\
SELECT reactors.name, reactors.position, jobs.state, count(jobs.planned_at) AS jobs,
       min(jobs.planned_at) AS oldest
  FROM reactors
  LEFT JOIN jobs ON jobs.reactor = reactors.name
                AND jobs.state IN ('planned', 'running', 'waiting', 'parked')
 GROUP BY reactors.name, reactors.position, jobs.state
 ORDER BY reactors.name, jobs.state";

const LIST: &str = "\
SELECT * FROM jobs
 WHERE (?1 IS NULL OR reactor = ?1) AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR id = ?3)
   AND (NOT ?5 OR state NOT IN ('done', 'cancelled'))
   AND (?6 IS NULL OR (position, ordinal, reactor, id) >
       (SELECT position, ordinal, reactor, id FROM jobs WHERE id = ?6))
 ORDER BY position, ordinal, reactor, id LIMIT ?4";

const RETRY: &str = "\
UPDATE jobs
   SET state = 'planned', due_at = ?2, attempt = 0, unavailable = 0, wake_on = NULL, updated_at = ?2
 WHERE id = ?1 AND state IN ('parked', 'waiting', 'planned')";

const CANCEL: &str = "\
UPDATE jobs
   SET state = CASE state WHEN 'running' THEN state ELSE 'cancelled' END,
       due_at = CASE state WHEN 'running' THEN due_at END,
       cancel_reason = CASE state WHEN 'running' THEN ?2 END,
       reason = ?2, wake_on = NULL, updated_at = ?3
 WHERE id = ?1 AND state NOT IN ('done', 'cancelled')";

const REMEMBER_PRUNED: &str = "\
INSERT INTO finished_jobs (id)
SELECT id FROM jobs WHERE state IN ('done', 'cancelled') AND updated_at < ?1
 ORDER BY updated_at LIMIT ?2
    ON CONFLICT (id) DO NOTHING";
const DELETE_PRUNED: &str = "\
DELETE FROM jobs
 WHERE state IN ('done', 'cancelled') AND updated_at < ?1
   AND id IN (SELECT id FROM finished_jobs)";

pub(super) async fn status(pool: &SqlitePool) -> Result<Vec<ReactorStatus>, JobStoreError> {
    counted(pool, STATUS).await
}

pub(super) async fn backlog(pool: &SqlitePool) -> Result<Vec<ReactorStatus>, JobStoreError> {
    counted(pool, BACKLOG).await
}

async fn counted(
    pool: &SqlitePool,
    sql: &'static str,
) -> Result<Vec<ReactorStatus>, JobStoreError> {
    let rows = sqlx::query(sql)
        .fetch_all(pool)
        .await
        .map_err(unavailable)?;
    let mut reactors: Vec<ReactorStatus> = Vec::new();
    for row in rows {
        let reactor: String = row.try_get("name").map_err(unavailable)?;
        if reactors.last().is_none_or(|last| last.reactor != reactor) {
            let position = position_of(row.try_get("position").map_err(unavailable)?)?;
            reactors.push(ReactorStatus {
                reactor,
                position,
                counts: Vec::new(),
            });
        }
        let state: Option<String> = row.try_get("state").map_err(unavailable)?;
        let (Some(last), Some(state)) = (reactors.last_mut(), state) else {
            continue;
        };
        let oldest: Option<i64> = row.try_get("oldest").map_err(unavailable)?;
        last.counts.push(StateCount {
            state: state_of(&state)?,
            count: position_of(row.try_get("jobs").map_err(unavailable)?)?,
            oldest: oldest.map(instant).transpose()?,
        });
    }
    Ok(reactors)
}

pub(super) async fn list(
    pool: &SqlitePool,
    filter: &JobFilter,
) -> Result<Vec<JobRecord>, JobStoreError> {
    let rows = sqlx::query(LIST)
        .bind(filter.reactor.as_deref())
        .bind(filter.state.map(|state| state.as_str()))
        .bind(filter.id.map(|id| id.0.as_bytes().to_vec()))
        .bind(list_limit(filter))
        .bind(filter.unfinished)
        .bind(filter.after.map(|id| id.0.as_bytes().to_vec()))
        .fetch_all(pool)
        .await
        .map_err(unavailable)?;
    rows.iter().map(record_from_row).collect()
}

pub(super) async fn retry(
    pool: &SqlitePool,
    id: JobId,
    now: Timestamp,
) -> Result<bool, JobStoreError> {
    let retried = sqlx::query(RETRY)
        .bind(id.0.as_bytes().as_slice())
        .bind(micros(now))
        .execute(pool)
        .await
        .map_err(unavailable)?;
    Ok(retried.rows_affected() == 1)
}

pub(super) async fn cancel(
    pool: &SqlitePool,
    id: JobId,
    reason: &str,
    now: Timestamp,
) -> Result<bool, JobStoreError> {
    let cancelled = sqlx::query(CANCEL)
        .bind(id.0.as_bytes().as_slice())
        .bind(short(reason))
        .bind(micros(now))
        .execute(pool)
        .await
        .map_err(unavailable)?;
    Ok(cancelled.rows_affected() == 1)
}

pub(super) async fn prune(
    pool: &SqlitePool,
    finished_before: Timestamp,
    limit: u32,
) -> Result<u64, JobStoreError> {
    let before = micros(finished_before);
    let mut transaction = pool
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    sqlx::query(REMEMBER_PRUNED)
        .bind(before)
        .bind(i64::from(limit))
        .execute(&mut *transaction)
        .await
        .map_err(unavailable)?;
    let pruned = sqlx::query(DELETE_PRUNED)
        .bind(before)
        .execute(&mut *transaction)
        .await
        .map_err(unavailable)?;
    transaction.commit().await.map_err(unavailable)?;
    Ok(pruned.rows_affected())
}
