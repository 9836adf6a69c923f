//! Where an invoice stands.

use serde::{Deserialize, Serialize};

use super::command::InvoiceCommand;
use super::content::DraftContent;
use super::decide::decide;
use super::delivery::Delivery;
use super::event::InvoiceEvent;
use super::issued::IssuedDocument;
use super::ordered::Ordered;
use super::payment::PaymentLedger;
use super::refusal::InvoiceRefusal;
use super::rendering::Rendering;
use crate::decider::{Context, Decider, Decision};
use crate::digest::Sha256Hex;
use crate::ids::StreamKind;
use crate::money::{Currency, Money};
use crate::text::Reason;

/// An invoice or credit note, by stage: what a stage does not have cannot be asked for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invoice {
    /// Before the first event.
    #[default]
    Absent,
    /// Can be changed.
    Draft(Box<DraftContent>),
    /// Was given up; nothing more happens to it.
    Discarded(Box<DiscardedDraft>),
    /// Is frozen; payments, deliveries and renderings go on.
    Issued(Box<IssuedInvoice>),
}

/// A draft that was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiscardedDraft {
    /// What it said.
    pub content: DraftContent,
    /// Why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// An issued document and what happened to it since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssuedInvoice {
    /// What it says.
    pub document: IssuedDocument,
    /// The digest of what it says.
    pub content_hash: Sha256Hex,
    /// What was paid on it.
    pub payments: PaymentLedger,
    /// To whom it was sent.
    pub deliveries: Ordered<Delivery>,
    /// What was made of it.
    pub renderings: Ordered<Rendering>,
}

impl IssuedInvoice {
    /// Payable amount less the payments that stand.
    #[must_use]
    pub const fn balance(&self) -> Money {
        self.payments.balance
    }

    /// The sum of the payments that stand.
    #[must_use]
    pub fn paid(&self) -> Money {
        let payable = self.document.totals.payable;
        // Both are amounts of one currency, and a payment is never more than the balance.
        payable
            .checked_sub(self.payments.balance)
            .unwrap_or(Money::zero(payable.currency()))
    }
}

impl Invoice {
    /// The draft, when it is one.
    #[must_use]
    pub const fn as_draft(&self) -> Option<&DraftContent> {
        match self {
            Self::Draft(draft) => Some(draft),
            Self::Absent | Self::Discarded(_) | Self::Issued(_) => None,
        }
    }

    /// The issued document, when it is one.
    #[must_use]
    pub const fn as_issued(&self) -> Option<&IssuedInvoice> {
        match self {
            Self::Issued(issued) => Some(issued),
            Self::Absent | Self::Draft(_) | Self::Discarded(_) => None,
        }
    }

    /// The currency, which never changes; `None` before the first event.
    #[must_use]
    pub const fn currency(&self) -> Option<Currency> {
        match self {
            Self::Absent => None,
            Self::Draft(draft) => Some(draft.currency),
            Self::Discarded(discarded) => Some(discarded.content.currency),
            Self::Issued(issued) => Some(issued.document.currency),
        }
    }
}

impl Decider for Invoice {
    const KIND: StreamKind = StreamKind::Invoice;
    type Command = InvoiceCommand;
    type Event = InvoiceEvent;
    type Refusal = InvoiceRefusal;

    fn decide(
        &self,
        command: &InvoiceCommand,
        context: &Context,
    ) -> Result<Decision<InvoiceEvent>, InvoiceRefusal> {
        decide(self, command, context)
    }

    fn evolve(&mut self, event: &InvoiceEvent) {
        self.apply(event);
    }
}
