//! What an invoice is asked to do.
//!
//! Amounts come as [`Money`] of the document's currency: it never changes, so whoever reads a
//! request may learn it before the command is decided.

use jiff::civil::Date;

use super::content::{DocumentAdjustment, DocumentType, Due, InvoiceLine, Terms};
use super::delivery::DeliveryOutcome;
use super::payment::PaymentMethod;
use super::rendering::RenderingKind;
use crate::digest::Sha256Hex;
use crate::ids::{DeliveryId, DocumentId, LineId, PaymentId};
use crate::locale::Locale;
use crate::money::{Currency, Money};
use crate::numbering::SeriesSnapshot;
use crate::party::{Buyer, EmailAddress, Seller};
use crate::patch::Patch;
use crate::tax::{GrossPolicy, PriceMode};
use crate::text::{Note, Reason, Reference};

/// A command of the invoice aggregate.
#[derive(Debug, Clone, PartialEq)]
pub enum InvoiceCommand {
    /// Begins a draft.
    CreateDraft(Box<NewDraft>),
    /// Changes parts of a draft.
    ChangeDraft(Box<DraftChanges>),
    /// Adds a line at the end of a draft.
    AddLine(Box<InvoiceLine>),
    /// Puts a line in the place of the one with its id.
    ChangeLine(Box<InvoiceLine>),
    /// Takes a line out of a draft.
    RemoveLine {
        /// Which.
        line_id: LineId,
    },
    /// Gives up a draft; it never had a number.
    Discard {
        /// Why.
        reason: Option<Reason>,
    },
    /// Takes a number and freezes the document.
    Issue(Box<IssueInstruction>),
    /// Asks for delivery of an issued document.
    RequestDelivery(DeliveryRequest),
    /// Issues when still a draft, then asks for delivery: both or neither.
    Send {
        /// How to issue; not looked at once the document is issued.
        issue: Box<IssueInstruction>,
        /// What to deliver.
        delivery: DeliveryRequest,
    },
    /// Reports what became of a delivery to one recipient.
    RecordDelivery(DeliveryReport),
    /// Reports a stored rendering.
    AttachRendering(RenderingReport),
    /// Reports that a rendering is archived.
    ArchiveRendering(ArchiveRendering),
    /// Records a payment.
    RecordPayment(NewPayment),
    /// Takes a payment back.
    ReversePayment {
        /// Which.
        payment_id: PaymentId,
        /// Why.
        reason: Option<Reason>,
    },
}

/// A new draft.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDraft {
    /// Invoice or credit note.
    pub document_type: DocumentType,
    /// The currency of every amount, for ever.
    pub currency: Currency,
    /// Whether prices contain tax.
    pub price_mode: PriceMode,
    /// What gives way when they do.
    pub gross_policy: GrossPolicy,
    /// Who is to pay.
    pub buyer: Option<Buyer>,
    /// What was agreed.
    pub terms: Terms,
    /// The lines in their order, each with a fresh id.
    pub lines: Vec<InvoiceLine>,
    /// Document level allowances.
    pub allowances: Vec<DocumentAdjustment>,
    /// Document level charges.
    pub charges: Vec<DocumentAdjustment>,
    /// What has been paid before; nothing when absent.
    pub prepaid: Option<Money>,
    /// The rounding amount; nothing when absent.
    pub rounding: Option<Money>,
}

impl NewDraft {
    /// An empty draft in a currency.
    #[must_use]
    pub fn new(currency: Currency) -> Self {
        Self {
            document_type: DocumentType::Invoice,
            currency,
            price_mode: PriceMode::Net,
            gross_policy: GrossPolicy::AnchorGross,
            buyer: None,
            terms: Terms::default(),
            lines: Vec::new(),
            allowances: Vec::new(),
            charges: Vec::new(),
            prepaid: None,
            rounding: None,
        }
    }
}

/// A change of a draft, field by field (RFC 7396): the default changes nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DraftChanges {
    /// May only repeat the draft's currency.
    pub currency: Option<Currency>,
    /// Whether prices contain tax.
    pub price_mode: Option<PriceMode>,
    /// Who is to pay.
    pub buyer: Patch<Buyer>,
    /// When payment is due.
    pub due: Patch<Due>,
    /// When the supply was made.
    pub delivery_date: Patch<Date>,
    /// The note to the buyer.
    pub note: Patch<Note>,
    /// The buyer's order.
    pub purchase_order: Patch<Reference>,
    /// All lines anew.
    pub lines: Option<Vec<InvoiceLine>>,
    /// All document level allowances anew.
    pub allowances: Option<Vec<DocumentAdjustment>>,
    /// All document level charges anew.
    pub charges: Option<Vec<DocumentAdjustment>>,
    /// What has been paid before.
    pub prepaid: Option<Money>,
    /// The rounding amount.
    pub rounding: Option<Money>,
}

/// Everything from outside the draft that is frozen at issue.
#[derive(Debug, Clone, PartialEq)]
pub struct IssueInstruction {
    /// The series to take the number from.
    pub series: SeriesSnapshot,
    /// The date of the document; today when absent.
    pub issue_date: Option<Date>,
    /// The seller; absent when the organisation has not been filled in.
    pub seller: Option<Seller>,
    /// The language of the document.
    pub locale: Locale,
}

/// A wish to have the document delivered by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRequest {
    /// A fresh identity.
    pub delivery_id: DeliveryId,
    /// To whom; the buyer's address when empty.
    pub recipients: Vec<EmailAddress>,
    /// The language; the document's when absent.
    pub locale: Option<Locale>,
    /// Words of the sender's own.
    pub message: Option<Note>,
}

/// What the mail system knows about one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryReport {
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// Of which recipient.
    pub recipient: EmailAddress,
    /// What became of it.
    pub outcome: DeliveryOutcome,
    /// The mail system's reference.
    pub provider_ref: Option<Reference>,
}

/// A rendering that is in the object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderingReport {
    /// Its identity.
    pub document_id: DocumentId,
    /// Its format.
    pub kind: RenderingKind,
    /// Its language.
    pub locale: Locale,
    /// The version of the invoice that it shows.
    pub from_version: u64,
    /// The digest of its bytes.
    pub sha256: Sha256Hex,
    /// How many bytes it has.
    pub size: u64,
    /// The layout that made it.
    pub template_version: Reference,
}

/// A rendering that is in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveRendering {
    /// Which.
    pub document_id: DocumentId,
    /// The digest of the archived bytes.
    pub sha256: Sha256Hex,
    /// The day until which they are kept.
    pub retain_until: Date,
}

/// A payment to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayment {
    /// A fresh identity.
    pub payment_id: PaymentId,
    /// How much, above zero.
    pub amount: Money,
    /// On which day.
    pub paid_on: Date,
    /// How.
    pub method: PaymentMethod,
    /// The payer's or the bank's reference.
    pub reference: Option<Reference>,
}
