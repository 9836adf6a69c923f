//! What is asked of the reading side. What is read is checked to be dense, so that an answer is never
//! silently short.

use std::sync::LazyLock;

use async_trait::async_trait;
use invoiceapp_domain::StreamId;
use invoiceapp_observe::client::{ClientSpan, called, table};
use invoiceapp_schemas::{CommandId, RecordedEvent};
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::engine::SqliteEngine;
use super::error::{engine_error, explain};
use super::open::{OpenError, SqliteOptions};
use super::readers::Readers;
use super::rows::{event_of, head_of, receipt_of};
use crate::columns::{EVENT_COLUMNS, signed, unsigned};
use crate::page;
use crate::port::{
    Head, JournalError, JournalStatus, READ_BYTES_MAX, READ_EVENTS_MAX, Snapshot, Tail,
};
use crate::sides::ReadingSide;
use crate::writer::engine::{Engine, EngineError, Receipt};

static STREAM_SQL: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {EVENT_COLUMNS} FROM events \
         WHERE aggregate_type = ?1 AND aggregate_id = ?2 AND sequence > ?3 \
         ORDER BY sequence LIMIT ?4"
    )
});
static ALL_SQL: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {EVENT_COLUMNS} FROM events WHERE position > ?1 ORDER BY position LIMIT ?2")
});

/// Reads with nobody in the writer's way.
#[derive(Debug, Clone)]
pub struct Reader {
    readers: Readers,
}

impl Reader {
    pub(super) async fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        let readers = Readers::open(options).map_err(|error| explain(options, &error))?;
        Ok(Self { readers })
    }
}

#[async_trait]
impl ReadingSide for Reader {
    async fn close(&self) {
        self.readers.close().await;
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        after_version: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let (kind, id) = (stream.kind.as_str(), stream.aggregate_id());
        let reading = move |connection: &Connection| {
            let range = (kind, id, signed(after_version), page::rows_max(limit));
            events(connection, &STREAM_SQL, range)
        };
        let events = called(selecting("events"), self.readers.read(reading)).await?;
        page::of_stream(events, stream, after_version)
    }

    async fn read_all(
        &self,
        after_position: u64,
        limit: usize,
        known_position: u64,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        let reading = move |connection: &Connection| {
            events(
                connection,
                &ALL_SQL,
                (signed(after_position), page::rows_max(limit)),
            )
        };
        let events = called(selecting("events"), self.readers.read(reading)).await?;
        page::of_all(events, after_position, limit, known_position)
    }

    async fn receipt(&self, command: CommandId) -> Result<Option<Receipt>, JournalError> {
        const SQL: &str = "SELECT fingerprint, aggregate_type, aggregate_id, version, position, \
             recorded_at, series, period, sequence FROM receipts WHERE command_id = ?1";
        let reading = move |connection: &Connection| {
            one(connection, SQL, [command.to_string()], |row| {
                Ok(receipt_of(row))
            })
        };
        called(selecting("receipts"), self.readers.read(reading))
            .await?
            .transpose()
            .map_err(Into::into)
    }

    async fn head(&self) -> Result<Head, JournalError> {
        const SQL: &str = "SELECT position, hash, recorded_at FROM head";
        let reading = |connection: &Connection| {
            one(connection, SQL, [], |row| Ok(head_of(row)))?.unwrap_or_else(|| Err(headless()))
        };
        let head = called(selecting("head"), self.readers.read(reading)).await?;
        Ok(Head {
            position: head.position,
            hash: head.hash,
        })
    }

    async fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, JournalError> {
        let key = (stream.kind.as_str(), stream.aggregate_id());
        let reading = move |connection: &Connection| snapshot(connection, key.0, &key.1);
        called(selecting("snapshots"), self.readers.read(reading)).await
    }

    async fn read_tail(&self, stream: &StreamId, state_hash: &str) -> Result<Tail, JournalError> {
        let (kind, id) = (stream.kind.as_str(), stream.aggregate_id());
        let state_hash = state_hash.to_owned();
        let reading = move |connection: &Connection| {
            let snapshot = snapshot(connection, kind, &id)?;
            let snapshot = snapshot.filter(|snapshot| snapshot.state_hash == state_hash);
            let version = snapshot.as_ref().map_or(0, |snapshot| snapshot.version);
            let range = (kind, id, signed(version), page::rows_max(READ_EVENTS_MAX));
            Ok((snapshot, events(connection, &STREAM_SQL, range)?))
        };
        let (snapshot, events) = called(selecting("events"), self.readers.read(reading)).await?;
        page::of_tail(snapshot, events, stream)
    }

    async fn status(&self) -> Result<JournalStatus, JournalError> {
        const SQL: &str = "SELECT position, hash, recorded_at, \
             (SELECT count(*) FROM events WHERE sequence = 1), (SELECT count(*) FROM receipts), \
             (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size) FROM head";
        let reading = |connection: &Connection| {
            let found = one(connection, SQL, [], |row| {
                let counts = (row.get(3)?, row.get(4)?, row.get(5)?);
                Ok((head_of(row), counts))
            })?;
            let (head, (streams, receipts, bytes)) = found.ok_or_else(headless)?;
            let head = head?;
            Ok(JournalStatus {
                head: Head {
                    position: head.position,
                    hash: head.hash,
                },
                recorded_at: (head.position > 0).then_some(head.recorded_at),
                streams: unsigned(streams),
                receipts: unsigned(receipts),
                bytes: unsigned(bytes),
            })
        };
        self.readers.read(reading).await
    }
}

/// The span of a read, as far as a request or another piece of work asks for it.
fn selecting(from: &'static str) -> ClientSpan {
    table(SqliteEngine::SYSTEM, "SELECT", from)
}

fn headless() -> EngineError {
    crate::columns::damaged(0, "the journal has no head")
}

fn snapshot(
    connection: &Connection,
    kind: &str,
    id: &str,
) -> Result<Option<Snapshot>, EngineError> {
    const SQL: &str = "SELECT version, state_hash, state FROM snapshots \
         WHERE aggregate_type = ?1 AND aggregate_id = ?2";
    one(connection, SQL, (kind, id), |row| {
        Ok(Snapshot {
            version: unsigned(row.get(0)?),
            state_hash: row.get(1)?,
            state_json: row.get(2)?,
        })
    })
}

/// The row, if there is one.
fn one<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, EngineError> {
    let found = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(parameters, read).optional());
    found.map_err(|error| engine_error(&error))
}

/// Events, until their texts reach [`READ_BYTES_MAX`].
fn events(
    connection: &Connection,
    sql: &str,
    range: impl Params,
) -> Result<Vec<RecordedEvent>, EngineError> {
    let failed = |error: rusqlite::Error| engine_error(&error);
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let mut rows = statement.query(range).map_err(failed)?;
    let (mut events, mut bytes) = (Vec::new(), 0_usize);
    while bytes < READ_BYTES_MAX {
        let Some(row) = rows.next().map_err(failed)? else {
            break;
        };
        let event = event_of(row)?;
        bytes = bytes
            .saturating_add(event.payload_json.len())
            .saturating_add(event.metadata_json.len());
        events.push(event);
    }
    Ok(events)
}
