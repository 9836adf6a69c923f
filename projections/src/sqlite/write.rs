//! Writing: documents, index rows, counters, numbers, parked streams and the checkpoint in one
//! transaction.
//!
//! Rows are handed over as one JSON array per table, because a statement costs more than its rows.

use std::collections::HashMap;

use invoiceapp_domain::StreamId;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use super::rows::{self, signed, split_minor, unsigned};
use super::sql::FIELDS_MAX;
use crate::dashboard::{BucketChange, CounterOverflow, total};
use crate::document::{Document, FieldValue};
use crate::error::ViewError;
use crate::register::RegisteredNumber;
use crate::store::{Applied, Change, Changes, ParkedKey, Unparked};

const STORED_VERSIONS: &str = "
SELECT d.kind, d.tenant, d.key, d.version FROM json_each(?1) k CROSS JOIN documents d
ON d.kind = k.value ->> 0 AND d.tenant = k.value ->> 1 AND d.key = k.value ->> 2";

const DOCUMENTS: &str = "
INSERT OR REPLACE INTO documents (kind, tenant, key, version, position, created_position, document)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
FROM json_each(?1)";

const INDEX: &str = "
INSERT OR REPLACE INTO document_index
    (kind, tenant, key, created_position, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3,
       value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8,
       value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13
FROM json_each(?1)";

/// The low parts are never negative, so that their sum divided by the base is the carry.
const BUCKETS: &str = "
INSERT INTO buckets (tenant, currency, measure, bucket, count, minor_high, minor_low)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
FROM json_each(?1) WHERE TRUE
ON CONFLICT (tenant, currency, measure, bucket) DO UPDATE SET
    count = buckets.count + excluded.count,
    minor_high = buckets.minor_high + excluded.minor_high
        + (buckets.minor_low + excluded.minor_low) / 1000000000000000,
    minor_low = (buckets.minor_low + excluded.minor_low) % 1000000000000000";

const NUMBERS: &str = "
INSERT OR REPLACE INTO number_register
    (tenant, series, period, sequence, invoice_id, number, issue_date, document_status,
     settlement_status, position)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6,
       value ->> 7, value ->> 8, value ->> 9
FROM json_each(?1)";

const PARKED: &str = "
INSERT OR IGNORE INTO parked (kind, tenant, key, position, reason)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1)";

const STILL_PARKED: &str = "
SELECT count(*) AS found FROM json_each(?1) k CROSS JOIN parked p
ON p.kind = k.value ->> 0 AND p.tenant = k.value ->> 1 AND p.key = k.value ->> 2";

pub(super) async fn apply(
    writer: &mut SqliteConnection,
    from: u64,
    to: u64,
    changes: &Changes,
) -> Result<Applied, ViewError> {
    let mut transaction = writer
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(ViewError::unavailable)?;
    let stands = move_checkpoint(&mut transaction, from, to).await?
        && still_parked(&mut transaction, &changes.held_back).await?
        && write_documents(&mut transaction, &changes.documents).await?;
    if !stands {
        transaction
            .rollback()
            .await
            .map_err(ViewError::unavailable)?;
        return Ok(Applied::Fenced);
    }
    let parked = changes.parked.iter().map(parked_row).collect();
    insert(&mut transaction, PARKED, parked).await?;
    transaction.commit().await.map_err(ViewError::unavailable)?;
    Ok(Applied::Committed)
}

pub(super) async fn unpark(
    writer: &mut SqliteConnection,
    checkpoint: u64,
    change: &Change,
) -> Result<Unparked, ViewError> {
    let mut transaction = writer
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(ViewError::unavailable)?;
    let stream = &change.document.stream;
    let healed = sqlx::query("DELETE FROM parked WHERE kind = ?1 AND tenant = ?2 AND key = ?3")
        .bind(stream.kind.as_str())
        .bind(stream.tenant.as_str())
        .bind(&stream.key)
        .execute(&mut *transaction)
        .await
        .map_err(ViewError::unavailable)?;
    let outcome = if healed.rows_affected() == 0 {
        Unparked::NotParked
    } else if move_checkpoint(&mut transaction, checkpoint, checkpoint).await?
        && write_documents(&mut transaction, std::slice::from_ref(change)).await?
    {
        Unparked::Committed
    } else {
        Unparked::Fenced
    };
    let ended = if outcome == Unparked::Committed {
        transaction.commit().await
    } else {
        transaction.rollback().await
    };
    ended.map_err(ViewError::unavailable)?;
    Ok(outcome)
}

pub(super) async fn finish(
    writer: &mut SqliteConnection,
    checkpoint: u64,
) -> Result<Applied, ViewError> {
    let built = sqlx::query("UPDATE checkpoint SET built = 1 WHERE one = 1 AND position = ?1")
        .bind(signed(checkpoint))
        .execute(writer)
        .await
        .map_err(ViewError::unavailable)?;
    Ok(if built.rows_affected() > 0 {
        Applied::Committed
    } else {
        Applied::Fenced
    })
}

