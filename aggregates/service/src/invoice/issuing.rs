//! Issue and send: the number is taken and the document frozen, then it is on its way.

use std::sync::Arc;

use axum::extract::State;
use invoiceapp_domain::ids::{DeliveryId, InvoiceId};
use invoiceapp_domain::invoice::{
    DeliveryRequest, Invoice, InvoiceCommand, InvoiceRefusal, IssueInstruction,
};
use invoiceapp_domain::numbering::{NumberSeries, SeriesSnapshot};
use invoiceapp_domain::organization::Organization;
use invoiceapp_domain::text::SeriesCode;
use invoiceapp_domain::{Permission, StreamId, StreamKind, TenantId};
use invoiceapp_http::{
    Code, CommandAnswer, CommandRequest, OptionalJson, PathId, Problem, ProblemBody, Text, Unread,
};
use invoiceapp_journal::execute::Prepared;
use invoiceapp_journal::loaded::Loaded;
use invoiceapp_journal::port::{Committed, Guard};
use invoiceapp_observe::metrics::metrics;
use jiff::civil::Date;

use super::bodies::{IssueBody, SendBody};
use super::commands::{Answer, answer, resource, stream_of};
use super::resource::InvoiceResource;
use crate::parts::{Refusal, ServiceParts, organization_stream};

/// Take a number and freeze the document.
#[utoipa::path(post, path = "/api/v1/invoices/{id}/issue", tag = "invoices",
    params(("id" = String, Path)), request_body = Option<IssueBody>,
    responses((status = 200, body = InvoiceResource), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody, description = "`invoice_not_draft`, \
            `invoice_has_no_lines`, `seller_incomplete`, `buyer_incomplete`, \
            `issue_date_before_last`, `series_unknown`")))]
pub(super) async fn issue(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathId(id): PathId<InvoiceId>,
    body: Unread<OptionalJson<IssueBody>>,
) -> Answer {
    request.require(Permission::InvoiceIssue)?;
    let body = body.read().await?;
    let stream = stream_of(&request, id);
    let (service, tenant, wanted) = (parts.clone(), stream.tenant.clone(), body.value);
    let prepare = move |loaded: Option<Arc<Loaded<Invoice>>>| {
        let (service, tenant, wanted) = (service.clone(), tenant.clone(), wanted.clone());
        async move {
            must_be_draft(loaded.as_deref())?;
            let series = Text::optional(wanted.series);
            let date = wanted.issue_date.map(|date| date.0.0);
            let terms = terms(&service, &tenant, series, date)
                .await
                .map_err(Refusal::Prepared)?;
            let command = InvoiceCommand::Issue(Box::new(terms.instruction));
            Ok(Prepared {
                command,
                guards: terms.guards,
            })
        }
    };
    let stamp = request.stamp(body.digest);
    let executed = parts
        .execute_with::<Invoice, _, _>(&request, stamp, stream, prepare)
        .await?;
    count(&executed.committed);
    answer(&parts, &executed).await
}

/// Issue when still a draft, then ask for delivery: both or neither.
#[utoipa::path(post, path = "/api/v1/invoices/{id}/send", tag = "invoices",
    params(("id" = String, Path)), request_body = Option<SendBody>,
    responses((status = 202, body = InvoiceResource), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
pub(super) async fn send(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathId(id): PathId<InvoiceId>,
    body: Unread<OptionalJson<SendBody>>,
) -> Answer {
    request.require(Permission::InvoiceSend)?;
    let body = body.read().await?;
    let stream = stream_of(&request, id);
    let delivery = DeliveryRequest {
        delivery_id: DeliveryId(parts.ambient.new_id()),
        recipients: body
            .value
            .recipients
            .into_iter()
            .map(Text::into_inner)
            .collect(),
        locale: Text::optional(body.value.locale),
        message: Text::optional(body.value.message),
    };
    let (service, tenant) = (parts.clone(), stream.tenant.clone());
    let prepare = move |loaded: Option<Arc<Loaded<Invoice>>>| {
        let (service, tenant, delivery) = (service.clone(), tenant.clone(), delivery.clone());
        async move {
            if loaded
                .as_ref()
                .is_some_and(|loaded| loaded.state.as_issued().is_some())
            {
                return Ok(Prepared::new(InvoiceCommand::RequestDelivery(delivery)));
            }
            must_be_draft(loaded.as_deref())?;
            let terms = terms(&service, &tenant, None, None)
                .await
                .map_err(Refusal::Prepared)?;
            let issue = Box::new(terms.instruction);
            let command = InvoiceCommand::Send { issue, delivery };
            Ok(Prepared {
                command,
                guards: terms.guards,
            })
        }
    };
    let stamp = request.stamp(body.digest);
    let executed = parts
        .execute_with::<Invoice, _, _>(&request, stamp, stream, prepare)
        .await?;
    count(&executed.committed);
    let resource = resource(&parts, &executed).await?;
    Ok(CommandAnswer::accepted(resource, &executed.committed))
}

/// Counts an invoice that was issued now: it took a number, and is not the answer to a retry.
fn count(committed: &Committed) {
    if committed.number.is_some() && !committed.replayed {
        metrics().invoices_issued.inc();
    }
}

/// Says no before the seller and the series are looked at, so that the first reason is the right
/// one.
fn must_be_draft(loaded: Option<&Loaded<Invoice>>) -> Result<(), Refusal<InvoiceRefusal>> {
    match loaded.map(|loaded| &loaded.state) {
        None => Err(Refusal::Domain(InvoiceRefusal::NotFound)),
        Some(invoice) if invoice.as_draft().is_some() => Ok(()),
        Some(_) => Err(Refusal::Domain(InvoiceRefusal::NotDraft)),
    }
}

/// Everything from outside the draft that is frozen, and the version of the organisation that it
/// was read at: an address that changes at the same moment makes the issue try again.
struct IssueTerms {
    instruction: IssueInstruction,
    guards: Vec<Guard>,
}

async fn terms(
    parts: &ServiceParts,
    tenant: &TenantId,
    series: Option<SeriesCode>,
    issue_date: Option<Date>,
) -> Result<IssueTerms, Problem> {
    let stream = organization_stream(tenant);
    let loaded = parts.load::<Organization>(&stream).await?;
    let version = loaded.as_ref().map_or(0, |loaded| loaded.version);
    let unset = Organization::default();
    let organization = loaded.as_ref().map_or(&unset, |it| &it.state);
    let series = series_of(parts, tenant, series).await?;
    let seller = organization.seller().map_err(|missing| {
        Problem::new(Code::SellerIncomplete)
            .with_detail(format!("The organization lacks {}.", missing.join(", ")))
    })?;
    let instruction = IssueInstruction {
        series,
        issue_date,
        seller: Some(seller),
        locale: organization.defaults().locale,
    };
    Ok(IssueTerms {
        instruction,
        guards: vec![Guard { stream, version }],
    })
}

async fn series_of(
    parts: &ServiceParts,
    tenant: &TenantId,
    wanted: Option<SeriesCode>,
) -> Result<SeriesSnapshot, Problem> {
    let code = wanted
        .as_ref()
        .map_or(SeriesSnapshot::INVOICE_CODE, SeriesCode::as_str);
    let stream = StreamId::new(tenant.clone(), StreamKind::NumberSeries, code);
    let loaded = parts.load::<NumberSeries>(&stream).await?;
    let series = loaded.as_ref().and_then(|loaded| loaded.state.snapshot());
    series
        .cloned()
        .ok_or_else(|| Problem::new(Code::SeriesUnknown))
}
