//! The writing side: one connection, and each batch one transaction.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use invoiceapp_domain::StreamId;
use jiff::civil::Date;
use rusqlite::{Connection, Row, params_from_iter};
use serde::de::DeserializeOwned;
use tokio::task::spawn_blocking;

use super::batch::{insert, write};
use super::error::engine_error;
use super::open::{OpenError, SqliteOptions, connect_writer, prepare};
use super::rows::{Questions, change_of, head_of};
use crate::columns::{CHANGE_COLUMNS, ReceiptRow, damaged, signed, unsigned};
use crate::writer::engine::{
    Batch, Change, Engine, EngineError, Facts, SeriesKey, SeriesState, Wanted, Written,
};

/// One statement, so one instant. Every answer begins with the place of its question.
const LOOKUP: &str = "\
SELECT head.position, head.hash, head.recorded_at,
    (SELECT json_group_array(json_array(asked.key, (
            SELECT max(sequence) FROM events
            WHERE aggregate_type = asked.value ->> 0 AND aggregate_id = asked.value ->> 1
        )))
        FROM json_each(?1) AS asked),
    (SELECT json_group_array(json_array(asked.key, json_array(
            fingerprint, aggregate_type, aggregate_id, version, position, recorded_at,
            series, period, sequence
        )))
        FROM json_each(?2) AS asked JOIN receipts ON command_id = asked.value),
    (SELECT json_group_array(json_array(asked.key, aggregate_type, aggregate_id))
        FROM json_each(?3) AS asked JOIN claims
        ON tenant = asked.value ->> 0 AND kind = asked.value ->> 1 AND claims.value = asked.value ->> 2),
    (SELECT json_group_array(json_array(asked.key,
            (SELECT last_sequence FROM series
                WHERE tenant = asked.value ->> 0 AND code = asked.value ->> 1
                    AND period = asked.value ->> 2),
            (SELECT max(last_date) FROM series
                WHERE tenant = asked.value ->> 0 AND code = asked.value ->> 1)
        ))
        FROM json_each(?4) AS asked)
FROM head";

/// SQLite under the group-committing writer. SQLite blocks, so each call is one piece of work on a
/// thread that may.
#[derive(Debug)]
pub struct SqliteEngine {
    options: Arc<SqliteOptions>,
    /// Nothing after a failure: what state it was in does not matter then, the next call has a new
    /// one.
    connection: Option<Connection>,
}

impl SqliteEngine {
    /// Opens the file and brings its tables up to date.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        prepare(options).await?;
        let options = Arc::new(options.clone());
        let path = Arc::clone(&options);
        let connection = spawn_blocking(move || connect_writer(&path))
            .await
            .map_err(|_| OpenError::Writer(panicked()))??;
        Ok(Self {
            options,
            connection: Some(connection),
        })
    }

    /// Works with the connection, which is dropped on a failure, and whatever it had begun with it.
    async fn with<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let (held, options) = (self.connection.take(), Arc::clone(&self.options));
        let worked = spawn_blocking(move || {
            let mut connection = match held {
                Some(connection) => connection,
                None => connect_writer(&options)?,
            };
            let found = work(&mut connection)?;
            Ok::<_, EngineError>((connection, found))
        });
        let (connection, found) = worked.await.map_err(|_| panicked())??;
        self.connection = Some(connection);
        Ok(found)
    }
}

fn panicked() -> EngineError {
    EngineError::Unavailable {
        reason: "the thread that writes ended by a panic".to_owned(),
    }
}

fn run(connection: &Connection, sql: &'static str) -> Result<(), EngineError> {
    let done = connection.execute_batch(sql);
    done.map_err(|error| engine_error(&error))
}

fn ask(connection: &Connection, questions: &Questions) -> Result<Facts, EngineError> {
    let texts = questions
        .texts()
        .map_err(|error| damaged(0, error.to_string()))?;
    let mut statement = connection
        .prepare_cached(LOOKUP)
        .map_err(|error| engine_error(&error))?;
    let read = |row: &Row<'_>| Ok(facts_of(row, questions));
    statement
        .query_row(params_from_iter(texts), read)
        .map_err(|error| engine_error(&error))?
}

