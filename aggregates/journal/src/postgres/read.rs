//! The reading side: a few read-only connections. What is read is checked to be dense, so that an
//! answer is never silently short.

use std::future::ready;

use async_trait::async_trait;
use futures::TryStreamExt;
use invoiceapp_domain::StreamId;
use invoiceapp_observe::client::{ClientSpan, called, table};
use invoiceapp_schemas::{CommandId, RecordedEvent};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgPool, PgRow};
use sqlx::query::Query;
use sqlx::{Connection, Postgres, Row};

use super::engine::{PostgresEngine, head_of, read_events};
use super::error::{EngineFailure, journal_error, within};
use super::open::{DEADLINE, STATUS_DEADLINE, Settings, connect_for_status, readers};
use super::rows::{RECEIPT_JSON, RECEIPTS};
use crate::columns::{EVENT_COLUMNS, ReceiptRow, damaged, signed, unsigned};
use crate::page;
use crate::port::{Head, JournalError, JournalStatus, READ_EVENTS_MAX, Snapshot, Tail};
use crate::sides::ReadingSide;
use crate::writer::engine::{Engine, Receipt};

type Statement<'q> = Query<'q, Postgres, PgArguments>;

pub(super) const HEAD: &str = "SELECT position, hash, recorded_at FROM head WHERE id";

const SNAPSHOT: &str = "SELECT version, state_hash, state FROM snapshots \
     WHERE aggregate_type = $1 AND aggregate_id = $2";

/// Behind the columns of an event: the state of a snapshot, which is no event.
const STATE_COLUMN: usize = 11;

const STATUS: &str = "SELECT position, hash, recorded_at, \
     (SELECT count(*) FROM events WHERE sequence = 1), (SELECT count(*) FROM receipts), \
     (SELECT sum(pg_total_relation_size(name::regclass))::bigint FROM UNNEST(ARRAY['events', \
         'head', 'receipts', 'claims', 'series', 'snapshots']) AS its (name)) \
     FROM head WHERE id";

/// Reads with nobody in the writer's way.
#[derive(Debug, Clone)]
pub struct Reader {
    settings: Settings,
    pool: PgPool,
    stream_sql: String,
    all_sql: String,
    tail_sql: String,
    receipt_sql: String,
}

impl Reader {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            settings: settings.clone(),
            pool: readers(settings),
            stream_sql: format!(
                "SELECT {EVENT_COLUMNS} FROM events WHERE aggregate_type = $1 \
                 AND aggregate_id = $2 AND sequence > $3 ORDER BY sequence LIMIT $4"
            ),
            all_sql: format!(
                "SELECT {EVENT_COLUMNS} FROM events WHERE position > $1 ORDER BY position LIMIT $2"
            ),
            tail_sql: format!(
                "WITH kept AS MATERIALIZED (
                    SELECT version, state FROM snapshots
                    WHERE aggregate_type = $1 AND aggregate_id = $2 AND state_hash = $3
                )
                (SELECT {EVENT_COLUMNS}, NULL::text FROM events
                    WHERE aggregate_type = $1 AND aggregate_id = $2
                    AND sequence > coalesce((SELECT version FROM kept), 0)
                    ORDER BY sequence LIMIT $4)
                UNION ALL
                SELECT 0, NULL, NULL, version, NULL, NULL, NULL, NULL, NULL, 0, NULL, state
                    FROM kept"
            ),
            receipt_sql: format!(
                "SELECT {RECEIPT_JSON}::text FROM {RECEIPTS} WHERE receipts.command_id = $1"
            ),
        }
    }

    /// Used and idle connections.
    pub(super) fn connections(&self) -> (u64, u64) {
        let idle = u64::try_from(self.pool.num_idle()).unwrap_or(u64::MAX);
        (u64::from(self.pool.size()).saturating_sub(idle), idle)
    }

    async fn acquire(&self) -> Result<PoolConnection<Postgres>, JournalError> {
        // The pool has a deadline of its own for this.
        self.pool
            .acquire()
            .await
            .map_err(|error| journal_error(&error))
    }

    /// Rows until the limit in them or in bytes is reached.
    async fn events(&self, statement: Statement<'_>) -> Result<Vec<RecordedEvent>, JournalError> {
        self.events_without(statement, |_| Ok(false)).await
    }

    /// The same, without the rows that are taken out.
    async fn events_without(
        &self,
        statement: Statement<'_>,
        mut take_out: impl FnMut(&PgRow) -> Result<bool, sqlx::Error> + Send,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let mut connection = self.acquire().await?;
        let rows = statement.fetch(&mut *connection);
        let rows = rows.try_filter_map(|row| {
            let taken = take_out(&row);
            ready(taken.map(|is_taken| (!is_taken).then_some(row)))
        });
        let read = read_events(rows);
        let read = within(DEADLINE, async { Ok(read.await) }).await;
        if !matches!(read, Ok(Ok((_, true)))) {
            // Rows may still be on their way, and the next reader is not to wait for them.
            drop(connection.detach());
        }
        let (events, _) = read??;
        Ok(events)
    }

    /// The only row of a statement along a key.
    async fn row(&self, statement: Statement<'_>) -> Result<Option<PgRow>, JournalError> {
        let mut connection = self.acquire().await?;
        let row = within(DEADLINE, statement.fetch_optional(&mut *connection)).await;
        if matches!(row, Err(EngineFailure::TooLate(_))) {
            drop(connection.detach());
        }
        Ok(row?)
    }
}

