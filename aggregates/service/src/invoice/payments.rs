//! Payments: recorded, and taken back.

use std::sync::Arc;

use axum::extract::State;
use deserr::Deserr;
use invoiceapp_domain::Permission;
use invoiceapp_domain::ids::{InvoiceId, PaymentId};
use invoiceapp_domain::invoice::{
    Invoice, InvoiceCommand, InvoiceRefusal, NewPayment, PaymentMethod,
};
use invoiceapp_domain::text::Reference;
use invoiceapp_http::json::CalendarDate;
use invoiceapp_http::{
    BodyErrors, CommandAnswer, CommandRequest, DecimalText, Json, OptionalJson, PathId, PathIds,
    Problem, ProblemBody, Text, Unread,
};
use invoiceapp_journal::execute::Prepared;
use invoiceapp_journal::loaded::Loaded;
use utoipa::ToSchema;

use super::adjustments::PositiveAmountText;
use super::bodies::ReasonBody;
use super::commands::{Answer, changed, resource, stream_of};
use super::resource::InvoiceResource;
use crate::parts::{Refusal, ServiceParts};

/// A payment to record.
#[derive(Debug, Clone, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
#[schema(as = NewPayment)]
pub(super) struct PaymentBody {
    /// How much, in the invoice's currency.
    #[schema(value_type = String, example = "71.36")]
    amount: DecimalText<PositiveAmountText>,
    /// On which day.
    #[schema(value_type = String, format = Date)]
    paid_on: Text<CalendarDate>,
    /// How: `bank_transfer`, `cash`, `card`, …
    #[schema(value_type = String, example = "bank_transfer")]
    method: Text<PaymentMethod>,
    /// The payer's or the bank's reference.
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    reference: Option<Text<Reference>>,
}

/// Record a payment.
#[utoipa::path(post, path = "/api/v1/invoices/{id}/payments", tag = "invoices",
    params(("id" = String, Path)), request_body = PaymentBody,
    responses((status = 201, body = InvoiceResource), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "`invoice_not_issued`, `overpayment`")))]
pub(super) async fn record(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathId(id): PathId<InvoiceId>,
    body: Unread<Json<PaymentBody>>,
) -> Answer {
    request.require(Permission::PaymentRecord)?;
    let body = body.read().await?;
    let stream = stream_of(&request, id);
    let payment_id = PaymentId(parts.ambient.new_id());
    let payment = body.value;
    let prepare = move |loaded: Option<Arc<Loaded<Invoice>>>| {
        std::future::ready(prepared(loaded.as_deref(), payment_id, &payment))
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

fn prepared(
    loaded: Option<&Loaded<Invoice>>,
    payment_id: PaymentId,
    body: &PaymentBody,
) -> Result<Prepared<Invoice>, Refusal<InvoiceRefusal>> {
    let currency = loaded.and_then(|loaded| loaded.state.currency());
    let currency = currency.ok_or(Refusal::Domain(InvoiceRefusal::NotFound))?;
    let amount = body.amount.money(currency, "/amount");
    let amount = amount.map_err(|error| Refusal::prepared(Problem::invalid(vec![error])))?;
    Ok(Prepared::new(InvoiceCommand::RecordPayment(NewPayment {
        payment_id,
        amount,
        paid_on: body.paid_on.0.0,
        method: body.method.0.clone(),
        reference: body.reference.clone().map(Text::into_inner),
    })))
}

/// Take a payment back.
#[utoipa::path(delete, path = "/api/v1/invoices/{id}/payments/{payment_id}", tag = "invoices",
    params(("id" = String, Path), ("payment_id" = String, Path)),
    request_body = Option<ReasonBody>,
    responses((status = 200, body = InvoiceResource), (status = 404, body = ProblemBody)))]
pub(super) async fn reverse(
    State(parts): State<ServiceParts>,
    request: CommandRequest,
    PathIds((id, payment_id)): PathIds<(InvoiceId, PaymentId)>,
    body: Unread<OptionalJson<ReasonBody>>,
) -> Answer {
    request.require(Permission::PaymentRecord)?;
    let body = body.read().await?;
    let reason = Text::optional(body.value.reason);
    let command = InvoiceCommand::ReversePayment { payment_id, reason };
    changed(&parts, &request, body.digest, (id, command)).await
}
