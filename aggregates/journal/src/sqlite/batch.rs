//! A batch as the rows of one INSERT into the view `batch`.

use std::collections::HashMap;

use invoiceapp_domain::StreamId;
use invoiceapp_schemas::{CommandId, RecordedEvent};
use serde::Serialize;
use sqlx::Arguments;
use sqlx::error::BoxDynError;
use sqlx::sqlite::SqliteArguments;

use super::rows::{claim_row, series_row, signed};
use crate::writer::engine::{Batch, Receipt};

/// Columns of the view.
const COLUMNS: usize = 19;
/// The numbers of rows that statements are prepared for: a batch takes the next larger one, and the
/// rows that it does not need stay NULL. Beyond the last, a statement is made for the batch alone,
/// which no batch of the writer reaches.
const SHAPES: [usize; 20] = [
    2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1_024, 1_536,
];

/// The statements, by how many rows they take.
#[derive(Debug, Default)]
pub(super) struct Statements {
    texts: HashMap<usize, String>,
}

impl Statements {
    /// The statement that takes so many rows.
    pub(super) fn of(&mut self, rows: usize) -> &str {
        let shape = SHAPES.into_iter().find(|shape| *shape >= rows);
        let rows = shape.unwrap_or(rows);
        self.texts.entry(rows).or_insert_with(|| {
            let row = format!("({})", vec!["?"; COLUMNS].join(", "));
            format!("INSERT INTO batch VALUES {}", vec![row; rows].join(", "))
        })
    }
}

/// The rows of a batch, as the parameters of their statement.
pub(super) struct BatchRows {
    pub(super) rows: usize,
    pub(super) arguments: SqliteArguments<'static>,
}

impl BatchRows {
    /// Writes a batch down.
    ///
    /// # Errors
    /// When a row cannot be encoded, which no row of ours can cause.
    pub(super) fn of(batch: &Batch) -> Result<Self, BoxDynError> {
        let mut rows = Self {
            rows: 0,
            arguments: SqliteArguments::default(),
        };
        let count = 1_usize
            .saturating_add(batch.events.len())
            .saturating_add(batch.receipts.len());
        rows.arguments.reserve(count.saturating_mul(COLUMNS), 0);
        rows.head(batch)?;
        let mut receipts = batch.receipts.iter().peekable();
        for event in &batch.events {
            let position = event.event.position;
            // Commands without an event, decided before this one's.
            while let Some((command, receipt)) =
                receipts.next_if(|(_, receipt)| receipt.committed.position < position)
            {
                rows.receipt(*command, receipt)?;
            }
            let own = receipts.next_if(|(command, receipt)| {
                *command == event.command && receipt.committed.position == position
            });
            rows.event(&event.event, event.command, own.map(|(_, receipt)| receipt))?;
        }
        for (command, receipt) in receipts {
            rows.receipt(*command, receipt)?;
        }
        Ok(rows)
    }

    fn head(&mut self, batch: &Batch) -> Result<(), BoxDynError> {
        self.nulls(7)?;
        self.arguments.add(signed(batch.to.position))?;
        self.nulls(1)?;
        self.arguments.add(batch.to.recorded_at.as_microsecond())?;
        self.nulls(1)?;
        self.arguments.add(batch.to.hash.to_string())?;
        self.nulls(4)?;
        self.arguments.add(signed(batch.from.position))?;
        self.arguments.add(batch.from.hash.to_string())?;
        self.arguments.add(rest(batch)?)?;
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    fn event(
        &mut self,
        event: &RecordedEvent,
        command: CommandId,
        receipt: Option<&Receipt>,
    ) -> Result<(), BoxDynError> {
        self.stream(&event.stream, event.version)?;
        self.arguments.add(event.event_type.clone())?;
        self.arguments.add(event.schema_version.to_string())?;
        self.arguments.add(event.payload_json.clone())?;
        self.arguments.add(event.metadata_json.clone())?;
        self.arguments.add(signed(event.position))?;
        self.arguments.add(event.event_id.to_string())?;
        self.arguments.add(event.recorded_at.as_microsecond())?;
        self.arguments.add(command.to_string())?;
        self.arguments.add(event.hash.to_string())?;
        match receipt {
            Some(receipt) => self.outcome(receipt)?,
            None => self.nulls(4)?,
        }
        self.end()
    }

    fn receipt(&mut self, command: CommandId, receipt: &Receipt) -> Result<(), BoxDynError> {
        let committed = &receipt.committed;
        self.stream(&committed.stream, committed.version)?;
        self.nulls(4)?;
        self.arguments.add(signed(committed.position))?;
        self.nulls(1)?;
        self.arguments.add(committed.recorded_at.as_microsecond())?;
        self.arguments.add(command.to_string())?;
        self.nulls(1)?;
        self.outcome(receipt)?;
        self.end()
    }

    fn stream(&mut self, stream: &StreamId, version: u64) -> Result<(), BoxDynError> {
        self.arguments.add(stream.kind.as_str())?;
        self.arguments.add(stream.aggregate_id())?;
        self.arguments.add(signed(version))
    }

    fn outcome(&mut self, receipt: &Receipt) -> Result<(), BoxDynError> {
        self.arguments.add(hex::encode(receipt.fingerprint))?;
        match &receipt.committed.number {
            None => self.nulls(3),
            Some(number) => {
                self.arguments.add(number.series.clone())?;
                self.arguments.add(number.period.clone())?;
                self.arguments.add(signed(number.sequence))
            }
        }
    }

    /// The columns of the head, which only the first row has.
    fn end(&mut self) -> Result<(), BoxDynError> {
        self.rows = self.rows.saturating_add(1);
        self.nulls(3)
    }

    fn nulls(&mut self, count: usize) -> Result<(), BoxDynError> {
        for _ in 0..count {
            self.arguments.add(None::<i64>)?;
        }
        Ok(())
    }
}

type ClaimRow<'a> = (&'a str, &'a str, &'a str);

/// What few batches have, as JSON.
#[derive(Serialize)]
struct Rest<'a> {
    released: Vec<ClaimRow<'a>>,
    taken: Vec<(&'a str, &'a str, &'a str, &'a str, String)>,
    series: Vec<(&'a str, &'a str, &'a str, u64, jiff::civil::Date)>,
    snapshots: Vec<(&'a str, String, u64, &'a str, &'a str)>,
}

fn rest(batch: &Batch) -> Result<Option<String>, serde_json::Error> {
    let is_empty = batch.released.is_empty()
        && batch.taken.is_empty()
        && batch.series.is_empty()
        && batch.snapshots.is_empty();
    if is_empty {
        return Ok(None);
    }
    let rest = Rest {
        released: batch.released.iter().map(claim_row).collect(),
        taken: batch
            .taken
            .iter()
            .map(|(claim, holder)| {
                let (tenant, kind, value) = claim_row(claim);
                (
                    tenant,
                    kind,
                    value,
                    holder.kind.as_str(),
                    holder.aggregate_id(),
                )
            })
            .collect(),
        series: batch
            .series
            .iter()
            .map(|series| {
                let (tenant, code, period) = series_row(&series.key);
                (tenant, code, period, series.last_sequence, series.last_date)
            })
            .collect(),
        snapshots: batch
            .snapshots
            .iter()
            .map(|(stream, snapshot)| {
                let (hash, state) = (snapshot.state_hash.as_str(), snapshot.state_json.as_str());
                (
                    stream.kind.as_str(),
                    stream.aggregate_id(),
                    snapshot.version,
                    hash,
                    state,
                )
            })
            .collect(),
    };
    serde_json::to_string(&rest).map(Some)
}
