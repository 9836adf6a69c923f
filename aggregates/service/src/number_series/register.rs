//! The numbers that a series has given, and what became of each.

use axum::extract::State;
use invoiceapp_domain::numbering::NumberSeries;
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{Permission, StreamId, StreamKind};
use invoiceapp_http::json::Nothing;
use invoiceapp_http::{
    Authenticated, ConsistencyToken, List, ListPage, PathId, Problem, ProblemBody,
};
use invoiceapp_projections::{RegisterQuery, RegisteredNumber};
use serde::Serialize;
use utoipa::ToSchema;

use super::cursor::RegisterCursor;
use crate::parts::{ServiceParts, view_problem};

/// A number that was given. It stays in the register for ever, whatever becomes of its document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RegisteredNumber)]
pub(crate) struct NumberResource {
    /// The number as it is printed.
    #[schema(example = "INV-2026-00001")]
    number: String,
    /// The series' code.
    series: String,
    /// The period that the sequence counts in: empty, `YYYY` or `YYYY-MM`.
    period: String,
    /// The place in the period.
    sequence: u64,
    /// The document that has the number.
    invoice_id: String,
    /// Its date of issue.
    #[schema(format = Date)]
    issue_date: String,
    /// Whether it stands: `issued` or `voided`.
    document_status: String,
    /// How far it is paid: `unpaid`, `partially_paid`, `paid` or `written_off`.
    settlement_status: String,
    /// The journal position of the document's last event: the two words are as of there.
    position: u64,
}

impl From<RegisteredNumber> for NumberResource {
    fn from(number: RegisteredNumber) -> Self {
        Self {
            number: number.number,
            series: number.series.to_string(),
            period: number.place.period,
            sequence: number.place.sequence,
            invoice_id: number.place.invoice_id,
            issue_date: number.issue_date.to_string(),
            document_status: number.document_status.to_string(),
            settlement_status: number.settlement_status.to_string(),
            position: number.position,
        }
    }
}

/// List the numbers that a series has given, and what became of each.
///
/// The oldest number comes first, unlike in other lists: a register is read in its order, and a gap
/// would show between two neighbours. Asks for `series.manage` or `audit.read`.
#[utoipa::path(get, path = "/api/v1/number-series/{code}/numbers", tag = "number series",
    params(("code" = String, Path), ("limit" = Option<u32>, Query),
        ("cursor" = Option<String>, Query), ("count" = Option<bool>, Query)),
    responses((status = 200, body = ListPage<NumberResource>),
        (status = 400, body = ProblemBody), (status = 404, body = ProblemBody)))]
pub(crate) async fn numbers(
    State(parts): State<ServiceParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    PathId(code): PathId<SeriesCode>,
    list: List<Nothing, RegisterCursor>,
) -> Result<ListPage<NumberResource>, Problem> {
    if caller.require(Permission::AuditRead).is_err() {
        caller.require(Permission::SeriesManage)?;
    }
    parts.wait(token).await?;
    let tenant = caller.tenant().clone();
    let stream = StreamId::new(tenant.clone(), StreamKind::NumberSeries, &code);
    parts.required::<NumberSeries>(&stream).await?;
    let query = RegisterQuery {
        tenant,
        series: code,
        after: list.page.cursor.clone().map(|cursor| cursor.0),
        limit: u32::try_from(list.page.limit).unwrap_or(u32::MAX),
        count: list.page.count,
    };
    let page = parts.views.store().register(&query).await;
    let page = page.map_err(view_problem)?;
    let next = list.page.next_cursor(page.next_after.map(RegisterCursor));
    let data = page.numbers.into_iter().map(NumberResource::from).collect();
    Ok(ListPage::new(data, next, page.total))
}
