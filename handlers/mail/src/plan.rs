//! From events to mail jobs: one job per recipient, and the fact that jobs wait for.

use invoiceapp_domain::ids::{DeliveryId, StreamKind};
use invoiceapp_domain::invoice::{InvoiceEvent, RenderingKind};
use invoiceapp_runtime::{NewJob, Plan, PlanError, event_of, rendering_fact};
use invoiceapp_schemas::RecordedEvent;
use serde::{Deserialize, Serialize};

/// The events that are read.
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

/// What an event means to the mail reactor.
pub(crate) fn plan(event: &RecordedEvent) -> Result<Plan, PlanError> {
    match event_of(event, StreamKind::Invoice, &EVENT_TYPES)? {
        Some(InvoiceEvent::DeliveryRequested(requested)) => {
            let job = |recipient| new_job(event, requested.delivery_id, recipient);
            let jobs: Result<_, _> = (0..requested.recipients.len()).map(job).collect();
            Ok(Plan {
                jobs: jobs?,
                ..Plan::nothing()
            })
        }
        Some(InvoiceEvent::RenderingAttached(rendering)) => match rendering.kind {
            kind @ RenderingKind::Pdf => {
                let fact = rendering_fact(&event.stream, kind, rendering.locale);
                Ok(Plan::wake(fact))
            }
        },
        Some(_) | None => Ok(Plan::nothing()),
    }
}

/// Mails are independent of each other, so each is a key of its own: one that is parked, or whose
/// server is down, holds up no other.
fn new_job(
    event: &RecordedEvent,
    delivery_id: DeliveryId,
    recipient: usize,
) -> Result<NewJob, PlanError> {
    let job = MailJob {
        delivery_id,
        recipient,
    };
    let dedupe_key = format!("{delivery_id}/{recipient}");
    let key = format!("{}/{dedupe_key}", event.stream.aggregate_id());
    let job = NewJob::of_event(event, dedupe_key, &job)?;
    Ok(NewJob { key, ..job })
}
