//! The handlers of number series.

use axum::extract::State;
use invoiceapp_domain::numbering::{NumberSeries, NumberSeriesCommand};
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{Permission, StreamId, StreamKind};
use invoiceapp_http::json::Nothing;
use invoiceapp_http::{
    Authenticated, CommandAnswer, CommandRequest, ConsistencyToken, Json, List, ListPage, PathId,
    Problem, ProblemBody, QueryAnswer,
};

use super::bodies::SeriesBody;
use super::resource::{SeriesResource, render};
use crate::parts::ServiceParts;

/// Define a number series.
#[utoipa::path(post, path = "/api/v1/number-series", tag = "number series",
    request_body = SeriesBody,
    responses((status = 201, body = SeriesResource), (status = 409, body = ProblemBody)))]
pub(crate) async fn define(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    body: Json<SeriesBody>,
) -> Result<CommandAnswer<SeriesResource>, Problem> {
    request.require(Permission::SeriesManage)?;
    let series = body.value.into_snapshot();
    let stream = StreamId::new(
        request.tenant().clone(),
        StreamKind::NumberSeries,
        series.code.as_str(),
    );
    let command = NumberSeriesCommand::Define(series);
    let executed = parts
        .execute::<NumberSeries>(&request, body.digest, stream, command)
        .await?;
    let resource = render(&executed.loaded).ok_or_else(Problem::not_found)?;
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
    parts.page::<NumberSeries, _>(&query, render).await
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
) -> Result<QueryAnswer<SeriesResource>, Problem> {
    caller.require(Permission::SeriesManage)?;
    parts.wait(token).await?;
    let stream = StreamId::new(caller.tenant().clone(), StreamKind::NumberSeries, code);
    parts.document::<NumberSeries, _>(&stream, render).await
}
