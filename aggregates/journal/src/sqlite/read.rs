//! The reading side: a few read-only connections. What is read is checked to be dense, so that an
//! answer is never silently short.

use futures::TryStreamExt;
use invoiceapp_domain::StreamId;
use invoiceapp_schemas::{CommandId, RecordedEvent};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{Arguments, Row};

use super::error::journal_error;
use super::open::{OpenError, SqliteOptions, connect_readers};
use super::rows::{self, event_of, events_of};
use crate::columns::{EVENT_COLUMNS, ReceiptRow, signed, unsigned};
use crate::port::{Head, JournalError, JournalStatus, READ_BYTES_MAX, READ_EVENTS_MAX, Snapshot};
use crate::writer::engine::{HeadState, Receipt};

/// Events that are read as one row.
const CHUNK_EVENTS: usize = 128;
/// Most bytes of text that are read as one row.
const CHUNK_BYTES_MAX: usize = 1 << 20;

/// Reads with nobody in the writer's way.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pool: SqlitePool,
    stream: RangeSql,
    all: RangeSql,
}

/// How a range of events is read. `?1` is how many, `?2` behind which, and the rest names the range.
#[derive(Debug, Clone)]
struct RangeSql {
    /// An event per row.
    rows: String,
    /// All of them in one row, as JSON, which costs a third of so many rows; NULL beyond
    /// [`CHUNK_BYTES_MAX`].
    chunk: String,
}

impl RangeSql {
    fn new(condition: &str, order: &str) -> Self {
        let range = format!("FROM events WHERE {condition} ORDER BY {order} LIMIT ?1");
        Self {
            rows: format!("SELECT {EVENT_COLUMNS} {range}"),
            chunk: format!(
                "SELECT CASE WHEN bytes <= {CHUNK_BYTES_MAX} THEN (\
                 SELECT json_group_array(json_array({EVENT_COLUMNS})) \
                 FROM (SELECT {EVENT_COLUMNS} {range})) END \
                 FROM (SELECT coalesce(sum(octets), 0) AS bytes FROM (\
                 SELECT octet_length(payload) + octet_length(metadata) AS octets {range}))"
            ),
        }
    }
}

impl Reader {
    pub(super) async fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        Ok(Self {
            pool: connect_readers(options).await?,
            stream: RangeSql::new(
                "aggregate_type = ?3 AND aggregate_id = ?4 AND sequence > ?2",
                "sequence",
            ),
            all: RangeSql::new("position > ?2", "position"),
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
        let range = Range {
            sql: &self.stream,
            after: after_version,
            stream: Some(stream),
        };
        let events = self.events(range, limit).await?;
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
        let range = Range {
            sql: &self.all,
            after: after_position,
            stream: None,
        };
        let events = self.events(range, limit).await?;
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

    /// Events until the limit in them or in bytes is reached, chunk by chunk. What lies between two
    /// chunks cannot change: nothing is ever written but behind the end.
    async fn events(
        &self,
        mut range: Range<'_>,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let limit = limit.min(READ_EVENTS_MAX);
        let mut connection = self
            .pool
            .acquire()
            .await
            .map_err(|error| journal_error(&error))?;
        let mut events: Vec<RecordedEvent> = Vec::new();
        let mut bytes = 0_usize;
        while bytes < READ_BYTES_MAX && events.len() < limit {
            let wanted = CHUNK_EVENTS.min(limit.saturating_sub(events.len()));
            let chunk = match range.chunk(&mut connection, wanted).await? {
                Some(chunk) => chunk,
                None => range.rows(&mut connection, wanted).await?,
            };
            let is_end = chunk.len() < wanted;
            for event in chunk {
                if bytes >= READ_BYTES_MAX {
                    return Ok(events);
                }
                bytes = bytes.saturating_add(text_bytes(&event));
                range.after = range.place(&event);
                events.push(event);
            }
            if is_end {
                break;
            }
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

fn text_bytes(event: &RecordedEvent) -> usize {
    event
        .payload_json
        .len()
        .saturating_add(event.metadata_json.len())
}

/// Events of a stream behind a version, or of the journal behind a position.
#[derive(Clone, Copy)]
struct Range<'a> {
    sql: &'a RangeSql,
    after: u64,
    stream: Option<&'a StreamId>,
}

impl Range<'_> {
    /// Where in the range an event lies.
    const fn place(&self, event: &RecordedEvent) -> u64 {
        match self.stream {
            Some(_) => event.version,
            None => event.position,
        }
    }

    /// Adding a parameter fails only where it cannot be encoded.
    fn arguments(&self, limit: usize) -> Result<SqliteArguments<'static>, JournalError> {
        let mut arguments = SqliteArguments::default();
        let mut add = || {
            arguments.add(i64::try_from(limit).unwrap_or(i64::MAX))?;
            arguments.add(signed(self.after))?;
            if let Some(stream) = self.stream {
                arguments.add(stream.kind.as_str())?;
                arguments.add(stream.aggregate_id())?;
            }
            Ok(())
        };
        add().map_err(|error| journal_error(&sqlx::Error::Encode(error)))?;
        Ok(arguments)
    }

    /// All in one row; nothing when they are too large for that, or when one of them cannot be read:
    /// row by row it is named.
    async fn chunk(
        &self,
        connection: &mut SqliteConnection,
        limit: usize,
    ) -> Result<Option<Vec<RecordedEvent>>, JournalError> {
        let row = sqlx::query_with(&self.sql.chunk, self.arguments(limit)?)
            .fetch_one(connection)
            .await
            .map_err(|error| journal_error(&error))?;
        let text: Option<&str> = row.try_get(0).unwrap_or_default();
        Ok(text.and_then(events_of).filter(|events| {
            // The order of an aggregate's input is the database's word, not the language's.
            events.is_sorted_by_key(|event| self.place(event))
        }))
    }

    /// One per row, until their texts reach [`READ_BYTES_MAX`].
    async fn rows(
        &self,
        connection: &mut SqliteConnection,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let arguments = self.arguments(limit)?;
        let mut rows = sqlx::query_with(&self.sql.rows, arguments).fetch(connection);
        let mut events = Vec::new();
        let mut bytes = 0_usize;
        while bytes < READ_BYTES_MAX {
            let row = rows.try_next().await;
            let Some(row) = row.map_err(|error| journal_error(&error))? else {
                break;
            };
            let event = event_of(&row)?;
            bytes = bytes.saturating_add(text_bytes(&event));
            events.push(event);
        }
        Ok(events)
    }
}

/// The head, from the first three columns.
fn head_of(row: &SqliteRow) -> Result<HeadState, JournalError> {
    let column = |error: sqlx::Error| journal_error(&error);
    let position = unsigned(row.try_get(0).map_err(column)?);
    let hash: &str = row.try_get(1).map_err(column)?;
    let micros = row.try_get(2).map_err(column)?;
    Ok(rows::head_of(position, hash, micros)?)
}
