//! From events to mail jobs: one job per recipient, and the fact that jobs wait for.

use invoiceapp_domain::ids::{DeliveryId, StreamId, StreamKind};
use invoiceapp_domain::invoice::{InvoiceEvent, RenderingKind};
use invoiceapp_domain::locale::Locale;
use invoiceapp_runtime::{NewJob, Plan, PlanError};
use invoiceapp_schemas::{RecordedEvent, decode};
use serde::{Deserialize, Serialize};

/// The events that are read; any other is not even decoded.
const EVENT_TYPES: [&str; 2] = ["DeliveryRequested", "RenderingAttached"];

/// What a job knows. An address is personal data, so a recipient is named by its place in the
/// delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailJob {
    /// Which request.
    pub(crate) delivery_id: DeliveryId,
    /// Which of its recipients, from 0.
    pub(crate) recipient: usize,
}

/// That the PDF of an invoice is there, in a language.
pub(crate) fn rendering_fact(invoice: &StreamId, locale: Locale) -> String {
    format!("pdf/{}/{locale}", invoice.aggregate_id())
}

/// What an event means to the mail reactor.
pub(crate) fn plan(event: &RecordedEvent) -> Result<Plan, PlanError> {
    let concerns = event.stream.kind == StreamKind::Invoice
        && EVENT_TYPES.contains(&event.event_type.as_str());
    if !concerns {
        return Ok(Plan::nothing());
    }
    match decode(event)? {
        InvoiceEvent::DeliveryRequested(requested) => {
            let job = |recipient| new_job(event, requested.delivery_id, recipient);
            let jobs: Result<_, _> = (0..requested.recipients.len()).map(job).collect();
            Ok(Plan {
                jobs: jobs?,
                ..Plan::nothing()
            })
        }
        InvoiceEvent::RenderingAttached(rendering) => match rendering.kind {
            RenderingKind::Pdf => Ok(Plan::wake(rendering_fact(&event.stream, rendering.locale))),
        },
        InvoiceEvent::InvoiceDrafted(_)
        | InvoiceEvent::BuyerChanged { .. }
        | InvoiceEvent::TermsChanged { .. }
        | InvoiceEvent::PriceModeChanged { .. }
        | InvoiceEvent::AllowancesSet { .. }
        | InvoiceEvent::ChargesSet { .. }
        | InvoiceEvent::PrepaidSet { .. }
        | InvoiceEvent::RoundingSet { .. }
        | InvoiceEvent::LinesReplaced { .. }
        | InvoiceEvent::LineAdded { .. }
        | InvoiceEvent::LineChanged { .. }
        | InvoiceEvent::LineRemoved { .. }
        | InvoiceEvent::DraftDiscarded { .. }
        | InvoiceEvent::InvoiceIssued(_)
        | InvoiceEvent::DeliveryRecorded(_)
        | InvoiceEvent::RenderingArchived { .. }
        | InvoiceEvent::PaymentRecorded(_)
        | InvoiceEvent::PaymentReversed(_) => Ok(Plan::nothing()),
    }
}

fn new_job(
    event: &RecordedEvent,
    delivery_id: DeliveryId,
    recipient: usize,
) -> Result<NewJob, PlanError> {
    let payload = serde_json::to_value(MailJob {
        delivery_id,
        recipient,
    });
    Ok(NewJob {
        dedupe_key: format!("{delivery_id}/{recipient}"),
        key: event.stream.aggregate_id(),
        payload: payload.map_err(|error| PlanError {
            reason: error.to_string(),
        })?,
    })
}
