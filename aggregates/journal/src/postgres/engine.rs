//! The writing side: one connection, and each batch one statement.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use futures::TryStreamExt;
use invoiceapp_domain::StreamId;
use invoiceapp_schemas::{ChainHash, RecordedEvent};
use jiff::{Timestamp, civil::Date};
use serde::de::DeserializeOwned;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Connection, Executor, Row};
use tokio::sync::watch;

use super::error::{engine_error, is_lock_timeout, of_write, within};
use super::open::{DEADLINE, OpenError, PING_TIMEOUT, Settings, TRUSTED_FOR, connect_writer};
use super::read::HEAD;
use super::rows::{
    Questions, RECEIPT_JSON, RECEIPTS, Shape, bind_companions, bind_journal, change_of, event_of,
};
use super::statements::{GIVE_TURN, LOCK, LOOKUP, TAKE_TURN, WRITE_ALL, WRITE_MANY, WRITE_ONE};
use crate::columns::{CHANGE_COLUMNS, ReceiptRow, damaged, signed, unsigned};
use crate::port::READ_BYTES_MAX;
use crate::writer::engine::{
    Batch, Change, Engine, EngineError, Facts, HeadState, SeriesKey, SeriesState, Wanted, Written,
};

/// A connection, and when it was last known to be alive.
struct Held {
    connection: PgConnection,
    used_at: Instant,
}

/// PostgreSQL under the group-committing writer.
pub(super) struct PostgresEngine {
    settings: Settings,
    /// Nothing after a failure: what state it was in does not matter then, the next call has a new
    /// one.
    held: Option<Held>,
    lookup_sql: String,
    changes_sql: String,
    /// The last position that was written here, for those who tell other processes.
    written: watch::Sender<u64>,
}

impl PostgresEngine {
    /// Connects.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(super) async fn open(settings: &Settings) -> Result<Self, OpenError> {
        let mut engine = Self {
            settings: settings.clone(),
            held: None,
            lookup_sql: LOOKUP
                .replace("{receipt}", RECEIPT_JSON)
                .replace("{receipts}", RECEIPTS),
            changes_sql: format!(
                "SELECT {CHANGE_COLUMNS} FROM events WHERE position >= $1 ORDER BY position LIMIT $2"
            ),
            written: watch::Sender::new(0),
        };
        engine.keep(connect_writer(settings).await?);
        Ok(engine)
    }

    /// Changes whenever a batch of this engine was committed.
    pub(super) fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    fn keep(&mut self, connection: PgConnection) {
        let used_at = Instant::now();
        self.held = Some(Held {
            connection,
            used_at,
        });
    }

    /// The connection, out of the engine: whoever fails with it, drops it.
    async fn connection(&mut self) -> Result<PgConnection, EngineError> {
        if let Some(mut held) = self.held.take() {
            let is_trusted = held.used_at.elapsed() < TRUSTED_FOR;
            if is_trusted || within(PING_TIMEOUT, held.connection.ping()).await.is_ok() {
                return Ok(held.connection);
            }
        }
        tracing::info!("the journal's writer connects again");
        connect_writer(&self.settings)
            .await
            .map_err(|error| match error {
                OpenError::Unreachable(source) | OpenError::Head(source) => source,
                other => EngineError::Unavailable {
                    reason: other.to_string(),
                },
            })
    }

    async fn ask(
        &self,
        connection: &mut PgConnection,
        wanted: &Wanted,
    ) -> Result<Facts, EngineError> {
        if wanted.is_empty() {
            let row = within(DEADLINE, sqlx::query(HEAD).fetch_one(connection)).await?;
            return Ok(Facts::of_head(head_of(&row)?));
        }
        let questions = Questions::new(wanted);
        let statement = questions.bind(sqlx::query(&self.lookup_sql));
        let row = within(DEADLINE, statement.fetch_one(connection)).await?;
        facts_of(&row, &questions)
    }

    async fn insert(
        &self,
        connection: &mut PgConnection,
        batch: &Batch,
    ) -> Result<Written, EngineError> {
        let shape = Shape::of(batch);
        let sql = match shape {
            Shape::One => WRITE_ONE,
            Shape::Many => WRITE_MANY,
            Shape::All => WRITE_ALL,
        };
        let mut statement = bind_journal(sqlx::query(sql), batch, shape);
        if shape == Shape::All {
            statement = bind_companions(statement, batch);
        }
        // The answer is complete only when the server is ready again: then it has committed.
        match within(DEADLINE, statement.execute(connection)).await {
            Ok(done) if done.rows_affected() == 0 => Ok(Written::HeadMoved),
            Ok(_) => Ok(Written::Committed),
            Err(failure) => of_write(failure),
        }
    }

    fn announce(&self, written: Written, batch: &Batch) {
        if written == Written::Committed && batch.to.position > batch.from.position {
            self.written.send_replace(batch.to.position);
        }
    }
}

