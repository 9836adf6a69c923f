//! The commands of a draft.

use axum::extract::State;
use invoiceapp_domain::ids::{InvoiceId, LineId};
use invoiceapp_domain::invoice::{
    DraftChanges, Due, Invoice, InvoiceCommand, InvoiceRefusal, NewDraft, Terms,
};
use invoiceapp_domain::patch::Patch;
use invoiceapp_domain::{Permission, StreamId, StreamKind, TenantId};
use invoiceapp_http::{
    BodyDigest, Change, Code, CommandAnswer, CommandRequest, FieldError, Json, NoBody,
    OptionalJson, PathId, PathIds, Problem, ProblemBody, Text,
};
use invoiceapp_journal::execute::{Executed, Prepared};
use invoiceapp_journal::loaded::Loaded;

use super::adjustments::each;
use super::bodies::{BuyerBody, DraftBody, DraftChangeBody, LineBody, ReasonBody};
use super::filling::Filling;
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
    body: Json<DraftBody>,
) -> Answer {
    request.require(Permission::InvoiceCreate)?;
    let stream = parts.fresh_stream(&request, StreamKind::Invoice);
    let (service, tenant, draft) = (parts.clone(), stream.tenant.clone(), body.value);
    let prepare = move |_| {
        let (service, tenant, draft) = (service.clone(), tenant.clone(), draft.clone());
        async move {
            let draft = new_draft(&service, &tenant, draft)
                .await
                .map_err(Refusal::Prepared)?;
            Ok(Prepared::new(InvoiceCommand::CreateDraft(Box::new(draft))))
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

async fn new_draft(
    parts: &ServiceParts,
    tenant: &TenantId,
    body: DraftBody,
) -> Result<NewDraft, Problem> {
    let currency = body.currency.0;
    let price_mode = Text::optional(body.price_mode).unwrap_or_default();
    let organization = parts.organization(tenant).await?;
    let today = parts.today(tenant).await?;
    let filling = Filling {
        parts,
        tenant,
        currency,
        price_mode,
        today,
    };
    let lines = filling.lines(&body.lines, "/lines").await?;
    let mut errors = Vec::new();
    let adjustments = |bodies, pointer: &str, errors: &mut Vec<FieldError>| {
        each(
            bodies,
            pointer,
            errors,
            |body: &super::adjustments::DocumentAdjustmentBody, at| body.adjustment(currency, at),
        )
    };
    let allowances = adjustments(&body.allowances, "/allowances", &mut errors);
    let charges = adjustments(&body.charges, "/charges", &mut errors);
    let prepaid = body
        .prepaid
        .map(|amount| amount.money(currency, "/prepaid"));
    let prepaid = keep_error(prepaid, &mut errors);
    let rounding = body
        .rounding
        .map(|amount| amount.signed_money(currency, "/rounding"));
    let rounding = keep_error(rounding, &mut errors);
    let default_days = organization.defaults().net_days.try_into().ok();
    let due = match (body.due_date, body.net_days) {
        (Some(_), Some(_)) => {
            errors.push(due_twice());
            None
        }
        (Some(date), None) => Some(Due::Date(date.0.0)),
        (None, Some(days)) => Some(Due::NetDays(days.0)),
        (None, None) => default_days.map(Due::NetDays),
    };
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    Ok(NewDraft {
        price_mode,
        buyer: body.buyer.map(BuyerBody::into_buyer),
        terms: Terms {
            due,
            delivery_date: body.delivery_date.map(|date| date.0.0),
            note: Text::optional(body.note),
            purchase_order: Text::optional(body.purchase_order),
        },
        lines,
        allowances,
        charges,
        prepaid,
        rounding,
        ..NewDraft::new(currency)
    })
}

fn due_twice() -> FieldError {
    FieldError::at(
        "/net_days",
        Code::InvalidValue,
        "Either due_date or net_days, not both.",
    )
}

fn keep_error<T>(parsed: Option<Result<T, FieldError>>, errors: &mut Vec<FieldError>) -> Option<T> {
    match parsed {
        None => None,
        Some(Ok(value)) => Some(value),
        Some(Err(error)) => {
            errors.push(error);
            None
        }
    }
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
    body: Json<DraftChangeBody>,
) -> Answer {
    request.require(Permission::InvoiceUpdate)?;
    let stream = stream_of(&request, id);
    let (service, changes) = (parts.clone(), body.value);
    let prepare = move |loaded: Option<std::sync::Arc<Loaded<Invoice>>>| {
        let (service, changes) = (service.clone(), changes.clone());
        async move {
            let draft = DraftFacts::of(loaded.as_deref())?;
            let changes = draft_changes(&service, &draft, changes).await;
            let changes = Box::new(changes.map_err(Refusal::Prepared)?);
            Ok(Prepared::new(InvoiceCommand::ChangeDraft(changes)))
        }
    };
    let stamp = request.stamp(body.digest);
    let executed = parts
        .execute_with::<Invoice, _, _>(&request, stamp, stream, prepare)
        .await?;
    answer(&parts, &executed).await
}

/// What a change needs to know of the draft that it changes.
struct DraftFacts {
    tenant: TenantId,
    currency: invoiceapp_domain::money::Currency,
    price_mode: invoiceapp_domain::tax::PriceMode,
}

impl DraftFacts {
    fn of(loaded: Option<&Loaded<Invoice>>) -> Result<Self, Refusal<InvoiceRefusal>> {
        let Some(loaded) = loaded else {
            return Err(Refusal::Domain(InvoiceRefusal::NotFound));
        };
        let draft = loaded
            .state
            .as_draft()
            .ok_or(Refusal::Domain(InvoiceRefusal::NotDraft))?;
        Ok(Self {
            tenant: loaded.stream.tenant.clone(),
            currency: draft.currency,
            price_mode: draft.price_mode,
        })
    }
}

async fn draft_changes(
    parts: &ServiceParts,
    draft: &DraftFacts,
    body: DraftChangeBody,
) -> Result<DraftChanges, Problem> {
    let currency = draft.currency;
    let price_mode = Text::optional(body.price_mode);
    let filling = Filling {
        parts,
        tenant: &draft.tenant,
        currency,
        price_mode: price_mode.unwrap_or(draft.price_mode),
        today: parts.today(&draft.tenant).await?,
    };
    let lines = match body.lines {
        Some(lines) => Some(filling.lines(&lines, "/lines").await?),
        None => None,
    };
    let mut errors = Vec::new();
    let mut adjustments = |bodies: Option<Vec<_>>, pointer: &str| {
        let bodies: Vec<super::adjustments::DocumentAdjustmentBody> = bodies?;
        Some(each(&bodies, pointer, &mut errors, |body, at| {
            body.adjustment(currency, at)
        }))
    };
    let allowances = adjustments(body.allowances, "/allowances");
    let charges = adjustments(body.charges, "/charges");
    let prepaid = body
        .prepaid
        .map(|amount| amount.money(currency, "/prepaid"));
    let prepaid = keep_error(prepaid, &mut errors);
    let rounding = body
        .rounding
        .map(|amount| amount.signed_money(currency, "/rounding"));
    let rounding = keep_error(rounding, &mut errors);
    let due = match (body.due_date, body.net_days) {
        (Change::Set(_), Change::Set(_)) => {
            errors.push(due_twice());
            Patch::Keep
        }
        (Change::Set(date), _) => Patch::Set(Due::Date(date.0.0)),
        (_, Change::Set(days)) => Patch::Set(Due::NetDays(days.0)),
        (Change::Clear, _) | (_, Change::Clear) => Patch::Clear,
        (Change::Keep, Change::Keep) => Patch::Keep,
    };
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    Ok(DraftChanges {
        currency: Text::optional(body.currency),
        price_mode,
        buyer: body.buyer.map(BuyerBody::into_buyer).into(),
        due,
        delivery_date: body.delivery_date.map(|date| date.0.0).into(),
        note: body.note.map(Text::into_inner).into(),
        purchase_order: body.purchase_order.map(Text::into_inner).into(),
        lines,
        allowances,
        charges,
        prepaid,
        rounding,
    })
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
    body: Json<LineBody>,
) -> Answer {
    request.require(Permission::InvoiceUpdate)?;
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
    body: Json<LineBody>,
) -> Answer {
    request.require(Permission::InvoiceUpdate)?;
    let wrap = |line| InvoiceCommand::ChangeLine(Box::new(line));
    let executed = with_line(&parts, &request, ids, body, wrap).await?;
    answer(&parts, &executed).await
}

async fn with_line(
    parts: &ServiceParts,
    request: &CommandRequest,
    (id, line_id): (InvoiceId, LineId),
    body: Json<LineBody>,
    wrap: fn(invoiceapp_domain::invoice::InvoiceLine) -> InvoiceCommand,
) -> Result<Executed<Invoice>, Problem> {
    let stream = stream_of(request, id);
    let (service, line) = (parts.clone(), body.value);
    let prepare = move |loaded: Option<std::sync::Arc<Loaded<Invoice>>>| {
        let (service, line) = (service.clone(), line.clone());
        async move {
            let draft = DraftFacts::of(loaded.as_deref())?;
            let line = filled_line(&service, &draft, (line_id, &line)).await;
            Ok(Prepared::new(wrap(line.map_err(Refusal::Prepared)?)))
        }
    };
    let stamp = request.stamp(body.digest);
    parts
        .execute_with::<Invoice, _, _>(request, stamp, stream, prepare)
        .await
}

async fn filled_line(
    parts: &ServiceParts,
    draft: &DraftFacts,
    (id, body): (LineId, &LineBody),
) -> Result<invoiceapp_domain::invoice::InvoiceLine, Problem> {
    let filling = Filling {
        parts,
        tenant: &draft.tenant,
        currency: draft.currency,
        price_mode: draft.price_mode,
        today: parts.today(&draft.tenant).await?,
    };
    filling.line(id, body).await
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
    body: NoBody,
) -> Answer {
    request.require(Permission::InvoiceUpdate)?;
    let command = InvoiceCommand::RemoveLine { line_id };
    changed(&parts, &request, body.digest, (id, command)).await
}

/// Give up a draft; it never had a number.
#[utoipa::path(post, path = "/api/v1/invoices/{id}/discard", tag = "invoices",
    params(("id" = String, Path)), request_body = ReasonBody,
    responses((status = 200, body = InvoiceResource), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invoice_not_draft`")))]
pub(super) async fn discard(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathId(id): PathId<InvoiceId>,
    body: OptionalJson<ReasonBody>,
) -> Answer {
    request.require(Permission::InvoiceDelete)?;
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
