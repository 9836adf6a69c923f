//! Writing: documents, index rows, counters, parked streams and the checkpoint in one transaction.
//!
//! Rows are handed over as one JSON array per table, because a statement costs more than its rows.

use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use super::rows::signed;
use super::sql::FIELDS_MAX;
use crate::document::FieldValue;
use crate::error::ViewError;
use crate::store::{Applied, Changes};

/// A document is written only when its version is newer: a repeat changes nothing.
const DOCUMENTS: &str = "
INSERT INTO documents (kind, tenant, key, version, position, created_position, document)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
FROM json_each(?1) WHERE TRUE
ON CONFLICT (kind, tenant, key) DO UPDATE SET
    version = excluded.version, position = excluded.position, document = excluded.document
WHERE excluded.version > documents.version";

const INDEX: &str = "
INSERT OR REPLACE INTO document_index
    (kind, tenant, key, created_position, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3,
       value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8,
       value ->> 9, value ->> 10, value ->> 11, value ->> 12, value ->> 13
FROM json_each(?1)";

const BUCKETS: &str = "
INSERT INTO buckets (tenant, currency, measure, bucket, count, minor)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
FROM json_each(?1) WHERE TRUE
ON CONFLICT (tenant, currency, measure, bucket) DO UPDATE SET
    count = buckets.count + excluded.count, minor = buckets.minor + excluded.minor";

const PARKED: &str = "
INSERT OR IGNORE INTO parked (kind, tenant, key, position, reason)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1)";

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
    let moved = sqlx::query("UPDATE checkpoint SET position = ?2 WHERE one = 1 AND position = ?1")
        .bind(signed(from))
        .bind(signed(to))
        .execute(&mut *transaction)
        .await
        .map_err(ViewError::unavailable)?;
    if moved.rows_affected() == 0 {
        transaction
            .rollback()
            .await
            .map_err(ViewError::unavailable)?;
        return Ok(Applied::Fenced);
    }
    for (sql, rows) in [
        (DOCUMENTS, document_rows(changes)),
        (INDEX, index_rows(changes)),
        (BUCKETS, bucket_rows(changes)),
        (PARKED, parked_rows(changes)),
    ] {
        if rows.is_empty() {
            continue;
        }
        let rows = Value::Array(rows).to_string();
        sqlx::query(sql)
            .bind(rows)
            .execute(&mut *transaction)
            .await
            .map_err(ViewError::unavailable)?;
    }
    transaction.commit().await.map_err(ViewError::unavailable)?;
    Ok(Applied::Committed)
}

fn document_rows(changes: &Changes) -> Vec<Value> {
    let documents = changes.documents.iter().map(|change| &change.document);
    documents
        .map(|document| {
            json!([
                document.stream.kind.as_str(),
                document.stream.tenant,
                document.stream.key,
                document.version,
                document.position,
                document.created_position,
                document.json,
            ])
        })
        .collect()
}

fn index_rows(changes: &Changes) -> Vec<Value> {
    let documents = changes.documents.iter().map(|change| &change.document);
    documents
        .map(|document| {
            let mut row = vec![
                json!(document.stream.kind.as_str()),
                json!(document.stream.tenant),
                json!(document.stream.key),
                json!(document.created_position),
            ];
            row.extend(document.fields.iter().take(FIELDS_MAX).map(field_value));
            Value::Array(row)
        })
        .collect()
}

fn field_value(value: &FieldValue) -> Value {
    match value {
        FieldValue::Text(text) => json!(text),
        FieldValue::Integer(number) => json!(number),
        FieldValue::Absent => Value::Null,
    }
}

fn bucket_rows(changes: &Changes) -> Vec<Value> {
    let buckets = changes.buckets.iter();
    buckets
        .map(|bucket| {
            json!([
                bucket.key.tenant,
                bucket.key.currency,
                bucket.key.measure.as_str(),
                bucket.key.bucket,
                bucket.count,
                bucket.minor,
            ])
        })
        .collect()
}

fn parked_rows(changes: &Changes) -> Vec<Value> {
    let parked = changes.parked.iter();
    parked
        .map(|parked| {
            json!([
                parked.stream.kind.as_str(),
                parked.stream.tenant,
                parked.stream.key,
                parked.position,
                parked.reason,
            ])
        })
        .collect()
}
