//! The series that a new one has to keep clear of.

use std::sync::Arc;

use invoiceapp_domain::numbering::{NumberSeries, SERIES_MAX, SeriesSnapshot};
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{StreamKind, TenantId};
use invoiceapp_http::{Code, Problem};
use invoiceapp_projections::query::{ListQuery, PAGE_DOCUMENTS_MAX};

use crate::parts::{ServiceParts, view_problem};

/// Every series of a tenant but one, as of now: the view is waited for, because a series that was
/// defined a moment ago may be missing in it.
pub(super) async fn others(
    parts: &ServiceParts,
    tenant: &TenantId,
    code: &SeriesCode,
) -> Result<Vec<SeriesSnapshot>, Problem> {
    let head = parts.executor.journal().head().await?;
    let reached = parts.views.wait_for(head.position).await;
    reached.map_err(view_problem)?;
    let journal = Arc::clone(parts.executor.journal());
    let standing = parts.views.clone().beside(journal).standing().await;
    if !standing.holds_all(tenant, StreamKind::NumberSeries) {
        return Err(Problem::new(Code::DependencyUnavailable)
            .with_detail("Not all number series can be read; see what is parked."));
    }
    let mut query = ListQuery {
        tenant: tenant.clone(),
        kind: StreamKind::NumberSeries,
        conditions: Vec::new(),
        before: None,
        limit: PAGE_DOCUMENTS_MAX,
        count: false,
    };
    let mut others = Vec::new();
    loop {
        let page = parts.views.list::<NumberSeries>(&query).await;
        let (series, page) = page.map_err(view_problem)?;
        let found = series.into_iter().filter_map(|it| it.state.into_snapshot());
        others.extend(found.filter(|series| series.code != *code));
        query.before = page.next_before;
        if query.before.is_none() || others.len() >= SERIES_MAX {
            return Ok(others);
        }
    }
}
