//! Reading: single documents, pages, counters.

use futures::TryStreamExt;
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use sqlx::sqlite::Sqlite;
use sqlx::{QueryBuilder, SqlitePool};

use super::rows::{self, DOCUMENT_COLUMNS, signed, unsigned};
use super::sql::{column, push_matching};
use crate::dashboard::Bucket;
use crate::document::{Document, FieldValue};
use crate::error::ViewError;
use crate::query::{ListQuery, PAGE_DOCUMENTS_MAX, Page, PageRoom};
use crate::store::{ParkedKey, Progress};

pub(super) async fn progress(pool: &SqlitePool) -> Result<Progress, ViewError> {
    let row = sqlx::query("SELECT position, built FROM checkpoint WHERE one = 1")
        .fetch_one(pool)
        .await
        .map_err(ViewError::unavailable)?;
    Ok(Progress {
        checkpoint: unsigned(&row, "position")?,
        is_built: unsigned(&row, "built")? == 1,
    })
}

pub(super) async fn document(
    pool: &SqlitePool,
    stream: &StreamId,
) -> Result<Option<Document>, ViewError> {
    Ok(documents(pool, std::slice::from_ref(stream)).await?.pop())
}

pub(super) async fn documents(
    pool: &SqlitePool,
    streams: &[StreamId],
) -> Result<Vec<Document>, ViewError> {
    if streams.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<[&str; 3]> = streams
        .iter()
        .map(|stream| {
            [
                stream.kind.as_str(),
                stream.tenant.as_str(),
                stream.key.as_str(),
            ]
        })
        .collect();
    let keys = serde_json::to_string(&keys).map_err(ViewError::unavailable)?;
    let sql = format!(
        "SELECT {DOCUMENT_COLUMNS} FROM json_each(?1) k CROSS JOIN documents d \
         ON d.kind = k.value ->> 0 AND d.tenant = k.value ->> 1 AND d.key = k.value ->> 2"
    );
    let found = sqlx::query(&sql).bind(keys).fetch_all(pool).await;
    found
        .map_err(ViewError::unavailable)?
        .iter()
        .map(rows::document)
        .collect()
}

pub(super) async fn list(pool: &SqlitePool, query: &ListQuery) -> Result<Page, ViewError> {
    let (documents, more) = page(pool, query).await?;
    let last = documents.last().filter(|_| more);
    let next_before = last.map(|document| document.created_position);
    let total = if query.count {
        Some(count(pool, query).await?)
    } else {
        None
    };
    Ok(Page {
        documents,
        next_before,
        total,
    })
}

/// The documents of a page, and whether more follow. They come in their order as they are found, so
/// that hardly anything is read beyond the page's end.
async fn page(pool: &SqlitePool, query: &ListQuery) -> Result<(Vec<Document>, bool), ViewError> {
    let limit = query.limit.clamp(1, PAGE_DOCUMENTS_MAX);
    let mut builder = page_query(query, limit);
    let mut found = builder.build().fetch(pool);
    let mut room = PageRoom::new(usize::try_from(limit).unwrap_or(usize::MAX));
    let mut documents = Vec::new();
    while let Some(row) = found.try_next().await.map_err(ViewError::unavailable)? {
        let document = rows::document(&row)?;
        if !room.takes(document.json.len()) {
            return Ok((documents, true));
        }
        documents.push(document);
    }
    Ok((documents, false))
}

fn page_query(query: &ListQuery, limit: u32) -> QueryBuilder<'_, Sqlite> {
    let mut builder = QueryBuilder::<Sqlite>::new("SELECT ");
    builder.push(DOCUMENT_COLUMNS);
    builder.push(" FROM (SELECT i.kind, i.tenant, i.key, i.created_position AS place");
    push_matching(&mut builder, query);
    if let Some(before) = query.before {
        builder
            .push(" AND i.created_position < ")
            .push_bind(signed(before));
    }
    // One more than asked for tells whether there is a next page.
    builder
        .push(" ORDER BY i.created_position DESC LIMIT ")
        .push_bind(i64::from(limit) + 1);
    builder.push(
        ") p CROSS JOIN documents d ON d.kind = p.kind AND d.tenant = p.tenant AND d.key = p.key \
         ORDER BY p.place DESC",
    );
    builder
}

async fn count(pool: &SqlitePool, query: &ListQuery) -> Result<u64, ViewError> {
    let mut builder = QueryBuilder::<Sqlite>::new("SELECT count(*) AS total");
    push_matching(&mut builder, query);
    let row = builder
        .build()
        .fetch_one(pool)
        .await
        .map_err(ViewError::unavailable)?;
    unsigned(&row, "total")
}

pub(super) async fn across_tenants(
    pool: &SqlitePool,
    kind: StreamKind,
    field: &'static str,
    value: &FieldValue,
    limit: u32,
) -> Result<Vec<Document>, ViewError> {
    let mut builder = QueryBuilder::<Sqlite>::new("SELECT ");
    builder.push(DOCUMENT_COLUMNS);
    builder.push(
        " FROM document_index i JOIN documents d \
         ON d.kind = i.kind AND d.tenant = i.tenant AND d.key = i.key WHERE i.kind = ",
    );
    builder.push_bind(kind.as_str());
    builder.push(" AND ").push(column(kind, field)).push(" = ");
    match value {
        FieldValue::Text(text) => builder.push_bind(text.clone()),
        FieldValue::Integer(number) => builder.push_bind(*number),
        FieldValue::Absent => builder.push("NULL"),
    };
    builder.push(" LIMIT ").push_bind(i64::from(limit));
    let found = builder
        .build()
        .fetch_all(pool)
        .await
        .map_err(ViewError::unavailable)?;
    found.iter().map(rows::document).collect()
}

pub(super) async fn buckets(
    pool: &SqlitePool,
    tenant: &TenantId,
) -> Result<Vec<Bucket>, ViewError> {
    let found = sqlx::query(
        "SELECT tenant, currency, measure, bucket, count, minor_high, minor_low \
         FROM buckets WHERE tenant = ?1",
    )
    .bind(tenant.as_str())
    .fetch_all(pool)
    .await
    .map_err(ViewError::unavailable)?;
    found.iter().map(rows::bucket).collect()
}

pub(super) async fn parked(pool: &SqlitePool, limit: u32) -> Result<Vec<ParkedKey>, ViewError> {
    let found = sqlx::query(
        "SELECT kind, tenant, key, position, reason FROM parked ORDER BY position LIMIT ?1",
    )
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await
    .map_err(ViewError::unavailable)?;
    found.iter().map(rows::parked).collect()
}
