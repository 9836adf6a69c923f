//! Asking for delivery, and recording what became of it.

use super::super::command::{DeliveryReport, DeliveryRequest, IssueInstruction};
use super::super::content::DraftContent;
use super::super::event::{DeliveryRecorded, DeliveryRequested, InvoiceEvent};
use super::super::issued::IssuedDocument;
use super::super::limits::{DELIVERIES_MAX, RECIPIENTS_MAX};
use super::super::refusal::InvoiceRefusal;
use super::super::state::IssuedInvoice;
use super::issue::freeze;
use super::{Outcome, at_most};
use crate::decider::{Context, Decision};
use crate::party::EmailAddress;

pub(super) fn request(
    issued: &IssuedInvoice,
    request: &DeliveryRequest,
    context: &Context,
) -> Outcome {
    let delivery_id = request.delivery_id;
    if issued.deliveries.get(delivery_id).is_some() {
        return Err(InvoiceRefusal::DeliveryExists { delivery_id });
    }
    at_most(
        issued.deliveries.len().saturating_add(1),
        DELIVERIES_MAX,
        "deliveries",
    )?;
    Ok(Decision::event(requested(
        &issued.document,
        request,
        context,
    )?))
}

/// Both in one commit: an invoice that could not be sent is not issued by the attempt.
pub(super) fn issue_and_request(
    draft: &DraftContent,
    instruction: &IssueInstruction,
    request: &DeliveryRequest,
    context: &Context,
) -> Outcome {
    let issued = freeze(draft, instruction, context)?;
    let number = issued.series.request(issued.document.issue_date);
    let requested = requested(&issued.document, request, context)?;
    let events = vec![InvoiceEvent::InvoiceIssued(Box::new(issued)), requested];
    Ok(Decision::events(events).with_number(number))
}

fn requested(
    document: &IssuedDocument,
    request: &DeliveryRequest,
    context: &Context,
) -> Result<InvoiceEvent, InvoiceRefusal> {
    if request.recipients.len() > RECIPIENTS_MAX {
        return Err(InvoiceRefusal::TooManyRecipients);
    }
    let given: &[EmailAddress] = if request.recipients.is_empty() {
        document.buyer.email.as_slice()
    } else {
        &request.recipients
    };
    let mut recipients: Vec<EmailAddress> = Vec::with_capacity(given.len());
    for recipient in given {
        if !recipients
            .iter()
            .any(|known| known.normalised() == recipient.normalised())
        {
            recipients.push(recipient.clone());
        }
    }
    if recipients.is_empty() {
        return Err(InvoiceRefusal::NoRecipient);
    }
    Ok(InvoiceEvent::DeliveryRequested(DeliveryRequested {
        delivery_id: request.delivery_id,
        requested_at: context.now,
        recipients,
        locale: request.locale.unwrap_or(document.locale),
        message: request.message.clone(),
    }))
}

/// A report that is known already, or that a later fact has overtaken, is no event: mail systems
/// repeat themselves.
pub(super) fn record(issued: &IssuedInvoice, report: &DeliveryReport) -> Outcome {
    let delivery_id = report.delivery_id;
    let known = issued
        .deliveries
        .get(delivery_id)
        .and_then(|delivery| delivery.recipient(&report.recipient))
        .ok_or(InvoiceRefusal::DeliveryNotFound { delivery_id })?;
    if known.outcome >= Some(report.outcome) {
        return Ok(Decision::events(Vec::new()));
    }
    Ok(Decision::event(InvoiceEvent::DeliveryRecorded(
        DeliveryRecorded {
            delivery_id,
            recipient: report.recipient.clone(),
            outcome: report.outcome,
            provider_ref: report.provider_ref.clone(),
        },
    )))
}