fn read_changes(
    connection: &Connection,
    from: u64,
    limit: usize,
) -> rusqlite::Result<Vec<Result<Change, EngineError>>> {
    let sql = format!(
        "SELECT {CHANGE_COLUMNS} FROM events WHERE position >= ?1 ORDER BY position LIMIT ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((signed(from), limit), |row| Ok(change_of(row)))?;
    rows.collect()
}

#[async_trait]
impl Engine for SqliteEngine {
    const SYSTEM: &'static str = "sqlite";

    async fn lookup(&mut self, wanted: &Wanted) -> Result<Facts, EngineError> {
        let questions = Questions::new(wanted);
        self.with(move |connection| ask(connection, &questions))
            .await
    }

    async fn lock(&mut self, wanted: &Wanted) -> Result<Facts, EngineError> {
        let questions = Questions::new(wanted);
        let lock_and_ask = move |connection: &mut Connection| {
            run(connection, "BEGIN IMMEDIATE")?;
            ask(connection, &questions)
        };
        self.with(lock_and_ask).await
    }

    async fn unlock(&mut self) -> Result<(), EngineError> {
        self.with(|connection| run(connection, "ROLLBACK")).await
    }

    async fn write(&mut self, batch: &Arc<Batch>) -> Result<Written, EngineError> {
        let batch = Arc::clone(batch);
        self.with(move |connection| write(connection, &batch)).await
    }

    async fn write_locked(&mut self, batch: &Arc<Batch>) -> Result<Written, EngineError> {
        let batch = Arc::clone(batch);
        let write_and_unlock = move |connection: &mut Connection| {
            let written = insert(connection, &batch)?;
            let end = match written {
                Written::Committed => "COMMIT",
                Written::HeadMoved | Written::Occupied => "ROLLBACK",
            };
            run(connection, end)?;
            Ok(written)
        };
        self.with(write_and_unlock).await
    }

    async fn changes(&mut self, from: u64, limit: usize) -> Result<Vec<Change>, EngineError> {
        let read = move |connection: &mut Connection| {
            let changes = read_changes(connection, from, limit);
            changes
                .map_err(|error| engine_error(&error))?
                .into_iter()
                .collect()
        };
        self.with(read).await
    }

    async fn close(mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        let closed = spawn_blocking(move || connection.close().map_err(|(_, error)| error)).await;
        if let Ok(Err(error)) = closed {
            tracing::warn!(%error, "the journal's file was not closed in order");
        }
    }
}

fn facts_of(row: &Row<'_>, questions: &Questions) -> Result<Facts, EngineError> {
    let head = head_of(row)?;
    let mut facts = Facts::of_head(head);
    for (index, version) in answers::<(usize, Option<i64>)>(row, 3)? {
        if let (Some(stream), Some(version)) = (questions.streams.get(index), version) {
            facts.streams.insert(stream.clone(), unsigned(version));
        }
    }
    for (index, receipt) in answers::<(usize, ReceiptRow)>(row, 4)? {
        if let Some(command) = questions.receipts.get(index) {
            facts.receipts.insert(*command, receipt.receipt()?);
        }
    }
    for (index, kind, id) in answers::<(usize, String, String)>(row, 5)? {
        let holder = StreamId::from_columns(&kind, &id)
            .map_err(|_| damaged(0, "a claim is held by what is no stream"))?;
        if let Some(claim) = questions.claims.get(index) {
            facts.claims.insert(claim.clone(), holder);
        }
    }
    facts.series = series_of(row, questions)?;
    Ok(facts)
}

fn series_of(
    row: &Row<'_>,
    questions: &Questions,
) -> Result<HashMap<SeriesKey, SeriesState>, EngineError> {
    let mut series = HashMap::new();
    for (index, last_sequence, date) in answers::<(usize, Option<u64>, Option<String>)>(row, 6)? {
        let last_date: Option<Date> = date
            .map(|text| text.parse())
            .transpose()
            .map_err(|_| damaged(0, "a series has a last date that is none"))?;
        if let Some(key) = questions.series.get(index) {
            series.insert(
                key.clone(),
                SeriesState {
                    last_sequence,
                    last_date,
                },
            );
        }
    }
    Ok(series)
}

fn answers<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Vec<T>, EngineError> {
    let text: String = row.get(column).map_err(|error| engine_error(&error))?;
    serde_json::from_str(&text).map_err(|error| damaged(0, format!("look-up {column}: {error}")))
}
