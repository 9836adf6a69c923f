//! What happened to an invoice.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::content::{DocumentAdjustment, DraftContent, InvoiceLine, Terms};
use super::delivery::DeliveryOutcome;
use super::issued::IssuedDocument;
use super::payment::Payment;
use super::rendering::Rendering;
use crate::decider::{AllocatedNumber, EventPayload};
use crate::digest::Sha256Hex;
use crate::ids::{DeliveryId, DocumentId, LineId, PaymentId};
use crate::locale::Locale;
use crate::money::Money;
use crate::numbering::SeriesSnapshot;
use crate::party::{Buyer, EmailAddress};
use crate::tax::PriceMode;
use crate::text::{Note, Reason, Reference};

/// An event of the invoice aggregate, as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum InvoiceEvent {
    /// A draft was begun, with the lines it came with.
    InvoiceDrafted(Box<DraftContent>),
    /// Another buyer, or none.
    BuyerChanged {
        /// Who is to pay now.
        buyer: Option<Box<Buyer>>,
    },
    /// Other terms.
    TermsChanged {
        /// All terms as they are now.
        terms: Terms,
    },
    /// Prices contain tax now, or no longer.
    PriceModeChanged {
        /// The mode as it is now.
        price_mode: PriceMode,
    },
    /// The document level allowances were set.
    AllowancesSet {
        /// All of them.
        allowances: Vec<DocumentAdjustment>,
    },
    /// The document level charges were set.
    ChargesSet {
        /// All of them.
        charges: Vec<DocumentAdjustment>,
    },
    /// The prepaid amount (BT-113) was set.
    PrepaidSet {
        /// What has been paid before.
        prepaid: Money,
    },
    /// The rounding amount (BT-114) was set.
    RoundingSet {
        /// The amount.
        rounding: Money,
    },
    /// All lines were replaced.
    LinesReplaced {
        /// The lines as they are now.
        lines: Vec<InvoiceLine>,
    },
    /// A line was added at the end.
    LineAdded {
        /// The line.
        line: Box<InvoiceLine>,
    },
    /// A line was changed.
    LineChanged {
        /// The line as it is now.
        line: Box<InvoiceLine>,
    },
    /// A line was removed.
    LineRemoved {
        /// Which.
        line_id: LineId,
    },
    /// The draft was given up.
    DraftDiscarded {
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
    },
    /// The document got its number and was frozen.
    InvoiceIssued(Box<InvoiceIssued>),
    /// Delivery was asked for.
    DeliveryRequested(DeliveryRequested),
    /// Something became known about a recipient.
    DeliveryRecorded(DeliveryRecorded),
    /// A rendering was stored.
    RenderingAttached(Box<Rendering>),
    /// A rendering was archived.
    RenderingArchived {
        /// Which.
        document_id: DocumentId,
        /// The digest of the archived bytes.
        sha256: Sha256Hex,
        /// The day until which they are kept.
        retain_until: Date,
    },
    /// A payment was recorded.
    PaymentRecorded(PaymentRecorded),
    /// A payment was taken back.
    PaymentReversed(PaymentReversed),
}

/// The document as issued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoiceIssued {
    /// Everything that it says.
    pub document: IssuedDocument,
    /// The series as it was defined then.
    pub series: SeriesSnapshot,
    /// The digest of the document, number included.
    pub content_hash: Sha256Hex,
}

/// A request to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRequested {
    /// Its identity.
    pub delivery_id: DeliveryId,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// To whom, each address once.
    pub recipients: Vec<EmailAddress>,
    /// The language of mail and rendering.
    pub locale: Locale,
    /// Words of the sender's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Note>,
}

/// What became of a delivery to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecorded {
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// Of which recipient.
    pub recipient: EmailAddress,
    /// What became of it.
    pub outcome: DeliveryOutcome,
    /// The mail system's reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_ref: Option<Reference>,
}

/// A payment and what is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRecorded {
    /// The payment.
    pub payment: Payment,
    /// What is left to pay after it.
    pub balance_after: Money,
}

/// A payment taken back and what is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentReversed {
    /// Which.
    pub payment_id: PaymentId,
    /// How much it was.
    pub amount: Money,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What is left to pay after it.
    pub balance_after: Money,
}

impl EventPayload for InvoiceEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::InvoiceDrafted(_) => "InvoiceDrafted",
            Self::BuyerChanged { .. } => "BuyerChanged",
            Self::TermsChanged { .. } => "TermsChanged",
            Self::PriceModeChanged { .. } => "PriceModeChanged",
            Self::AllowancesSet { .. } => "AllowancesSet",
            Self::ChargesSet { .. } => "ChargesSet",
            Self::PrepaidSet { .. } => "PrepaidSet",
            Self::RoundingSet { .. } => "RoundingSet",
            Self::LinesReplaced { .. } => "LinesReplaced",
            Self::LineAdded { .. } => "LineAdded",
            Self::LineChanged { .. } => "LineChanged",
            Self::LineRemoved { .. } => "LineRemoved",
            Self::DraftDiscarded { .. } => "DraftDiscarded",
            Self::InvoiceIssued(_) => "InvoiceIssued",
            Self::DeliveryRequested(_) => "DeliveryRequested",
            Self::DeliveryRecorded(_) => "DeliveryRecorded",
            Self::RenderingAttached(_) => "RenderingAttached",
            Self::RenderingArchived { .. } => "RenderingArchived",
            Self::PaymentRecorded(_) => "PaymentRecorded",
            Self::PaymentReversed(_) => "PaymentReversed",
        }
    }

    fn assign_number(&mut self, number: &AllocatedNumber) {
        if let Self::InvoiceIssued(issued) = self {
            issued.assign_number(number);
        }
    }
}

impl InvoiceIssued {
    /// Puts the allotted number into the document, and the document under its digest.
    fn assign_number(&mut self, allotted: &AllocatedNumber) {
        let number = &mut self.document.number;
        number.sequence = allotted.sequence;
        number.period.clone_from(&allotted.period);
        number.text = self
            .series
            .format(self.document.issue_date, allotted.sequence);
        self.content_hash = self.document.content_hash();
    }
}
