//! Rows of the tables as the types of the port.

use std::str::FromStr;

use invoiceapp_domain::StreamId;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::dashboard::{Bucket, BucketKey, CounterOverflow, Measure};
use crate::document::Document;
use crate::error::ViewError;
use crate::register::{RegisterPlace, RegisteredNumber};
use crate::store::ParkedKey;

/// What `minor_high` counts; the migration's check and the statement that adds up have it too. It is
/// a power of ten, so that a person can read the columns, and so that two low parts and a carry stay
/// far below the end of an integer.
const MINOR_BASE: i128 = 1_000_000_000_000_000;

/// The columns of [`document`], of a table aliased `d`.
pub(super) const DOCUMENT_COLUMNS: &str =
    "d.kind, d.tenant, d.key, d.version, d.position, d.created_position, d.document";

/// A document; its index fields are derived data and are not read back.
pub(super) fn document(row: &SqliteRow) -> Result<Document, ViewError> {
    Ok(Document {
        stream: stream(row)?,
        version: unsigned(row, "version")?,
        position: unsigned(row, "position")?,
        created_position: unsigned(row, "created_position")?,
        json: text(row, "document")?,
        fields: Vec::new(),
    })
}

pub(super) fn parked(row: &SqliteRow) -> Result<ParkedKey, ViewError> {
    Ok(ParkedKey {
        stream: stream(row)?,
        position: unsigned(row, "position")?,
        reason: text(row, "reason")?,
    })
}

pub(super) fn bucket(row: &SqliteRow) -> Result<Bucket, ViewError> {
    let measure = text(row, "measure")?;
    Ok(Bucket {
        key: BucketKey {
            tenant: parsed(row, "tenant")?,
            currency: text(row, "currency")?,
            measure: Measure::parse(&measure)
                .ok_or_else(|| ViewError::unavailable(UnknownMeasure))?,
            bucket: text(row, "bucket")?,
        },
        count: integer(row, "count")?,
        minor: i128::from(integer(row, "minor_high")?) * MINOR_BASE
            + i128::from(integer(row, "minor_low")?),
    })
}

/// Splits a sum into the two columns that [`bucket`] reads: high times [`MINOR_BASE`] plus low.
pub(super) fn split_minor(minor: i128) -> Result<(i64, i64), CounterOverflow> {
    let part = |part: i128| i64::try_from(part).map_err(|_| CounterOverflow);
    Ok((
        part(minor.div_euclid(MINOR_BASE))?,
        part(minor.rem_euclid(MINOR_BASE))?,
    ))
}

/// The columns of [`registered_number`], of a table aliased `r`.
pub(super) const REGISTER_COLUMNS: &str = "r.tenant, r.series, r.period, r.sequence, r.invoice_id, \
     r.number, r.issue_date, r.document_status, r.settlement_status, r.position";

pub(super) fn registered_number(row: &SqliteRow) -> Result<RegisteredNumber, ViewError> {
    Ok(RegisteredNumber {
        tenant: parsed(row, "tenant")?,
        series: parsed(row, "series")?,
        place: RegisterPlace {
            period: text(row, "period")?,
            sequence: unsigned(row, "sequence")?,
            invoice_id: text(row, "invoice_id")?,
        },
        number: text(row, "number")?,
        issue_date: parsed(row, "issue_date")?,
        document_status: parsed(row, "document_status")?,
        settlement_status: parsed(row, "settlement_status")?,
        position: unsigned(row, "position")?,
    })
}

/// An unsigned column: versions and positions.
pub(super) fn unsigned(row: &SqliteRow, column: &str) -> Result<u64, ViewError> {
    u64::try_from(integer(row, column)?).map_err(ViewError::unavailable)
}

/// A bound position or version.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn stream(row: &SqliteRow) -> Result<StreamId, ViewError> {
    Ok(StreamId {
        tenant: parsed(row, "tenant")?,
        kind: parsed(row, "kind")?,
        key: text(row, "key")?,
    })
}

fn parsed<T: FromStr>(row: &SqliteRow, column: &str) -> Result<T, ViewError>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text(row, column)?.parse().map_err(ViewError::unavailable)
}

fn integer(row: &SqliteRow, column: &str) -> Result<i64, ViewError> {
    row.try_get(column).map_err(ViewError::unavailable)
}

fn text(row: &SqliteRow, column: &str) -> Result<String, ViewError> {
    row.try_get(column).map_err(ViewError::unavailable)
}

#[derive(Debug, thiserror::Error)]
#[error("a counter has an unknown measure")]
struct UnknownMeasure;