/// Whether the checkpoint was at `from`; it is at `to` then.
async fn move_checkpoint(
    connection: &mut SqliteConnection,
    from: u64,
    to: u64,
) -> Result<bool, ViewError> {
    let moved = sqlx::query("UPDATE checkpoint SET position = ?2 WHERE one = 1 AND position = ?1")
        .bind(signed(from))
        .bind(signed(to))
        .execute(connection)
        .await
        .map_err(ViewError::unavailable)?;
    Ok(moved.rows_affected() > 0)
}

/// Whether all of these streams are parked.
async fn still_parked(
    connection: &mut SqliteConnection,
    streams: &[StreamId],
) -> Result<bool, ViewError> {
    if streams.is_empty() {
        return Ok(true);
    }
    let row = sqlx::query(STILL_PARKED)
        .bind(keys(streams.iter()))
        .fetch_one(connection)
        .await
        .map_err(ViewError::unavailable)?;
    Ok(usize::try_from(unsigned(&row, "found")?).is_ok_and(|found| found == streams.len()))
}

/// Writes each change that is not a repeat, with all that is derived from it. False when one stands
/// on a document that is not the stored one; the caller rolls back.
async fn write_documents(
    connection: &mut SqliteConnection,
    changes: &[Change],
) -> Result<bool, ViewError> {
    let stored = stored_versions(connection, changes).await?;
    let mut fresh = Vec::with_capacity(changes.len());
    for change in changes {
        let have = stored.get(&change.document.stream).copied().unwrap_or(0);
        if have >= change.document.version {
            continue;
        }
        if have != change.replaces {
            return Ok(false);
        }
        fresh.push(change);
    }
    let documents = || fresh.iter().map(|change| &change.document);
    let buckets = total(fresh.iter().flat_map(|change| &change.buckets))?;
    let numbers = fresh.iter().filter_map(|change| change.number.as_ref());
    let bucket_rows = buckets.iter().map(bucket_row).collect::<Result<_, _>>()?;
    for (sql, rows) in [
        (DOCUMENTS, documents().map(document_row).collect()),
        (INDEX, documents().map(index_row).collect()),
        (BUCKETS, bucket_rows),
        (NUMBERS, numbers.map(number_row).collect()),
    ] {
        insert(connection, sql, rows).await?;
    }
    Ok(true)
}

async fn stored_versions(
    connection: &mut SqliteConnection,
    changes: &[Change],
) -> Result<HashMap<StreamId, u64>, ViewError> {
    if changes.is_empty() {
        return Ok(HashMap::new());
    }
    let streams = changes.iter().map(|change| &change.document.stream);
    let found = sqlx::query(STORED_VERSIONS)
        .bind(keys(streams))
        .fetch_all(connection)
        .await
        .map_err(ViewError::unavailable)?;
    let versions = found.iter().map(|row| {
        let version = unsigned(row, "version")?;
        Ok((rows::stream(row)?, version))
    });
    versions.collect()
}

async fn insert(
    connection: &mut SqliteConnection,
    sql: &'static str,
    rows: Vec<Value>,
) -> Result<(), ViewError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(sql)
        .bind(Value::Array(rows).to_string())
        .execute(connection)
        .await
        .map_err(ViewError::unavailable)?;
    Ok(())
}

fn keys<'a>(streams: impl Iterator<Item = &'a StreamId>) -> String {
    let keys = streams.map(|stream| json!([stream.kind.as_str(), stream.tenant, stream.key]));
    Value::Array(keys.collect()).to_string()
}

fn document_row(document: &Document) -> Value {
    json!([
        document.stream.kind.as_str(),
        document.stream.tenant,
        document.stream.key,
        document.version,
        document.position,
        document.created_position,
        document.json,
    ])
}

fn index_row(document: &Document) -> Value {
    let mut row = vec![
        json!(document.stream.kind.as_str()),
        json!(document.stream.tenant),
        json!(document.stream.key),
        json!(document.created_position),
    ];
    row.extend(document.fields.iter().take(FIELDS_MAX).map(field_value));
    Value::Array(row)
}

fn field_value(value: &FieldValue) -> Value {
    match value {
        FieldValue::Text(text) => json!(text),
        FieldValue::Integer(number) => json!(number),
        FieldValue::Absent => Value::Null,
    }
}

fn bucket_row(bucket: &BucketChange) -> Result<Value, CounterOverflow> {
    let (high, low) = split_minor(bucket.minor)?;
    Ok(json!([
        bucket.key.tenant,
        bucket.key.currency,
        bucket.key.measure.as_str(),
        bucket.key.bucket,
        bucket.count,
        high,
        low,
    ]))
}

fn number_row(number: &RegisteredNumber) -> Value {
    json!([
        number.tenant,
        number.series,
        number.place.period,
        number.place.sequence,
        number.place.invoice_id,
        number.number,
        number.issue_date.to_string(),
        number.document_status.as_str(),
        number.settlement_status.as_str(),
        number.position,
    ])
}

fn parked_row(parked: &ParkedKey) -> Value {
    json!([
        parked.stream.kind.as_str(),
        parked.stream.tenant,
        parked.stream.key,
        parked.position,
        parked.reason,
    ])
}
