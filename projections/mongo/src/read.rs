//! Reading: single documents, pages, counters.

use std::collections::HashMap;

use futures::TryStreamExt;
use futures::future::try_join_all;
use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_projections::dashboard::Bucket;
use invoiceapp_projections::query::PAGE_DOCUMENTS_MAX;
use invoiceapp_projections::{Document, FieldValue, ListQuery, Page, PageRoom, ViewError};
use mongodb::bson::{Document as BsonDocument, doc};
use mongodb::{Collection, Database};

use crate::deadline::{OPERATION_TIMEOUT, within};
use crate::documents::{
    self, PART_KEY, PART_VALUE, document_fields, field_value, identity, signed,
};
use crate::filter::matching;
use crate::names::{BUCKETS, CREATED, JSON, TENANT, has_field, index_field};

/// Documents of a page that the server sends at a time: of a page that ends early no more than that
/// come in vain. MongoDB ends a batch at 16 MB by itself, FerretDB does not.
const PAGE_BATCH_DOCUMENTS: u32 = 20;

fn collection(database: &Database, kind: StreamKind) -> Collection<BsonDocument> {
    database.collection(kind.as_str())
}

pub(crate) async fn documents(
    database: &Database,
    streams: &[StreamId],
) -> Result<Vec<Document>, ViewError> {
    let mut by_kind: HashMap<StreamKind, Vec<String>> = HashMap::new();
    for stream in streams {
        by_kind
            .entry(stream.kind)
            .or_default()
            .push(identity(stream));
    }
    let reads = by_kind.into_iter().map(|(kind, mut ids)| {
        // One of them alone is what every version of every server looks up by its index.
        let one = if ids.len() == 1 { ids.pop() } else { None };
        let filter = match one {
            Some(id) => doc! { "_id": id },
            None => doc! { "_id": { "$in": ids } },
        };
        find(database, kind, filter, None)
    });
    Ok(try_join_all(reads).await?.into_iter().flatten().collect())
}

pub(crate) async fn list(database: &Database, query: &ListQuery) -> Result<Page, ViewError> {
    let (documents, more) = page(database, query).await?;
    let last = documents.last().filter(|_| more);
    let next_before = last.map(|document| document.created_position);
    let total = if query.count {
        let collection = collection(database, query.kind);
        let count = collection.count_documents(matching(query));
        let count = count.max_time(OPERATION_TIMEOUT);
        Some(within(count).await?)
    } else {
        None
    };
    Ok(Page {
        documents,
        next_before,
        total,
    })
}

/// The documents of a page, and whether more follow. What the server still has when the page is at
/// its end is never asked for.
async fn page(database: &Database, query: &ListQuery) -> Result<(Vec<Document>, bool), ViewError> {
    let limit = query.limit.clamp(1, PAGE_DOCUMENTS_MAX);
    let mut filter = matching(query);
    if let Some(before) = query.before {
        filter.insert(CREATED, doc! { "$lt": signed(before)? });
    }
    // One more than asked for tells whether there is a next page.
    let asked = limit.saturating_add(1);
    let collection = collection(database, query.kind);
    let find = collection
        .find(filter)
        .projection(document_fields())
        .sort(doc! { CREATED: -1 })
        .limit(i64::from(asked))
        .batch_size(asked.min(PAGE_BATCH_DOCUMENTS))
        .max_time(OPERATION_TIMEOUT);
    let mut room = PageRoom::new(usize::try_from(limit).unwrap_or(usize::MAX));
    let read = async {
        let (mut found, mut more) = (Vec::new(), false);
        let mut cursor = find.await?;
        while let Some(next) = cursor.try_next().await? {
            if !room.takes(next.get_str(JSON).map_or(0, str::len)) {
                more = true;
                break;
            }
            found.push(next);
        }
        Ok((found, more))
    };
    let (found, more) = within(read).await?;
    let found = found.iter();
    let found = found.map(|it| documents::document(query.kind, it));
    Ok((found.collect::<Result<_, _>>()?, more))
}

pub(crate) async fn across_tenants(
    database: &Database,
    kind: StreamKind,
    field: &'static str,
    value: &FieldValue,
    limit: u32,
) -> Result<Vec<Document>, ViewError> {
    match field_value(value) {
        Some(value) if has_field(kind, field) && limit > 0 => {
            let filter = doc! { index_field(field): value };
            find(database, kind, filter, Some(i64::from(limit))).await
        }
        Some(_) | None => Ok(Vec::new()),
    }
}

/// Documents that match, the newest first when there is a limit.
async fn find(
    database: &Database,
    kind: StreamKind,
    filter: BsonDocument,
    limit: Option<i64>,
) -> Result<Vec<Document>, ViewError> {
    let collection = collection(database, kind);
    let mut find = collection
        .find(filter)
        .projection(document_fields())
        .max_time(OPERATION_TIMEOUT);
    if let Some(limit) = limit {
        find = find.sort(doc! { CREATED: -1 }).limit(limit);
    }
    let read = async { find.await?.try_collect::<Vec<BsonDocument>>().await };
    let found = within(read).await?;
    let found = found.iter();
    found.map(|it| documents::document(kind, it)).collect()
}

/// What the tenant's documents add up to, added up by the server: sums that are kept beside the
/// documents could not be changed in one write with them.
pub(crate) async fn buckets(
    database: &Database,
    tenant: &TenantId,
) -> Result<Vec<Bucket>, ViewError> {
    let sums = StreamKind::ALL.map(|kind| sums(database, kind, tenant));
    let sums = try_join_all(sums).await?.concat();
    documents::buckets(tenant, &sums)
}

async fn sums(
    database: &Database,
    kind: StreamKind,
    tenant: &TenantId,
) -> Result<Vec<BsonDocument>, ViewError> {
    let part = |field: &str| format!("${BUCKETS}.{field}");
    let pipeline = [
        doc! { "$match": { TENANT: tenant.as_str() } },
        doc! { "$unwind": format!("${BUCKETS}") },
        doc! { "$group": { "_id": part(PART_KEY), PART_VALUE: { "$sum": part(PART_VALUE) } } },
    ];
    let collection = collection(database, kind);
    let aggregate = collection.aggregate(pipeline).max_time(OPERATION_TIMEOUT);
    let read = async { aggregate.await?.try_collect::<Vec<BsonDocument>>().await };
    let mut sums = within(read).await?;
    for sum in &mut sums {
        let key = sum.remove("_id").ok_or_else(|| documents::misread("_id"))?;
        sum.insert(PART_KEY, key);
    }
    Ok(sums)
}
