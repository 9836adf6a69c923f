//! Folding events in. An event that does not fit the stage changes nothing: the decisions never
//! make one, and a fold must not fail.

use super::content::DraftContent;
use super::delivery::{Delivery, RecipientDelivery};
use super::event::{DeliveryRecorded, DeliveryRequested, InvoiceEvent, InvoiceIssued};
use super::ordered::Ordered;
use super::payment::PaymentLedger;
use super::rendering::Archive;
use super::state::{DiscardedDraft, Invoice, IssuedInvoice};
use crate::text::Reason;

impl Invoice {
    pub(super) fn apply(&mut self, event: &InvoiceEvent) {
        match event {
            InvoiceEvent::InvoiceDrafted(content) => *self = Self::Draft(content.clone()),
            InvoiceEvent::DraftDiscarded { reason } => self.discard(reason.as_ref()),
            InvoiceEvent::InvoiceIssued(issued) => {
                *self = Self::Issued(Box::new(IssuedInvoice::from_event(issued)));
            }
            InvoiceEvent::BuyerChanged { .. }
            | InvoiceEvent::TermsChanged { .. }
            | InvoiceEvent::PriceModeChanged { .. }
            | InvoiceEvent::AllowancesSet { .. }
            | InvoiceEvent::ChargesSet { .. }
            | InvoiceEvent::PrepaidSet { .. }
            | InvoiceEvent::RoundingSet { .. }
            | InvoiceEvent::LinesReplaced { .. }
            | InvoiceEvent::LineAdded { .. }
            | InvoiceEvent::LineChanged { .. }
            | InvoiceEvent::LineRemoved { .. } => {
                if let Self::Draft(draft) = self {
                    draft.apply(event);
                }
            }
            InvoiceEvent::DeliveryRequested(_)
            | InvoiceEvent::DeliveryRecorded(_)
            | InvoiceEvent::RenderingAttached(_)
            | InvoiceEvent::RenderingArchived { .. }
            | InvoiceEvent::PaymentRecorded(_)
            | InvoiceEvent::PaymentReversed(_) => {
                if let Self::Issued(issued) = self {
                    issued.apply(event);
                }
            }
        }
    }

    fn discard(&mut self, reason: Option<&Reason>) {
        *self = match std::mem::take(self) {
            Self::Draft(content) => Self::Discarded(Box::new(DiscardedDraft {
                content: *content,
                reason: reason.cloned(),
            })),
            other @ (Self::Absent | Self::Discarded(_) | Self::Issued(_)) => other,
        };
    }
}

impl DraftContent {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the caller sorts the other events out"
    )]
    pub(super) fn apply(&mut self, event: &InvoiceEvent) {
        match event {
            InvoiceEvent::BuyerChanged { buyer } => self.buyer = buyer.as_deref().cloned(),
            InvoiceEvent::TermsChanged { terms } => self.terms = terms.clone(),
            InvoiceEvent::PriceModeChanged { price_mode } => self.price_mode = *price_mode,
            InvoiceEvent::AllowancesSet { allowances } => self.allowances.clone_from(allowances),
            InvoiceEvent::ChargesSet { charges } => self.charges.clone_from(charges),
            InvoiceEvent::PrepaidSet { prepaid } => self.prepaid = *prepaid,
            InvoiceEvent::RoundingSet { rounding } => self.rounding = *rounding,
            InvoiceEvent::LinesReplaced { lines } => self.lines = lines.iter().cloned().collect(),
            InvoiceEvent::LineAdded { line } | InvoiceEvent::LineChanged { line } => {
                self.lines.put((**line).clone());
            }
            InvoiceEvent::LineRemoved { line_id } => {
                self.lines.remove(*line_id);
            }
            _ => {}
        }
    }
}

impl IssuedInvoice {
    fn from_event(event: &InvoiceIssued) -> Self {
        Self {
            payments: PaymentLedger::new(event.document.totals.payable),
            document: event.document.clone(),
            content_hash: event.content_hash.clone(),
            deliveries: Ordered::new(),
            renderings: Ordered::new(),
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the caller sorts the other events out"
    )]
    fn apply(&mut self, event: &InvoiceEvent) {
        match event {
            InvoiceEvent::DeliveryRequested(requested) => self.request_delivery(requested),
            InvoiceEvent::DeliveryRecorded(recorded) => self.record_delivery(recorded),
            InvoiceEvent::RenderingAttached(rendering) => {
                self.renderings.put((**rendering).clone());
            }
            InvoiceEvent::RenderingArchived {
                document_id,
                sha256,
                retain_until,
            } => {
                if let Some(rendering) = self.renderings.get_mut(*document_id) {
                    let (sha256, retain_until) = (sha256.clone(), *retain_until);
                    rendering.archive = Some(Archive {
                        sha256,
                        retain_until,
                    });
                }
            }
            InvoiceEvent::PaymentRecorded(recorded) => self.payments.record(recorded),
            InvoiceEvent::PaymentReversed(reversed) => self.payments.reverse(reversed),
            _ => {}
        }
    }

    fn request_delivery(&mut self, event: &DeliveryRequested) {
        let open = |recipient: &crate::party::EmailAddress| RecipientDelivery {
            recipient: recipient.clone(),
            outcome: None,
            provider_ref: None,
        };
        self.deliveries.put(Delivery {
            delivery_id: event.delivery_id,
            requested_at: event.requested_at,
            locale: event.locale,
            message: event.message.clone(),
            recipients: event.recipients.iter().map(open).collect(),
        });
    }

    fn record_delivery(&mut self, event: &DeliveryRecorded) {
        let recipients = self
            .deliveries
            .get_mut(event.delivery_id)
            .map(|delivery| delivery.recipients.as_mut_slice())
            .unwrap_or_default();
        if let Some(known) = recipients
            .iter_mut()
            .find(|known| known.recipient == event.recipient)
        {
            known.outcome = Some(event.outcome);
            known.provider_ref.clone_from(&event.provider_ref);
        }
    }
}
