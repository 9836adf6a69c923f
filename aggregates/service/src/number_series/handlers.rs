//! The handlers of number series.

use std::collections::HashMap;

use axum::extract::State;
use invoiceapp_domain::numbering::{NumberSeries, NumberSeriesCommand};
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{Permission, StreamId, StreamKind, TenantId};
use invoiceapp_http::json::Nothing;
use invoiceapp_http::{
    Authenticated, CommandAnswer, CommandRequest, ConsistencyToken, Cursor, Json, List, ListPage,
    NoParameters, PathId, Problem, ProblemBody, QueryAnswer, Unread,
};
use invoiceapp_journal::execute::Prepared;

use super::bodies::SeriesBody;
use super::others::others;
use super::resource::{SeriesResource, render};
use crate::parts::{Refusal, ServiceParts, view_problem};

/// Define a number series.
#[utoipa::path(post, path = "/api/v1/number-series", tag = "number series",
    request_body = SeriesBody,
    responses((status = 201, body = SeriesResource), (status = 409, body = ProblemBody)))]
pub(crate) async fn define(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    body: Unread<Json<SeriesBody>>,
) -> Result<CommandAnswer<SeriesResource>, Problem> {
    request.require(Permission::SeriesManage)?;
    let body = body.read().await?;
    let series = body.value.into_snapshot();
    let stream = StreamId::new(
        request.tenant().clone(),
        StreamKind::NumberSeries,
        series.code.as_str(),
    );
    let (service, tenant) = (parts.clone(), request.tenant().clone());
    let prepare = move |_| {
        let (service, tenant, series) = (service.clone(), tenant.clone(), series.clone());
        async move {
            let others = others(&service, &tenant, &series.code).await;
            let others = others.map_err(Refusal::Prepared)?;
            Ok(Prepared::new(NumberSeriesCommand::Define {
                series,
                others,
            }))
        }
    };
    let stamp = request.stamp(body.digest);
    let executed = parts
        .execute_with::<NumberSeries, _, _>(&request, stamp, stream, prepare)
        .await?;
    // A series has given no number in the moment in which it is defined.
    let resource = render(&executed.loaded, None).ok_or_else(Problem::not_found)?;
    let location = format!("/api/v1/number-series/{}", resource.code);
    Ok(CommandAnswer::created(
        location,
        resource,
        &executed.committed,
    ))
}

/// List number series, newest first.
#[utoipa::path(get, path = "/api/v1/number-series", tag = "number series",
    params(("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query),
        ("count" = Option<bool>, Query)),
    responses((status = 200, body = ListPage<SeriesResource>)))]
pub(crate) async fn list(
    State(parts): State<ServiceParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    list: List<Nothing>,
) -> Result<ListPage<SeriesResource>, Problem> {
    caller.require(Permission::SeriesManage)?;
    parts.wait(token).await?;
    let query = parts.list_query(&caller, StreamKind::NumberSeries, list.page, Vec::new());
    let (series, page) = parts
        .views
        .list::<NumberSeries>(&query)
        .await
        .map_err(view_problem)?;
    let codes = series.iter().filter_map(|it| it.state.snapshot());
    let codes: Vec<SeriesCode> = codes.map(|snapshot| snapshot.code.clone()).collect();
    let mut last = last_numbers(&parts, caller.tenant(), &codes).await?;
    let data = series.iter().filter_map(|loaded| {
        let code = &loaded.state.snapshot()?.code;
        render(loaded, last.remove(code))
    });
    let next = list.page.next_cursor(page.next_before.map(Cursor::after));
    Ok(ListPage::new(data.collect(), next, page.total))
}

/// Read a number series.
#[utoipa::path(get, path = "/api/v1/number-series/{code}", tag = "number series",
    params(("code" = String, Path)),
    responses((status = 200, body = SeriesResource), (status = 404, body = ProblemBody)))]
pub(crate) async fn get(
    State(parts): State<ServiceParts>,
    caller: Authenticated,
    token: ConsistencyToken,
    PathId(code): PathId<SeriesCode>,
    _: NoParameters,
) -> Result<QueryAnswer<SeriesResource>, Problem> {
    caller.require(Permission::SeriesManage)?;
    parts.wait(token).await?;
    let stream = StreamId::new(caller.tenant().clone(), StreamKind::NumberSeries, &code);
    let loaded = parts.required::<NumberSeries>(&stream).await?;
    let codes = std::slice::from_ref(&code);
    let mut last = last_numbers(&parts, caller.tenant(), codes).await?;
    let resource = render(&loaded, last.remove(&code)).ok_or_else(Problem::not_found)?;
    Ok(QueryAnswer::document(resource, loaded.version))
}

/// The last number that each series has given, of those that have given one.
async fn last_numbers(
    parts: &ServiceParts,
    tenant: &TenantId,
    codes: &[SeriesCode],
) -> Result<HashMap<SeriesCode, String>, Problem> {
    let last = parts.views.store().last_numbers(tenant, codes).await;
    let last = last.map_err(view_problem)?.into_iter();
    Ok(last.map(|last| (last.series, last.number)).collect())
}