async fn run(connection: &mut PgConnection, sql: &'static str) -> Result<(), EngineError> {
    // A bare text is sent as it is: not prepared, and several statements at once if it is several.
    within(DEADLINE, connection.execute(sql)).await?;
    Ok(())
}

#[async_trait]
impl Engine for PostgresEngine {
    const SYSTEM: &'static str = "postgresql";

    async fn lookup(&mut self, wanted: &Wanted) -> Result<Facts, EngineError> {
        let mut connection = self.connection().await?;
        let facts = self.ask(&mut connection, wanted).await?;
        self.keep(connection);
        Ok(facts)
    }

    async fn lock(&mut self, wanted: &Wanted) -> Result<Facts, EngineError> {
        let mut connection = self.connection().await?;
        run(&mut connection, LOCK).await?;
        let facts = self.ask(&mut connection, wanted).await?;
        self.keep(connection);
        Ok(facts)
    }

    async fn unlock(&mut self) -> Result<(), EngineError> {
        let mut connection = self.connection().await?;
        run(&mut connection, "ROLLBACK").await?;
        self.keep(connection);
        Ok(())
    }

    async fn write(&mut self, batch: &Arc<Batch>) -> Result<Written, EngineError> {
        let mut connection = self.connection().await?;
        let written = self.insert(&mut connection, batch).await?;
        self.keep(connection);
        self.announce(written, batch);
        Ok(written)
    }

    async fn write_locked(&mut self, batch: &Arc<Batch>) -> Result<Written, EngineError> {
        let mut connection = self.connection().await?;
        let written = self.insert(&mut connection, batch).await?;
        let end = if written == Written::Committed {
            "COMMIT"
        } else {
            "ROLLBACK"
        };
        run(&mut connection, end).await?;
        self.keep(connection);
        self.announce(written, batch);
        Ok(written)
    }

    async fn take_turn(&mut self) -> Result<bool, EngineError> {
        let mut connection = self.connection().await?;
        let is_taken = match within(DEADLINE, connection.execute(TAKE_TURN)).await {
            Ok(_) => true,
            Err(failure) if is_lock_timeout(&failure) => false,
            Err(failure) => return Err(failure.into()),
        };
        self.keep(connection);
        Ok(is_taken)
    }

    async fn give_turn(&mut self) -> Result<(), EngineError> {
        let mut connection = self.connection().await?;
        run(&mut connection, GIVE_TURN).await?;
        self.keep(connection);
        Ok(())
    }

    async fn changes(&mut self, from: u64, limit: usize) -> Result<Vec<Change>, EngineError> {
        let mut connection = self.connection().await?;
        let statement = sqlx::query(&self.changes_sql)
            .bind(signed(from))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let rows = within(DEADLINE, statement.fetch_all(&mut connection)).await?;
        self.keep(connection);
        rows.iter().map(change_of).collect()
    }

