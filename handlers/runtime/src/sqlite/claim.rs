//! What the workers write: claims, leases and verdicts, each under its fence.

use jiff::Timestamp;
use sqlx::{SqliteConnection, SqlitePool};

use crate::columns::{instant, micros, short, to_i64, unavailable};
use crate::job::{Claim, Ticket, Verdict};
use crate::jobs::JobStoreError;
use crate::rows::claim_from_row;

// Order within a key is the order of the events: nothing overtakes an unfinished earlier job,
// whatever keeps it. One that still runs was abandoned, which is no failed attempt: nothing is known
// against the job.
const CLAIM: &str = "\
UPDATE jobs
   SET state = 'running', due_at = ?3, fence = fence + 1, wake_on = NULL,
       attempt = CASE state WHEN 'running' THEN attempt ELSE attempt + 1 END,
       abandoned = CASE state WHEN 'running' THEN abandoned + 1 ELSE 0 END,
       claimed_wake = (SELECT wake_sequence FROM reactors WHERE name = ?1), updated_at = ?2
 WHERE id = (
    SELECT id FROM jobs AS candidate
     WHERE reactor = ?1 AND state IN ('planned', 'running', 'waiting') AND due_at <= ?2
       AND NOT EXISTS (
        SELECT 1 FROM jobs AS earlier
         WHERE earlier.reactor = candidate.reactor
           AND earlier.ordering_key = candidate.ordering_key
           AND earlier.state NOT IN ('done', 'cancelled')
           AND (earlier.position, earlier.ordinal) < (candidate.position, candidate.ordinal))
     ORDER BY due_at, position, ordinal LIMIT 1)
RETURNING *";

const NEXT_DUE: &str = "\
SELECT min(due_at) FROM jobs AS candidate
 WHERE reactor = ?1 AND state IN ('planned', 'running', 'waiting')
   AND NOT EXISTS (
    SELECT 1 FROM jobs AS earlier
     WHERE earlier.reactor = candidate.reactor
       AND earlier.ordering_key = candidate.ordering_key
       AND earlier.state NOT IN ('done', 'cancelled')
       AND (earlier.position, earlier.ordinal) < (candidate.position, candidate.ordinal))";

const RENEW: &str =
    "UPDATE jobs SET due_at = ?3 WHERE id = ?1 AND fence = ?2 AND state = 'running'";

const MARK_STARTED: &str =
    "UPDATE jobs SET started_fence = fence WHERE id = ?1 AND fence = ?2 AND state = 'running'";

const CANCEL_REASON: &str =
    "SELECT cancel_reason FROM jobs WHERE id = ?1 AND fence = ?2 AND state = 'running'";

const FINISH: &str = "\
UPDATE jobs
   SET state = ?3, due_at = NULL, reason = ?4, cancel_reason = NULL,
       started_fence = CASE WHEN ?6 THEN started_fence END,
       updated_at = ?5
 WHERE id = ?1 AND fence = ?2 AND state = 'running'";

// The mark of an earlier attempt is not this one's to take away: nobody said how that ended.
const RETRY: &str = "\
UPDATE jobs
   SET state = 'planned', due_at = ?3, reason = ?4,
       started_fence = CASE WHEN ?7 OR started_fence <> fence THEN started_fence END,
       attempt = CASE WHEN ?5 THEN attempt ELSE attempt - 1 END,
       unavailable = CASE WHEN ?5 THEN 0 ELSE unavailable + 1 END, updated_at = ?6
 WHERE id = ?1 AND fence = ?2 AND state = 'running'";

// A wake that came after the claim has been said already: the job is due at once.
const WAIT: &str = "\
UPDATE jobs
   SET state = CASE WHEN missed THEN 'planned' ELSE 'waiting' END,
       due_at = CASE WHEN missed THEN ?5 ELSE ?4 END,
       wake_on = CASE WHEN missed THEN NULL ELSE ?3 END,
       reason = NULL, attempt = attempt - 1, unavailable = 0, updated_at = ?5,
       started_fence = CASE WHEN started_fence <> fence THEN started_fence END
  FROM (SELECT EXISTS (
            SELECT 1 FROM wakes JOIN jobs ON jobs.reactor = wakes.reactor
             WHERE jobs.id = ?1 AND wakes.fact = ?3 AND wakes.sequence > jobs.claimed_wake
        ) AS missed)
 WHERE id = ?1 AND fence = ?2 AND state = 'running'";

const RELEASE_LEASES: &str =
    "UPDATE jobs SET due_at = ?2 WHERE reactor = ?1 AND state = 'running' AND due_at > ?2";

