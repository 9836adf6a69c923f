//! The reading side: a few read-only connections. What is read is checked to be dense, so that an
//! answer is never silently short.

use futures::TryStreamExt;
use invoiceapp_domain::StreamId;
use invoiceapp_schemas::{CommandId, RecordedEvent};
use sqlx::sqlite::{SqliteArguments, SqlitePool};
use sqlx::{Arguments, Row};

use super::engine::head_of;
use super::error::journal_error;
use super::open::{OpenError, SqliteOptions, connect_readers};
use super::rows::{EVENT_COLUMNS, ReceiptRow, event_of, signed, unsigned};
use crate::port::{Head, JournalError, JournalStatus, READ_BYTES_MAX, READ_EVENTS_MAX, Snapshot};
use crate::writer::engine::Receipt;

/// Reads with nobody in the writer's way.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pool: SqlitePool,
    stream_sql: String,
    all_sql: String,
}

impl Reader {
    pub(super) async fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        Ok(Self {
            pool: connect_readers(options).await?,
            stream_sql: format!(
                "SELECT {EVENT_COLUMNS} FROM events WHERE aggregate_type = ?1 \
                 AND aggregate_id = ?2 AND sequence > ?3 ORDER BY sequence LIMIT ?4"
            ),
            all_sql: format!(
                "SELECT {EVENT_COLUMNS} FROM events WHERE position > ?1 ORDER BY position LIMIT ?2"
            ),
        })
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let arguments = arguments(|arguments| {
            arguments.add(stream.kind.as_str())?;
            arguments.add(stream.aggregate_id())?;
            arguments.add(signed(after_version))?;
            arguments.add(page_rows(limit))
        })?;
        let events = self.events(&self.stream_sql, arguments).await?;
        for (version, event) in (after_version.saturating_add(1)..).zip(&events) {
            if event.version != version {
                let reason = format!("{stream} has no version {version} before it");
                return Err(JournalError::Damaged {
                    position: event.position,
                    reason,
                });
            }
        }
        Ok(events)
    }

    pub(super) async fn read_all(
        &self,
        after_position: u64,
        limit: usize,
        known_position: u64,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let arguments = arguments(|arguments| {
            arguments.add(signed(after_position))?;
            arguments.add(page_rows(limit))
        })?;
        let events = self.events(&self.all_sql, arguments).await?;
        let mut last = after_position;
        for event in &events {
            last = last.saturating_add(1);
            if event.position != last {
                return Err(missing(last));
            }
        }
        if crate::port::is_last_page(&events, limit) && limit > 0 && last < known_position {
            return Err(missing(last.saturating_add(1)));
        }
        Ok(events)
    }

    /// Rows until the limit in them or in bytes is reached.
    async fn events(
        &self,
        sql: &str,
        arguments: SqliteArguments<'_>,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let mut connection = self
            .pool
            .acquire()
            .await
            .map_err(|error| journal_error(&error))?;
        let mut rows = sqlx::query_with(sql, arguments).fetch(&mut *connection);
        let mut events = Vec::new();
        let mut bytes = 0_usize;
        while bytes < READ_BYTES_MAX {
            let Some(row) = rows
                .try_next()
                .await
                .map_err(|error| journal_error(&error))?
            else {
                break;
            };
            let event = event_of(&row)?;
            bytes = bytes
                .saturating_add(event.payload_json.len())
                .saturating_add(event.metadata_json.len());
            events.push(event);
        }
        Ok(events)
    }

    pub(super) async fn receipt(
        &self,
        command: CommandId,
    ) -> Result<Option<Receipt>, JournalError> {
        let row = sqlx::query(
            "SELECT fingerprint, aggregate_type, aggregate_id, version, position, recorded_at, \
             series, period, sequence FROM receipts WHERE command_id = ?1",
        )
        .bind(command.to_string())
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| journal_error(&error))?;
        let Some(row) = row else {
            return Ok(None);
        };
        let receipt = ReceiptRow::of(&row).map_err(|error| journal_error(&error))?;
        Ok(Some(receipt.receipt()?))
    }

    pub(super) async fn head(&self) -> Result<Head, JournalError> {
        let row = sqlx::query("SELECT position, hash, recorded_at FROM head")
            .fetch_one(&self.pool)
            .await
            .map_err(|error| journal_error(&error))?;
        let head = head_of(&row)?;
        Ok(Head {
            position: head.position,
            hash: head.hash,
        })
    }

    pub(super) async fn snapshot(
        &self,
        stream: &StreamId,
    ) -> Result<Option<Snapshot>, JournalError> {
        let row = sqlx::query(
            "SELECT version, state_hash, state FROM snapshots \
             WHERE aggregate_type = ?1 AND aggregate_id = ?2",
        )
        .bind(stream.kind.as_str())
        .bind(stream.aggregate_id())
        .fetch_optional(&self.pool)
        .await
        .map_err(|error| journal_error(&error))?;
        let Some(row) = row else {
            return Ok(None);
        };
        let column = |error: sqlx::Error| journal_error(&error);
        Ok(Some(Snapshot {
            version: unsigned(row.try_get(0).map_err(column)?),
            state_hash: row.try_get(1).map_err(column)?,
            state_json: row.try_get(2).map_err(column)?,
        }))
    }

    pub(super) async fn status(&self) -> Result<JournalStatus, JournalError> {
        let row = sqlx::query(
            "SELECT position, hash, recorded_at, \
             (SELECT count(*) FROM events WHERE sequence = 1), (SELECT count(*) FROM receipts), \
             (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size) FROM head",
        )
        .fetch_one(&self.pool)
        .await
        .map_err(|error| journal_error(&error))?;
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

fn missing(position: u64) -> JournalError {
    JournalError::Damaged {
        position,
        reason: "it is missing".to_owned(),
    }
}

fn page_rows(limit: usize) -> i64 {
    i64::try_from(limit.min(READ_EVENTS_MAX)).unwrap_or(i64::MAX)
}

/// Parameters of a statement; adding one fails only where it cannot be encoded.
fn arguments<'q>(
    add: impl FnOnce(&mut SqliteArguments<'q>) -> Result<(), sqlx::error::BoxDynError>,
) -> Result<SqliteArguments<'q>, JournalError> {
    let mut arguments = SqliteArguments::default();
    add(&mut arguments).map_err(|error| journal_error(&sqlx::Error::Encode(error)))?;
    Ok(arguments)
}
