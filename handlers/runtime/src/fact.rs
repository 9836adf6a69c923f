//! Names of the facts that jobs wait for. The waiting job and the event that wakes it have to spell
//! a fact in the same way.

use invoiceapp_domain::StreamId;
use invoiceapp_domain::invoice::RenderingKind;
use invoiceapp_domain::locale::Locale;

/// That an invoice has a rendering of a kind, in a language.
#[must_use]
pub fn rendering_fact(invoice: &StreamId, kind: RenderingKind, locale: Locale) -> String {
    let kind = match kind {
        RenderingKind::Pdf => "pdf",
    };
    format!("{kind}/{}/{locale}", invoice.aggregate_id())
}