pub(super) async fn claim(
    pool: &SqlitePool,
    reactor: &str,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<Option<Claim>, JobStoreError> {
    let row = sqlx::query(CLAIM)
        .bind(reactor)
        .bind(micros(now))
        .bind(micros(lease_until))
        .fetch_optional(pool)
        .await
        .map_err(unavailable)?;
    row.as_ref().map(claim_from_row).transpose()
}

pub(super) async fn next_due(
    pool: &SqlitePool,
    reactor: &str,
) -> Result<Option<Timestamp>, JobStoreError> {
    let due_at: Option<i64> = sqlx::query_scalar(NEXT_DUE)
        .bind(reactor)
        .fetch_one(pool)
        .await
        .map_err(unavailable)?;
    due_at.map(instant).transpose()
}

pub(super) async fn renew(
    pool: &SqlitePool,
    ticket: Ticket,
    lease_until: Timestamp,
) -> Result<bool, JobStoreError> {
    let renewed = sqlx::query(RENEW)
        .bind(ticket.id.0.as_bytes().as_slice())
        .bind(to_i64(ticket.fence)?)
        .bind(micros(lease_until))
        .execute(pool)
        .await
        .map_err(unavailable)?;
    Ok(renewed.rows_affected() == 1)
}

pub(super) async fn mark_started(pool: &SqlitePool, ticket: Ticket) -> Result<bool, JobStoreError> {
    let marked = sqlx::query(MARK_STARTED)
        .bind(ticket.id.0.as_bytes().as_slice())
        .bind(to_i64(ticket.fence)?)
        .execute(pool)
        .await
        .map_err(unavailable)?;
    Ok(marked.rows_affected() == 1)
}

pub(super) async fn release_leases(
    pool: &SqlitePool,
    reactor: &str,
    now: Timestamp,
) -> Result<u64, JobStoreError> {
    let released = sqlx::query(RELEASE_LEASES)
        .bind(reactor)
        .bind(micros(now))
        .execute(pool)
        .await
        .map_err(unavailable)?;
    Ok(released.rows_affected())
}

pub(super) async fn finish(
    pool: &SqlitePool,
    ticket: Ticket,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<bool, JobStoreError> {
    let mut transaction = pool
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    let held: Option<Option<String>> = sqlx::query_scalar(CANCEL_REASON)
        .bind(ticket.id.0.as_bytes().as_slice())
        .bind(to_i64(ticket.fence)?)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(unavailable)?;
    let Some(cancel_reason) = held else {
        return Ok(false);
    };
    let cancelled = cancel_reason.map(|reason| Verdict::Cancel { reason });
    let verdict = match verdict {
        Verdict::Done | Verdict::Cancel { .. } => verdict,
        Verdict::Retry { .. } | Verdict::Wait { .. } | Verdict::Park { .. } => {
            cancelled.as_ref().unwrap_or(verdict)
        }
    };
    write_verdict(&mut transaction, ticket, verdict, now).await?;
    transaction.commit().await.map_err(unavailable)?;
    Ok(true)
}

async fn write_verdict(
    connection: &mut SqliteConnection,
    ticket: Ticket,
    verdict: &Verdict,
    now: Timestamp,
) -> Result<(), JobStoreError> {
    let id = ticket.id.0.as_bytes().as_slice();
    let fence = to_i64(ticket.fence)?;
    let ended = |state: &'static str, reason: Option<String>, cut: bool| {
        let ended = sqlx::query(FINISH).bind(id).bind(fence).bind(state);
        ended.bind(reason).bind(micros(now)).bind(cut)
    };
    let statement = match verdict {
        Verdict::Done => ended("done", None, false),
        Verdict::Park { reason, cut } => ended("parked", Some(short(reason)), *cut),
        Verdict::Cancel { reason } => ended("cancelled", Some(short(reason)), false),
        Verdict::Retry {
            reason,
            due_at,
            counted,
            cut,
        } => {
            let retry = sqlx::query(RETRY)
                .bind(id)
                .bind(fence)
                .bind(micros(*due_at));
            let retry = retry.bind(short(reason)).bind(*counted);
            retry.bind(micros(now)).bind(*cut)
        }
        Verdict::Wait { wake_on, due_at } => {
            let wait = sqlx::query(WAIT).bind(id).bind(fence).bind(wake_on);
            wait.bind(micros(*due_at)).bind(micros(now))
        }
    };
    statement.execute(connection).await.map_err(unavailable)?;
    Ok(())
}
