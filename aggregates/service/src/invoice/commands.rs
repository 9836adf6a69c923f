//! The commands of a draft.

use std::sync::Arc;

use axum::extract::State;
use invoiceapp_domain::ids::{InvoiceId, LineId};
use invoiceapp_domain::invoice::{Invoice, InvoiceCommand, InvoiceLine};
use invoiceapp_domain::{Permission, StreamId, StreamKind};
use invoiceapp_http::{
    BodyDigest, Change, CommandAnswer, CommandRequest, Json, NoBody, OptionalJson, PathId, PathIds,
    Problem, ProblemBody, Text, Unread,
};
use invoiceapp_journal::execute::{Executed, Prepared};
use invoiceapp_journal::loaded::Loaded;

use super::bodies::{DraftBody, DraftChangeBody, LineBody, ReasonBody};
use super::drafting::{DraftFacts, draft_changes, filled_line, new_draft};
use super::expected::Expected;
use super::resource::{InvoiceResource, render};
use crate::parts::{PreparedOr, Refusal, ServiceParts};

pub(super) type Answer = Result<CommandAnswer<InvoiceResource>, Problem>;

/// Draft an invoice.
#[utoipa::path(post, path = "/api/v1/invoices", tag = "invoices", request_body = DraftBody,
    responses((status = 201, body = InvoiceResource), (status = 400, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
pub(super) async fn create(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    body: Unread<Json<DraftBody>>,
) -> Answer {
    request.require(Permission::InvoiceCreate)?;
    let body = body.read().await?;
    let stream = parts.fresh_stream(&request, StreamKind::Invoice);
    let (service, tenant, draft) = (parts.clone(), stream.tenant.clone(), body.value);
    let expected = Expected::of(&request, draft.totals.clone(), &draft.lines);
    let prepare = move |_| {
        let (service, tenant, draft) = (service.clone(), tenant.clone(), draft.clone());
        let expected = expected.clone();
        async move {
            let draft = new_draft(&service, &tenant, draft)
                .await
                .map_err(Refusal::Prepared)?;
            let command = InvoiceCommand::CreateDraft(Box::new(draft));
            expected.check(&service, None, &command).await?;
            Ok(Prepared::new(command))
        }
    };
    let stamp = request.stamp(body.digest);
    let executed = parts
        .execute_with::<Invoice, _, _>(&request, stamp, stream, prepare)
        .await?;
    let resource = resource(&parts, &executed).await?;
    let location = format!("/api/v1/invoices/{}", resource.id);
    Ok(CommandAnswer::created(
        location,
        resource,
        &executed.committed,
    ))
}

/// Change a draft.
#[utoipa::path(patch, path = "/api/v1/invoices/{id}", tag = "invoices",
    params(("id" = String, Path)), request_body = DraftChangeBody,
    responses((status = 200, body = InvoiceResource), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invoice_not_draft`")))]
pub(super) async fn change(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathId(id): PathId<InvoiceId>,
    body: Unread<Json<DraftChangeBody>>,
) -> Answer {
    request.require(Permission::InvoiceUpdate)?;
    let body = body.read().await?;
    let stream = stream_of(&request, id);
    let (service, changes) = (parts.clone(), body.value);
    let lines = match &changes.lines {
        Change::Set(lines) => lines.as_slice(),
        Change::Keep | Change::Clear => &[],
    };
    let expected = Expected::of(&request, changes.totals.clone(), lines);
    let prepare = move |loaded: Option<Arc<Loaded<Invoice>>>| {
        let (service, changes) = (service.clone(), changes.clone());
        let expected = expected.clone();
        async move {
            let draft = DraftFacts::of(loaded.as_deref())?;
            let changes = draft_changes(&service, &draft, changes).await;
            let changes = Box::new(changes.map_err(Refusal::Prepared)?);
            let command = InvoiceCommand::ChangeDraft(changes);
            let state = loaded.as_deref().map(|loaded| &loaded.state);
            expected.check(&service, state, &command).await?;
            Ok(Prepared::new(command))
        }
    };
    let stamp = request.stamp(body.digest);
    let executed = parts
        .execute_with::<Invoice, _, _>(&request, stamp, stream, prepare)
        .await?;
    answer(&parts, &executed).await
}

/// Add a line at the end of a draft.
#[utoipa::path(post, path = "/api/v1/invoices/{id}/lines", tag = "invoices",
    params(("id" = String, Path)), request_body = LineBody,
    responses((status = 201, body = InvoiceResource), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invoice_not_draft`")))]
pub(super) async fn add_line(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathId(id): PathId<InvoiceId>,
    body: Unread<Json<LineBody>>,
) -> Answer {
    request.require(Permission::InvoiceUpdate)?;
    let body = body.read().await?;
    let line_id = LineId(parts.ambient.new_id());
    let wrap = |line| InvoiceCommand::AddLine(Box::new(line));
    let executed = with_line(&parts, &request, (id, line_id), body, wrap).await?;
    let resource = resource(&parts, &executed).await?;
    let location = format!("/api/v1/invoices/{}", resource.id);
    Ok(CommandAnswer::created(
        location,
        resource,
        &executed.committed,
    ))
}

/// Put a line in the place of another.
#[utoipa::path(put, path = "/api/v1/invoices/{id}/lines/{line_id}", tag = "invoices",
    params(("id" = String, Path), ("line_id" = String, Path)), request_body = LineBody,
    responses((status = 200, body = InvoiceResource), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invoice_not_draft`")))]
pub(super) async fn change_line(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathIds(ids): PathIds<(InvoiceId, LineId)>,
    body: Unread<Json<LineBody>>,
) -> Answer {
    request.require(Permission::InvoiceUpdate)?;
    let body = body.read().await?;
    let wrap = |line| InvoiceCommand::ChangeLine(Box::new(line));
    let executed = with_line(&parts, &request, ids, body, wrap).await?;
    answer(&parts, &executed).await
}

async fn with_line(
    parts: &ServiceParts,
    request: &CommandRequest,
    (id, line_id): (InvoiceId, LineId),
    body: Json<LineBody>,
    wrap: fn(InvoiceLine) -> InvoiceCommand,
) -> Result<Executed<Invoice>, Problem> {
    let stream = stream_of(request, id);
    let (service, line) = (parts.clone(), body.value);
    let expected = Expected::of_line(request, line_id, &line);
    let prepare = move |loaded: Option<Arc<Loaded<Invoice>>>| {
        let (service, line) = (service.clone(), line.clone());
        let expected = expected.clone();
        async move {
            let draft = DraftFacts::of(loaded.as_deref())?;
            let line = filled_line(&service, &draft, (line_id, &line)).await;
            let command = wrap(line.map_err(Refusal::Prepared)?);
            let state = loaded.as_deref().map(|loaded| &loaded.state);
            expected.check(&service, state, &command).await?;
            Ok(Prepared::new(command))
        }
    };
    let stamp = request.stamp(body.digest);
    parts
        .execute_with::<Invoice, _, _>(request, stamp, stream, prepare)
        .await
}

/// Take a line out of a draft.
#[utoipa::path(delete, path = "/api/v1/invoices/{id}/lines/{line_id}", tag = "invoices",
    params(("id" = String, Path), ("line_id" = String, Path)),
    responses((status = 200, body = InvoiceResource), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invoice_not_draft`")))]
pub(super) async fn remove_line(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathIds((id, line_id)): PathIds<(InvoiceId, LineId)>,
    body: Unread<NoBody>,
) -> Answer {
    request.require(Permission::InvoiceUpdate)?;
    let body = body.read().await?;
    let command = InvoiceCommand::RemoveLine { line_id };
    changed(&parts, &request, body.digest, (id, command)).await
}

/// Give up a draft; it never had a number.
#[utoipa::path(post, path = "/api/v1/invoices/{id}/discard", tag = "invoices",
    params(("id" = String, Path)), request_body = Option<ReasonBody>,
    responses((status = 200, body = InvoiceResource), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invoice_not_draft`")))]
pub(super) async fn discard(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathId(id): PathId<InvoiceId>,
    body: Unread<OptionalJson<ReasonBody>>,
) -> Answer {
    request.require(Permission::InvoiceDelete)?;
    let body = body.read().await?;
    let command = InvoiceCommand::Discard {
        reason: Text::optional(body.value.reason),
    };
    changed(&parts, &request, body.digest, (id, command)).await
}

/// Executes a command that stands on the invoice alone, and answers with the invoice.
pub(super) async fn changed(
    parts: &ServiceParts,
    request: &CommandRequest,
    digest: BodyDigest,
    (id, command): (InvoiceId, InvoiceCommand),
) -> Answer {
    let stream = stream_of(request, id);
    let stamp = request.stamp(digest);
    let prepare = move |_| {
        let prepared: PreparedOr<Invoice> = Ok(Prepared::new(command.clone()));
        std::future::ready(prepared)
    };
    let executed = parts
        .execute_with::<Invoice, _, _>(request, stamp, stream, prepare)
        .await?;
    answer(parts, &executed).await
}

pub(super) async fn answer(parts: &ServiceParts, executed: &Executed<Invoice>) -> Answer {
    let resource = resource(parts, executed).await?;
    Ok(CommandAnswer::ok(resource, &executed.committed))
}

/// The invoice as of the command: a repeated command is answered as it was the first time, with the
/// day of its commit.
pub(super) async fn resource(
    parts: &ServiceParts,
    executed: &Executed<Invoice>,
) -> Result<InvoiceResource, Problem> {
    let committed_at = executed.committed.recorded_at;
    let day = parts
        .day_of(&executed.loaded.stream.tenant, committed_at)
        .await?;
    render(&executed.loaded, day).ok_or_else(Problem::not_found)
}

pub(super) fn stream_of(request: &CommandRequest, id: InvoiceId) -> StreamId {
    StreamId::new(request.tenant().clone(), StreamKind::Invoice, id)
}
