//! Why an invoice says no.

use std::fmt;

use jiff::civil::Date;
use thiserror::Error;

use super::limits::{DOCUMENT_YEARS, ISSUE_DAYS_AHEAD_MAX, RECIPIENTS_MAX};
use crate::ids::{DeliveryId, DocumentId, LineId, PaymentId};
use crate::money::{AmountError, Money};
use crate::tax::{TaxError, Vat};

/// A mandatory entry that is missing at issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MissingField {
    /// The seller has not been filled in at all (BR-06, BR-08, BR-09).
    Seller,
    /// The seller has no identifier (BR-CO-26), or none for VAT where it needs that one (BR-IC-02,
    /// BR-G-02).
    SellerVatId,
    /// The draft has no buyer (BR-07, BR-10, BR-11).
    Buyer,
    /// The buyer has no VAT identifier, and the tax category needs it (BR-AE-02, BR-IC-02).
    BuyerVatId,
}

impl MissingField {
    /// The field's name in the resource that it belongs to.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seller => "organization",
            Self::SellerVatId => "organization.vat_id",
            Self::Buyer => "buyer",
            Self::BuyerVatId => "buyer.vat_id",
        }
    }
}

impl fmt::Display for MissingField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What kind of no it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// What was named does not exist.
    NotFound,
    /// The request could never be right.
    Invalid,
    /// The request does not fit the state.
    Conflict,
}

/// The reasons for which an invoice refuses a command.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvoiceRefusal {
    /// There is no such invoice.
    #[error("there is no such invoice")]
    NotFound,
    /// The stream already holds an invoice.
    #[error("the invoice exists already")]
    AlreadyExists,
    /// Only a draft can be changed, issued or discarded.
    #[error("the invoice is not a draft")]
    NotDraft,
    /// Only an issued invoice can be delivered, rendered or paid.
    #[error("the invoice has not been issued")]
    NotIssued,
    /// There is no such line.
    #[error("the invoice has no such line")]
    LineNotFound {
        /// Which.
        line_id: LineId,
    },
    /// Two lines with one identity.
    #[error("the invoice has this line already")]
    LineExists {
        /// Which.
        line_id: LineId,
    },
    /// There is no such payment that stands.
    #[error("the invoice has no such payment, or it was reversed")]
    PaymentNotFound {
        /// Which.
        payment_id: PaymentId,
    },
    /// Two payments with one identity.
    #[error("the payment is recorded already")]
    PaymentExists {
        /// Which.
        payment_id: PaymentId,
    },
    /// There is no such delivery, or not to this recipient.
    #[error("the invoice has no such delivery")]
    DeliveryNotFound {
        /// Which.
        delivery_id: DeliveryId,
    },
    /// Two deliveries with one identity.
    #[error("the delivery is requested already")]
    DeliveryExists {
        /// Which.
        delivery_id: DeliveryId,
    },
    /// There is no such rendering.
    #[error("the invoice has no such rendering")]
    RenderingNotFound {
        /// Which.
        document_id: DocumentId,
    },
    /// A rendering of this kind, version and locale exists with other bytes: it is written once.
    #[error("this rendering exists already with other content")]
    RenderingExists {
        /// The one that exists.
        document_id: DocumentId,
    },
    /// The archived bytes are not those of the rendering.
    #[error("the archived bytes are not those of the rendering")]
    ArchiveMismatch {
        /// Which rendering.
        document_id: DocumentId,
    },
    /// There is nothing to issue (BR-16).
    #[error("an invoice without lines cannot be issued")]
    NoLines,
    /// The seller lacks mandatory entries.
    #[error("the seller lacks {}", list(.missing))]
    SellerIncomplete {
        /// Which.
        missing: Vec<MissingField>,
    },
    /// The buyer lacks mandatory entries.
    #[error("the buyer lacks {}", list(.missing))]
    BuyerIncomplete {
        /// Which.
        missing: Vec<MissingField>,
    },
    /// The series numbers the other kind of document.
    #[error("the series does not number documents of this type")]
    SeriesOfOtherType,
    /// An amount is in another currency than the document, or the document's was to change.
    #[error("the currency of an invoice is the same everywhere and never changes")]
    CurrencyMismatch,
    /// An amount that has to be above zero, or not below, is.
    #[error("{what} {}", if *.zero_allowed { "must not be negative" } else { "must be more than zero" })]
    AmountTooLow {
        /// Which amount.
        what: &'static str,
        /// Where the command's body has it.
        field: &'static str,
        /// Whether zero would have been right.
        zero_allowed: bool,
    },
    /// An amount of the document would be larger than an amount may be.
    #[error("an amount of the invoice is too large")]
    AmountTooLarge {
        /// Where the command's body has it.
        field: &'static str,
    },
    /// The quantity that a price is for is not above zero.
    #[error("the quantity that a price is for must be more than zero")]
    BaseQuantityNotPositive {
        /// Where the command's body has it.
        field: &'static str,
    },
    /// The allowances of a line would turn its sign.
    #[error("the allowances of a line are more than its price and charges of {limit}")]
    LineAllowancesTooHigh {
        /// Which line.
        line_id: LineId,
        /// The most that they may come to.
        limit: Money,
        /// Where the command's body has it.
        field: &'static str,
    },
    /// The document's allowances under one category and rate would turn the sign of its taxable
    /// amount (BT-116).
    #[error(
        "the allowances of VAT category {} at {} % are more than its lines and charges of {limit}",
        .vat.category(), .vat.rate()
    )]
    AllowancesTooHigh {
        /// Under which category and rate.
        vat: Vat,
        /// The most that they may come to.
        limit: Money,
    },
    /// More was prepaid than there is to pay (BT-113).
    #[error("the prepaid amount is more than the {limit} that would be due without it")]
    PrepaidTooHigh {
        /// The most that it may be.
        limit: Money,
    },
    /// The rounding amount rounds nothing any more (BT-114).
    #[error("the rounding amount must be from -{limit} to {limit}")]
    RoundingTooHigh {
        /// The most that it may be, of either sign.
        limit: Money,
    },
    /// Category `O` stands beside another.
    #[error("supplies outside the scope of VAT cannot share an invoice with others")]
    OutsideScopeMixed,
    /// More than is left to pay.
    #[error("the payment is more than the balance of {balance}")]
    Overpayment {
        /// What is left to pay.
        balance: Money,
    },
    /// Payment would be due before the document exists.
    #[error("the due date lies before the issue date {issue_date}")]
    DueBeforeIssue {
        /// The issue date.
        issue_date: Date,
    },
    /// The document would close its series for too long.
    #[error("the issue date lies more than {ISSUE_DAYS_AHEAD_MAX} days ahead")]
    IssueDateTooFarAhead,
    /// A date no document can have.
    #[error("the {what} must lie in the years {} to {}", DOCUMENT_YEARS.start(), DOCUMENT_YEARS.end())]
    DateOutOfRange {
        /// Which date.
        what: &'static str,
        /// Where the command's body has it.
        field: &'static str,
    },
    /// Nobody to deliver to.
    #[error("there is no recipient, and the buyer has no e-mail address")]
    NoRecipient,
    /// More recipients than one request may have.
    #[error("a delivery may have at most {RECIPIENTS_MAX} recipients")]
    TooManyRecipients,
    /// More of something than one invoice may hold.
    #[error("an invoice may have at most {max} {what}")]
    LimitReached {
        /// Of what.
        what: &'static str,
        /// How many.
        max: usize,
    },
}

