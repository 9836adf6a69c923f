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

fn new_job(
    event: &RecordedEvent,
    delivery_id: DeliveryId,
    recipient: usize,
) -> Result<NewJob, PlanError> {
    let job = MailJob {
        delivery_id,
        recipient,
    };
    NewJob::of_event(event, format!("{delivery_id}/{recipient}"), &job)
}
