//! Invoices and credit notes: one aggregate, from the draft to the last payment.
//!
//! A document is `Draft`, then `Discarded` or `Issued`. Settlement follows from the balance,
//! delivery is a fact per recipient, and overdue is a matter of the day: none of them is a stage.
//! Every amount is computed here; at issue the whole document is frozen into one event.

mod command;
mod content;
mod decide;
mod delivery;
mod event;
mod evolve;
mod issued;
mod limits;
mod ordered;
mod payment;
mod refusal;
mod rendering;
mod state;
mod status;

pub use command::{
    ArchiveRendering, DeliveryReport, DeliveryRequest, DraftChanges, InvoiceCommand,
    IssueInstruction, NewDraft, NewPayment, RenderingReport,
};
pub use content::{
    DocumentAdjustment, DocumentType, DraftContent, Due, InvoiceLine, LineAdjustment, NetDays,
    Terms,
};
pub use delivery::{Delivery, DeliveryOutcome, RecipientDelivery};
pub use event::{
    DeliveryRecorded, DeliveryRequested, InvoiceEvent, InvoiceIssued, PaymentRecorded,
    PaymentReversed,
};
pub use issued::{InvoiceNumber, IssuedAdjustment, IssuedDocument, IssuedLine};
pub use limits::*;
pub use ordered::{Keyed, Ordered};
pub use payment::{Payment, PaymentLedger, PaymentMethod, ReversedPayment};
pub use refusal::{InvoiceRefusal, MissingField, RefusalKind};
pub use rendering::{Archive, Rendering, RenderingKind};
pub use state::{DiscardedDraft, Invoice, IssuedInvoice};
pub use status::{Action, DeliveryStatus, DocumentStatus, SettlementStatus, Status};