#[async_trait]
impl ReadingSide for Reader {
    async fn close(&self) {
        // sqlx misses a connection that is given back while it waits for the last one. The second
        // time finds it.
        let closed = async {
            self.pool.close().await;
            self.pool.close().await;
        };
        // A read that is under way ends within its own deadline.
        let _ = tokio::time::timeout(DEADLINE, closed).await;
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let statement = sqlx::query(&self.stream_sql)
            .bind(stream.kind.as_str())
            .bind(stream.aggregate_id())
            .bind(signed(after_version))
            .bind(page::rows_max(limit));
        let events = called(selecting("events"), self.events(statement)).await?;
        page::of_stream(events, stream, after_version)
    }

    async fn read_all(
        &self,
        after_position: u64,
        limit: usize,
        known_position: u64,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let statement = sqlx::query(&self.all_sql)
            .bind(signed(after_position))
            .bind(page::rows_max(limit));
        let events = called(selecting("events"), self.events(statement)).await?;
        page::of_all(events, after_position, limit, known_position)
    }

    async fn receipt(&self, command: CommandId) -> Result<Option<Receipt>, JournalError> {
        let row = self.row(sqlx::query(&self.receipt_sql).bind(command.0));
        let Some(row) = called(selecting("receipts"), row).await? else {
            return Ok(None);
        };
        let text: &str = row.try_get(0).map_err(|error| journal_error(&error))?;
        let receipt: ReceiptRow = serde_json::from_str(text)
            .map_err(|error| damaged(0, format!("the receipt of {command}: {error}")))?;
        Ok(Some(receipt.receipt()?))
    }

    async fn head(&self) -> Result<Head, JournalError> {
        let row = called(selecting("head"), self.row(sqlx::query(HEAD))).await?;
        let head = head_of(&present(row)?)?;
        Ok(Head {
            position: head.position,
            hash: head.hash,
        })
    }

    async fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, JournalError> {
        let statement = sqlx::query(SNAPSHOT)
            .bind(stream.kind.as_str())
            .bind(stream.aggregate_id());
        let Some(row) = called(selecting("snapshots"), self.row(statement)).await? else {
            return Ok(None);
        };
        let column = |error: sqlx::Error| journal_error(&error);
        Ok(Some(Snapshot {
            version: unsigned(row.try_get(0).map_err(column)?),
            state_hash: row.try_get(1).map_err(column)?,
            state_json: row.try_get(2).map_err(column)?,
        }))
    }

    async fn read_tail(&self, stream: &StreamId, state_hash: &str) -> Result<Tail, JournalError> {
        let statement = sqlx::query(&self.tail_sql)
            .bind(stream.kind.as_str())
            .bind(stream.aggregate_id())
            .bind(state_hash)
            .bind(page::rows_max(READ_EVENTS_MAX));
        let mut snapshot = None;
        let events = self.events_without(statement, |row| {
            let state: Option<String> = row.try_get(STATE_COLUMN)?;
            let Some(state_json) = state else {
                return Ok(false);
            };
            snapshot = Some(Snapshot {
                version: unsigned(row.try_get(3)?),
                state_hash: state_hash.to_owned(),
                state_json,
            });
            Ok(true)
        });
        let events = called(selecting("events"), events).await?;
        page::of_tail(snapshot, events, stream)
    }

    async fn status(&self) -> Result<JournalStatus, JournalError> {
        // On a connection of its own, because the server may take longer over this one statement.
        let mut connection = connect_for_status(&self.settings).await?;
        let statement = sqlx::query(STATUS);
        let row = within(STATUS_DEADLINE, statement.fetch_one(&mut connection)).await?;
        if let Err(failure) = within(DEADLINE, connection.close()).await {
            let error = JournalError::from(failure);
            tracing::debug!(%error, "the connection that had asked for the status was lost");
        }
        let head = head_of(&row)?;
        let column = |error: sqlx::Error| journal_error(&error);
        Ok(JournalStatus {
            head: Head {
                position: head.position,
                hash: head.hash,
            },
            recorded_at: (head.position > 0).then_some(head.recorded_at),
            streams: unsigned(row.try_get(3).map_err(column)?),
            receipts: unsigned(row.try_get(4).map_err(column)?),
            bytes: unsigned(row.try_get(5).map_err(column)?),
        })
    }
}

/// The span of a read, as far as a request or another piece of work asks for it.
fn selecting(from: &'static str) -> ClientSpan {
    table(PostgresEngine::SYSTEM, "SELECT", from)
}

fn present(row: Option<PgRow>) -> Result<PgRow, JournalError> {
    row.ok_or_else(|| JournalError::Damaged {
        position: 0,
        reason: "the head is missing".to_owned(),
    })
}
