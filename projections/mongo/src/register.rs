//! Reading the number register: the lines that invoices carry, in the order of their places.

use futures::TryStreamExt;
use futures::future::try_join_all;
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{StreamKind, TenantId};
use invoiceapp_projections::register::PAGE_NUMBERS_MAX;
use invoiceapp_projections::{RegisterPage, RegisterQuery, RegisteredNumber, ViewError};
use mongodb::bson::{Document, doc};
use mongodb::{Collection, Database};

use crate::deadline::{OPERATION_TIMEOUT, within};
use crate::documents::{place_text, registered};
use crate::names::{NUMBER, TENANT};

const SERIES: &str = "number.series";
const PLACE: &str = "number.place";

fn invoices(database: &Database) -> Collection<Document> {
    database.collection(StreamKind::Invoice.as_str())
}

pub(crate) async fn page(
    database: &Database,
    query: &RegisterQuery,
) -> Result<RegisterPage, ViewError> {
    let limit = query.limit.clamp(1, PAGE_NUMBERS_MAX);
    let of_series = doc! { TENANT: query.tenant.as_str(), SERIES: query.series.as_str() };
    let mut filter = of_series.clone();
    if let Some(after) = &query.after {
        filter.insert(PLACE, doc! { "$gt": place_text(after) });
    }
    // One more than asked for tells whether there is a next page.
    let asked = i64::from(limit) + 1;
    let mut numbers = find(database, &query.tenant, filter, 1, asked).await?;
    let page_length = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = numbers.len() > page_length;
    numbers.truncate(page_length);
    let last = numbers.last().filter(|_| more);
    let next_after = last.map(|number| number.place.clone());
    let total = if query.count {
        let invoices = invoices(database);
        let count = invoices.count_documents(of_series);
        let count = count.max_time(OPERATION_TIMEOUT);
        Some(within(count).await?)
    } else {
        None
    };
    Ok(RegisterPage {
        numbers,
        next_after,
        total,
    })
}

pub(crate) async fn last_numbers(
    database: &Database,
    tenant: &TenantId,
    series: &[SeriesCode],
) -> Result<Vec<RegisteredNumber>, ViewError> {
    let last = series.iter().map(|series| {
        let filter = doc! { TENANT: tenant.as_str(), SERIES: series.as_str() };
        find(database, tenant, filter, -1, 1)
    });
    Ok(try_join_all(last).await?.into_iter().flatten().collect())
}

async fn find(
    database: &Database,
    tenant: &TenantId,
    filter: Document,
    direction: i32,
    limit: i64,
) -> Result<Vec<RegisteredNumber>, ViewError> {
    let invoices = invoices(database);
    let find = invoices
        .find(filter)
        .projection(doc! { NUMBER: 1 })
        .sort(doc! { PLACE: direction })
        .limit(limit)
        .max_time(OPERATION_TIMEOUT);
    let read = async { find.await?.try_collect::<Vec<Document>>().await };
    let found = within(read).await?;
    found
        .iter()
        .map(|found| registered(tenant, found))
        .collect()
}
