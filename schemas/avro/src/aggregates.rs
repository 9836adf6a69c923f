//! The event types of every aggregate, as far as the generator needs to know them.

use invoiceapp_domain::invoice::InvoiceEvent;
use invoiceapp_domain::media::MediaEvent;
use invoiceapp_domain::numbering::NumberSeriesEvent;
use invoiceapp_domain::organization::OrganizationEvent;
use invoiceapp_domain::product::ProductEvent;
use invoiceapp_domain::role::RoleEvent;
use invoiceapp_domain::user::UserEvent;
use invoiceapp_domain::{EventPayload, StreamKind};

use crate::trace::{Shapes, TraceError, trace};
use crate::tree::Tree;

/// An event read from a sample and written down again by its own type.
pub(crate) struct Rewritten {
    pub(crate) event_type: &'static str,
    pub(crate) schema_version: u16,
    pub(crate) payload_json: String,
}

/// An aggregate whose events are published.
pub(crate) struct Aggregate {
    pub(crate) kind: StreamKind,
    /// Reads a sample and notes the shapes of its types.
    pub(crate) trace: fn(&str, &Tree, &Shapes) -> Result<Rewritten, TraceError>,
    /// Reads a payload's text as the journal does.
    pub(crate) rewrite: fn(&str) -> Result<Rewritten, TraceError>,
}

/// Every aggregate, in the order of [`StreamKind::ALL`].
pub(crate) const AGGREGATES: [Aggregate; 7] = [
    aggregate::<InvoiceEvent>(StreamKind::Invoice),
    aggregate::<ProductEvent>(StreamKind::Product),
    aggregate::<UserEvent>(StreamKind::User),
    aggregate::<RoleEvent>(StreamKind::Role),
    aggregate::<OrganizationEvent>(StreamKind::Organization),
    aggregate::<NumberSeriesEvent>(StreamKind::NumberSeries),
    aggregate::<MediaEvent>(StreamKind::Media),
];

/// The aggregate of a kind.
pub(crate) fn of(kind: StreamKind) -> Option<&'static Aggregate> {
    AGGREGATES.iter().find(|aggregate| aggregate.kind == kind)
}

/// The place at which the trace of an aggregate's events begins.
pub(crate) fn root(kind: StreamKind) -> String {
    format!("{kind} events")
}

const fn aggregate<E: EventPayload>(kind: StreamKind) -> Aggregate {
    Aggregate {
        kind,
        trace: traced::<E>,
        rewrite: rewritten::<E>,
    }
}

fn traced<E: EventPayload>(
    root: &str,
    sample: &Tree,
    shapes: &Shapes,
) -> Result<Rewritten, TraceError> {
    rewrite(&trace::<E>(root, sample, shapes)?)
}

fn rewritten<E: EventPayload>(payload_json: &str) -> Result<Rewritten, TraceError> {
    let event: E = serde_json::from_str(payload_json).map_err(serde::de::Error::custom)?;
    rewrite(&event)
}

fn rewrite<E: EventPayload>(event: &E) -> Result<Rewritten, TraceError> {
    Ok(Rewritten {
        event_type: event.event_type(),
        schema_version: event.schema_version(),
        payload_json: serde_json::to_string(event).map_err(serde::de::Error::custom)?,
    })
}
