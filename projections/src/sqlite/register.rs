//! Reading the number register.

use invoiceapp_domain::TenantId;
use invoiceapp_domain::text::SeriesCode;
use sqlx::SqlitePool;

use super::rows::{REGISTER_COLUMNS, registered_number, signed, unsigned};
use crate::error::ViewError;
use crate::register::{PAGE_NUMBERS_MAX, RegisterPage, RegisterQuery, RegisteredNumber};

pub(super) async fn page(
    pool: &SqlitePool,
    query: &RegisterQuery,
) -> Result<RegisterPage, ViewError> {
    let limit = query.limit.clamp(1, PAGE_NUMBERS_MAX);
    // No sequence is negative: this is before all of them.
    let after = query.after.as_ref().map_or(("", -1, ""), |place| {
        let sequence = signed(place.sequence);
        (place.period.as_str(), sequence, place.invoice_id.as_str())
    });
    let sql = format!(
        "SELECT {REGISTER_COLUMNS} FROM number_register r WHERE r.tenant = ?1 AND r.series = ?2 \
         AND (r.period, r.sequence, r.invoice_id) > (?3, ?4, ?5) \
         ORDER BY r.period, r.sequence, r.invoice_id LIMIT ?6"
    );
    // One more than asked for tells whether there is a next page.
    let found = sqlx::query(&sql)
        .bind(query.tenant.as_str())
        .bind(query.series.as_str())
        .bind(after.0)
        .bind(after.1)
        .bind(after.2)
        .bind(i64::from(limit) + 1)
        .fetch_all(pool)
        .await
        .map_err(ViewError::unavailable)?;
    let numbers = found.iter().map(registered_number);
    let mut numbers: Vec<RegisteredNumber> = numbers.collect::<Result<_, _>>()?;
    let page_length = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = numbers.len() > page_length;
    numbers.truncate(page_length);
    let last = numbers.last().filter(|_| more);
    Ok(RegisterPage {
        next_after: last.map(|number| number.place.clone()),
        total: if query.count {
            Some(count(pool, query).await?)
        } else {
            None
        },
        numbers,
    })
}

async fn count(pool: &SqlitePool, query: &RegisterQuery) -> Result<u64, ViewError> {
    let sql = "SELECT count(*) AS total FROM number_register WHERE tenant = ?1 AND series = ?2";
    let row = sqlx::query(sql)
        .bind(query.tenant.as_str())
        .bind(query.series.as_str())
        .fetch_one(pool)
        .await
        .map_err(ViewError::unavailable)?;
    unsigned(&row, "total")
}

pub(super) async fn last_numbers(
    pool: &SqlitePool,
    tenant: &TenantId,
    series: &[SeriesCode],
) -> Result<Vec<RegisteredNumber>, ViewError> {
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let series = serde_json::to_string(series).map_err(ViewError::unavailable)?;
    let sql = format!(
        "SELECT {REGISTER_COLUMNS} FROM json_each(?2) k CROSS JOIN number_register r \
         ON r.tenant = ?1 AND r.series = k.value AND (r.period, r.sequence, r.invoice_id) = \
         (SELECT l.period, l.sequence, l.invoice_id FROM number_register l \
          WHERE l.tenant = ?1 AND l.series = k.value \
          ORDER BY l.period DESC, l.sequence DESC, l.invoice_id DESC LIMIT 1)"
    );
    let found = sqlx::query(&sql)
        .bind(tenant.as_str())
        .bind(series)
        .fetch_all(pool)
        .await
        .map_err(ViewError::unavailable)?;
    found.iter().map(registered_number).collect()
}
