//! Rows of the tables as the types of the port.

use invoiceapp_domain::StreamId;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::dashboard::{Bucket, BucketKey, Measure};
use crate::document::Document;
use crate::error::ViewError;
use crate::store::ParkedKey;

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
        json: row.try_get("document").map_err(ViewError::unavailable)?,
        fields: Vec::new(),
    })
}

pub(super) fn parked(row: &SqliteRow) -> Result<ParkedKey, ViewError> {
    Ok(ParkedKey {
        stream: stream(row)?,
        position: unsigned(row, "position")?,
        reason: row.try_get("reason").map_err(ViewError::unavailable)?,
    })
}

pub(super) fn bucket(row: &SqliteRow) -> Result<Bucket, ViewError> {
    let measure: String = row.try_get("measure").map_err(ViewError::unavailable)?;
    Ok(Bucket {
        key: BucketKey {
            tenant: text(row, "tenant")?
                .parse()
                .map_err(ViewError::unavailable)?,
            currency: text(row, "currency")?,
            measure: Measure::parse(&measure)
                .ok_or_else(|| ViewError::unavailable(UnknownMeasure))?,
            bucket: text(row, "bucket")?,
        },
        count: row.try_get("count").map_err(ViewError::unavailable)?,
        minor: row.try_get("minor").map_err(ViewError::unavailable)?,
    })
}

/// An unsigned column: versions and positions.
pub(super) fn unsigned(row: &SqliteRow, column: &str) -> Result<u64, ViewError> {
    let value: i64 = row.try_get(column).map_err(ViewError::unavailable)?;
    u64::try_from(value).map_err(ViewError::unavailable)
}

/// A bound position or version.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn stream(row: &SqliteRow) -> Result<StreamId, ViewError> {
    let kind = text(row, "kind")?.parse().map_err(ViewError::unavailable)?;
    let tenant = text(row, "tenant")?
        .parse()
        .map_err(ViewError::unavailable)?;
    Ok(StreamId {
        tenant,
        kind,
        key: text(row, "key")?,
    })
}

fn text(row: &SqliteRow, column: &str) -> Result<String, ViewError> {
    row.try_get(column).map_err(ViewError::unavailable)
}

#[derive(Debug, thiserror::Error)]
#[error("a counter has an unknown measure")]
struct UnknownMeasure;