fn list(missing: &[MissingField]) -> String {
    missing
        .iter()
        .map(|field| field.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

impl InvoiceRefusal {
    /// The refusal's stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound
            | Self::LineNotFound { .. }
            | Self::PaymentNotFound { .. }
            | Self::DeliveryNotFound { .. }
            | Self::RenderingNotFound { .. } => "not_found",
            Self::AlreadyExists => "invoice_exists",
            Self::LineExists { .. } => "line_exists",
            Self::PaymentExists { .. } => "payment_exists",
            Self::DeliveryExists { .. } => "delivery_exists",
            Self::RenderingExists { .. } => "rendering_exists",
            Self::ArchiveMismatch { .. } => "archive_mismatch",
            Self::NotDraft => "invoice_not_draft",
            Self::NotIssued => "invoice_not_issued",
            Self::NoLines => "invoice_has_no_lines",
            Self::SellerIncomplete { .. } => "seller_incomplete",
            Self::BuyerIncomplete { .. } => "buyer_incomplete",
            Self::SeriesOfOtherType => "series_unknown",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::AmountTooLow { .. }
            | Self::AmountTooLarge { .. }
            | Self::BaseQuantityNotPositive { .. }
            | Self::LineAllowancesTooHigh { .. }
            | Self::AllowancesTooHigh { .. }
            | Self::PrepaidTooHigh { .. }
            | Self::RoundingTooHigh { .. } => "invalid_amount",
            Self::OutsideScopeMixed => "vat_categories_conflict",
            Self::Overpayment { .. } => "overpayment",
            Self::DueBeforeIssue { .. } => "due_date_before_issue_date",
            Self::IssueDateTooFarAhead | Self::DateOutOfRange { .. } | Self::TooManyRecipients => {
                "invalid_value"
            }
            Self::NoRecipient => "recipient_missing",
            Self::LimitReached { .. } => "limit_reached",
        }
    }

    /// What kind of no it is.
    #[must_use]
    pub const fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound
            | Self::LineNotFound { .. }
            | Self::PaymentNotFound { .. }
            | Self::DeliveryNotFound { .. }
            | Self::RenderingNotFound { .. } => RefusalKind::NotFound,
            Self::AmountTooLow { .. }
            | Self::AmountTooLarge { .. }
            | Self::BaseQuantityNotPositive { .. }
            | Self::LineAllowancesTooHigh { .. }
            | Self::AllowancesTooHigh { .. }
            | Self::PrepaidTooHigh { .. }
            | Self::RoundingTooHigh { .. }
            | Self::IssueDateTooFarAhead
            | Self::TooManyRecipients
            | Self::DateOutOfRange { .. } => RefusalKind::Invalid,
            Self::AlreadyExists
            | Self::LineExists { .. }
            | Self::PaymentExists { .. }
            | Self::DeliveryExists { .. }
            | Self::RenderingExists { .. }
            | Self::ArchiveMismatch { .. }
            | Self::NotDraft
            | Self::NotIssued
            | Self::NoLines
            | Self::SellerIncomplete { .. }
            | Self::BuyerIncomplete { .. }
            | Self::SeriesOfOtherType
            | Self::CurrencyMismatch
            | Self::OutsideScopeMixed
            | Self::Overpayment { .. }
            | Self::DueBeforeIssue { .. }
            | Self::NoRecipient
            | Self::LimitReached { .. } => RefusalKind::Conflict,
        }
    }

    /// Which field it is about: a JSON pointer (RFC 6901) into the command's body, `""` for all of
    /// it. What only issue can measure is named where a draft's body has it. Every refusal of kind
    /// [`RefusalKind::Invalid`] has one, and no other.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::AmountTooLow { field, .. }
            | Self::AmountTooLarge { field }
            | Self::BaseQuantityNotPositive { field }
            | Self::LineAllowancesTooHigh { field, .. }
            | Self::DateOutOfRange { field, .. } => Some(field),
            Self::AllowancesTooHigh { .. } => Some("/allowances"),
            Self::PrepaidTooHigh { .. } => Some("/prepaid"),
            Self::RoundingTooHigh { .. } => Some("/rounding"),
            Self::IssueDateTooFarAhead => Some("/issue_date"),
            Self::TooManyRecipients => Some("/recipients"),
            Self::NotFound
            | Self::AlreadyExists
            | Self::NotDraft
            | Self::NotIssued
            | Self::LineNotFound { .. }
            | Self::LineExists { .. }
            | Self::PaymentNotFound { .. }
            | Self::PaymentExists { .. }
            | Self::DeliveryNotFound { .. }
            | Self::DeliveryExists { .. }
            | Self::RenderingNotFound { .. }
            | Self::RenderingExists { .. }
            | Self::ArchiveMismatch { .. }
            | Self::NoLines
            | Self::SellerIncomplete { .. }
            | Self::BuyerIncomplete { .. }
            | Self::SeriesOfOtherType
            | Self::CurrencyMismatch
            | Self::OutsideScopeMixed
            | Self::Overpayment { .. }
            | Self::DueBeforeIssue { .. }
            | Self::NoRecipient
            | Self::LimitReached { .. } => None,
        }
    }
}

impl From<TaxError> for InvoiceRefusal {
    fn from(error: TaxError) -> Self {
        match error {
            TaxError::CurrencyMismatch => Self::CurrencyMismatch,
            // Splitting is not part of a document's amounts, so the last cannot come from one.
            TaxError::OutOfRange | TaxError::NoShares => Self::AmountTooLarge { field: "/lines" },
            TaxError::BaseQuantityNotPositive => Self::BaseQuantityNotPositive { field: "/lines" },
            TaxError::OutsideScopeMixed => Self::OutsideScopeMixed,
        }
    }
}

impl From<AmountError> for InvoiceRefusal {
    fn from(error: AmountError) -> Self {
        TaxError::from(error).into()
    }
}
