//! From events to rendering jobs.

use invoiceapp_domain::ids::StreamKind;
use invoiceapp_domain::invoice::InvoiceEvent;
use invoiceapp_domain::locale::Locale;
use invoiceapp_runtime::{NewJob, Plan, PlanError};
use invoiceapp_schemas::{RecordedEvent, decode};
use serde::{Deserialize, Serialize};

/// The events that are read; any other is not even decoded.
const EVENT_TYPES: [&str; 2] = ["InvoiceIssued", "DeliveryRequested"];

/// What a job knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PdfJob {
    /// The language to render.
    pub(super) locale: Locale,
    /// Whether the job's event is the one that issued the invoice, so that its version is the
    /// version to show. A delivery shows the same document in its own language.
    pub(super) issued: bool,
}

/// What an event means to the PDF reactor.
pub(super) fn plan(event: &RecordedEvent) -> Result<Plan, PlanError> {
    let concerns = event.stream.kind == StreamKind::Invoice
        && EVENT_TYPES.contains(&event.event_type.as_str());
    if !concerns {
        return Ok(Plan::nothing());
    }
    let (locale, issued) = match decode(event)? {
        InvoiceEvent::InvoiceIssued(issued) => (issued.document.locale, true),
        InvoiceEvent::DeliveryRequested(requested) => (requested.locale, false),
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
        | InvoiceEvent::DeliveryRecorded(_)
        | InvoiceEvent::RenderingAttached(_)
        | InvoiceEvent::RenderingArchived { .. }
        | InvoiceEvent::PaymentRecorded(_)
        | InvoiceEvent::PaymentReversed(_) => return Ok(Plan::nothing()),
    };
    let payload = serde_json::to_value(PdfJob { locale, issued });
    let key = event.stream.aggregate_id();
    Ok(Plan::job(NewJob {
        dedupe_key: format!("{key}/{}/{locale}", event.version),
        key,
        payload: payload.map_err(|error| PlanError {
            reason: error.to_string(),
        })?,
    }))
}