    async fn close(mut self) {
        if let Some(held) = self.held.take()
            && let Err(failure) = within(DEADLINE, held.connection.close()).await
        {
            let error = EngineError::from(failure);
            tracing::warn!(%error, "the journal's writer did not part in order");
        }
    }
}

/// Rows until they end, or their texts reach [`READ_BYTES_MAX`]; and whether they have ended.
pub(super) async fn read_events(
    mut rows: impl futures::Stream<Item = Result<PgRow, sqlx::Error>> + Unpin,
) -> Result<(Vec<RecordedEvent>, bool), EngineError> {
    let mut events = Vec::new();
    let mut bytes = 0_usize;
    while bytes < READ_BYTES_MAX {
        let next = rows.try_next().await;
        let Some(row) = next.map_err(|error| engine_error(&error))? else {
            return Ok((events, true));
        };
        let event = event_of(&row)?;
        bytes = bytes
            .saturating_add(event.payload_json.len())
            .saturating_add(event.metadata_json.len());
        events.push(event);
    }
    Ok((events, false))
}

fn facts_of(row: &PgRow, questions: &Questions) -> Result<Facts, EngineError> {
    let head = head_of(row)?;
    let mut facts = Facts::of_head(head);
    for (place, version) in answers::<(usize, Option<u64>)>(row, 3)? {
        if let (Some(stream), Some(version)) = (asked(&questions.streams, place), version) {
            facts.streams.insert(stream.clone(), version);
        }
    }
    for (place, receipt) in answers::<(usize, ReceiptRow)>(row, 4)? {
        if let Some(command) = asked(&questions.receipts, place) {
            facts.receipts.insert(*command, receipt.receipt()?);
        }
    }
    for (place, kind, id) in answers::<(usize, String, String)>(row, 5)? {
        let holder = StreamId::from_columns(&kind, &id)
            .map_err(|_| damaged(0, "a claim is held by what is no stream"))?;
        if let Some(claim) = asked(&questions.claims, place) {
            facts.claims.insert(claim.clone(), holder);
        }
    }
    facts.series = series_of(row, questions)?;
    Ok(facts)
}

fn series_of(
    row: &PgRow,
    questions: &Questions,
) -> Result<HashMap<SeriesKey, SeriesState>, EngineError> {
    let mut series = HashMap::new();
    for (place, last_sequence, date) in answers::<(usize, Option<u64>, Option<String>)>(row, 6)? {
        let last_date: Option<Date> = date
            .map(|text| text.parse())
            .transpose()
            .map_err(|_| damaged(0, "a series has a last date that is none"))?;
        if let Some(key) = asked(&questions.series, place) {
            let state = SeriesState {
                last_sequence,
                last_date,
            };
            series.insert(key.clone(), state);
        }
    }
    Ok(series)
}

/// The question at a place, counted from 1.
fn asked<T>(questions: &[T], place: usize) -> Option<&T> {
    questions.get(place.checked_sub(1)?)
}

fn answers<T: DeserializeOwned>(row: &PgRow, column: usize) -> Result<Vec<T>, EngineError> {
    let text: Option<&str> = row.try_get(column).map_err(|error| engine_error(&error))?;
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    serde_json::from_str(text).map_err(|error| damaged(0, format!("look-up {column}: {error}")))
}

/// The head, from the first three columns.
pub(super) fn head_of(row: &PgRow) -> Result<HeadState, EngineError> {
    let column = |error: sqlx::Error| engine_error(&error);
    let position = unsigned(row.try_get(0).map_err(column)?);
    let hash: &[u8] = row.try_get(1).map_err(column)?;
    let hash = hash
        .try_into()
        .map_err(|_| damaged(position, "the head's hash cannot be read"))?;
    let recorded_at = Timestamp::from_microsecond(row.try_get(2).map_err(column)?)
        .map_err(|_| damaged(position, "the head's time cannot be read"))?;
    Ok(HeadState {
        position,
        hash: ChainHash(hash),
        recorded_at,
    })
}
