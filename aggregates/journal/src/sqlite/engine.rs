//! The writing side: one connection, and each batch one statement.

use std::collections::HashMap;

use async_trait::async_trait;
use invoiceapp_domain::StreamId;
use invoiceapp_schemas::{ChainHash, RecordedEvent};
use jiff::{Timestamp, civil::Date};
use serde::de::DeserializeOwned;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection, Row};

use super::batch::{BatchRows, Statements};
use super::error::{engine_error, of_write};
use super::open::{OpenError, SqliteOptions, connect_writer, migrate};
use super::rows::{EVENT_COLUMNS, Questions, ReceiptRow, damaged, event_of, signed, unsigned};
use crate::writer::engine::{
    Batch, Engine, EngineError, Facts, HeadState, SeriesKey, SeriesState, Wanted, Written,
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

/// SQLite under the group-committing writer.
#[derive(Debug)]
pub struct SqliteEngine {
    options: SqliteOptions,
    /// Nothing after a failure: what state it was in does not matter then, the next call has a new
    /// one.
    connection: Option<SqliteConnection>,
    statements: Statements,
}

impl SqliteEngine {
    /// Opens the file and brings its tables up to date.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(options: &SqliteOptions) -> Result<Self, OpenError> {
        let mut connection = connect_writer(options).await?;
        migrate(options, &mut connection).await?;
        Ok(Self {
            options: options.clone(),
            connection: Some(connection),
            statements: Statements::default(),
        })
    }

    async fn connection(&mut self) -> Result<SqliteConnection, EngineError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => connect_writer(&self.options)
                .await
                .map_err(|error| match error {
                    OpenError::NotAJournal { .. } => damaged(0, error.to_string()),
                    OpenError::NotWritable { ref source, .. } | OpenError::Database(ref source) => {
                        engine_error(source)
                    }
                    OpenError::UnknownSchema { .. }
                    | OpenError::NotDurable { .. }
                    | OpenError::Head(_) => EngineError::Unavailable {
                        reason: error.to_string(),
                    },
                }),
        }
    }

    async fn ask(connection: &mut SqliteConnection, wanted: &Wanted) -> Result<Facts, EngineError> {
        let questions = Questions::new(wanted);
        let texts = questions
            .texts()
            .map_err(|error| damaged(0, error.to_string()))?;
        let mut query = sqlx::query(LOOKUP);
        for text in texts {
            query = query.bind(text);
        }
        let row = query
            .fetch_one(connection)
            .await
            .map_err(|error| engine_error(&error))?;
        facts_of(&row, &questions)
    }

    async fn insert(
        &mut self,
        connection: &mut SqliteConnection,
        batch: &Batch,
    ) -> Result<Written, EngineError> {
        let BatchRows { rows, arguments } =
            BatchRows::of(batch).map_err(|error| damaged(0, error.to_string()))?;
        let written = sqlx::query_with(self.statements.of(rows), arguments)
            .execute(connection)
            .await;
        match written {
            Ok(_) => Ok(Written::Committed),
            Err(error) => of_write(error),
        }
    }
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), EngineError> {
    let done = sqlx::query(sql).execute(connection).await;
    done.map(|_| ()).map_err(|error| engine_error(&error))
}

#[async_trait]
impl Engine for SqliteEngine {
    async fn lookup(&mut self, wanted: &Wanted) -> Result<Facts, EngineError> {
        let mut connection = self.connection().await?;
        let facts = Self::ask(&mut connection, wanted).await?;
        self.connection = Some(connection);
        Ok(facts)
    }

    async fn lock(&mut self, wanted: &Wanted) -> Result<Facts, EngineError> {
        let mut connection = self.connection().await?;
        run(&mut connection, "BEGIN IMMEDIATE").await?;
        let facts = Self::ask(&mut connection, wanted).await?;
        self.connection = Some(connection);
        Ok(facts)
    }

    async fn unlock(&mut self) -> Result<(), EngineError> {
        let mut connection = self.connection().await?;
        run(&mut connection, "ROLLBACK").await?;
        self.connection = Some(connection);
        Ok(())
    }

    async fn write(&mut self, batch: &Batch) -> Result<Written, EngineError> {
        let mut connection = self.connection().await?;
        let written = self.insert(&mut connection, batch).await?;
        self.connection = Some(connection);
        Ok(written)
    }

    async fn write_locked(&mut self, batch: &Batch) -> Result<Written, EngineError> {
        let mut connection = self.connection().await?;
        let written = self.insert(&mut connection, batch).await?;
        let end = if written == Written::Committed {
            "COMMIT"
        } else {
            "ROLLBACK"
        };
        run(&mut connection, end).await?;
        self.connection = Some(connection);
        Ok(written)
    }

    async fn tail(&mut self, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, EngineError> {
        let mut connection = self.connection().await?;
        let sql = format!(
            "SELECT {EVENT_COLUMNS} FROM events WHERE position > ?1 ORDER BY position LIMIT ?2"
        );
        let rows = sqlx::query(&sql)
            .bind(signed(after))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut connection)
            .await
            .map_err(|error| engine_error(&error))?;
        self.connection = Some(connection);
        rows.iter().map(event_of).collect()
    }

    async fn close(mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the journal's file was not closed in order");
        }
    }
}

fn facts_of(row: &SqliteRow, questions: &Questions) -> Result<Facts, EngineError> {
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
    row: &SqliteRow,
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

fn answers<T: DeserializeOwned>(row: &SqliteRow, column: usize) -> Result<Vec<T>, EngineError> {
    let text: &str = row.try_get(column).map_err(|error| engine_error(&error))?;
    serde_json::from_str(text).map_err(|error| damaged(0, format!("look-up {column}: {error}")))
}

/// The head, from the first three columns.
pub(super) fn head_of(row: &SqliteRow) -> Result<HeadState, EngineError> {
    let column = |error: sqlx::Error| engine_error(&error);
    let position = unsigned(row.try_get(0).map_err(column)?);
    let mut hash = ChainHash::GENESIS;
    let text: &str = row.try_get(1).map_err(column)?;
    hex::decode_to_slice(text, &mut hash.0)
        .map_err(|_| damaged(position, "the head's hash cannot be read"))?;
    let recorded_at = Timestamp::from_microsecond(row.try_get(2).map_err(column)?)
        .map_err(|_| damaged(position, "the head's time cannot be read"))?;
    Ok(HeadState {
        position,
        hash,
        recorded_at,
    })
}
