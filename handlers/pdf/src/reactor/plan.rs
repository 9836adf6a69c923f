//! From events to rendering jobs.

use invoiceapp_domain::ids::StreamKind;
use invoiceapp_domain::invoice::InvoiceEvent;
use invoiceapp_domain::locale::Locale;
use invoiceapp_runtime::{NewJob, Plan, PlanError, event_of};
use invoiceapp_schemas::RecordedEvent;
use serde::{Deserialize, Serialize};

/// The events that are read.
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
    let (locale, issued) = match event_of(event, StreamKind::Invoice, &EVENT_TYPES)? {
        Some(InvoiceEvent::InvoiceIssued(issued)) => (issued.document.locale, true),
        Some(InvoiceEvent::DeliveryRequested(requested)) => (requested.locale, false),
        Some(_) | None => return Ok(Plan::nothing()),
    };
    let key = event.stream.aggregate_id();
    let dedupe_key = format!("{key}/{}/{locale}", event.version);
    NewJob::of_event(event, dedupe_key, &PdfJob { locale, issued }).map(Plan::job)
}
