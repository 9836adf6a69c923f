//! The frozen document: what an issued invoice says, for ever.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::content::{DocumentAdjustment, DocumentType, InvoiceLine};
use crate::digest::Sha256Hex;
use crate::locale::Locale;
use crate::money::Currency;
use crate::party::{Buyer, Seller};
use crate::tax::{AdjustmentAmounts, GrossPolicy, LineAmounts, PriceMode, TaxBreakdown, Totals};
use crate::text::{Note, Reference, SeriesCode};

/// The number of a document and where it stands in its series (VAT Directive art. 226(2)).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InvoiceNumber {
    /// The number as it is printed (BT-1).
    pub text: String,
    /// The series' code.
    pub series: SeriesCode,
    /// The period that the sequence counts in.
    pub period: String,
    /// The place in series and period; 0 only until the journal has allotted one.
    pub sequence: u64,
}

/// A line with its amounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedLine {
    /// What it says.
    pub line: InvoiceLine,
    /// What it comes to.
    pub amounts: LineAmounts,
}

/// A document level allowance or charge with its amounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedAdjustment {
    /// What it says.
    pub adjustment: DocumentAdjustment,
    /// What it comes to.
    pub amounts: AdjustmentAmounts,
}

/// An issued document, complete: nothing outside it is needed to print it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedDocument {
    /// Invoice or credit note (BT-3).
    pub document_type: DocumentType,
    /// BT-1.
    pub number: InvoiceNumber,
    /// BT-2.
    pub issue_date: Date,
    /// BT-9.
    pub due_date: Date,
    /// BT-72.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_date: Option<Date>,
    /// BT-22.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// BT-13.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<Reference>,
    /// BT-5.
    pub currency: Currency,
    /// Whether unit prices contain tax.
    pub price_mode: PriceMode,
    /// What gave way when they do.
    pub gross_policy: GrossPolicy,
    /// The language of the document.
    pub locale: Locale,
    /// BG-4, with the logo.
    pub seller: Seller,
    /// BG-7.
    pub buyer: Buyer,
    /// BG-25, in their order.
    pub lines: Vec<IssuedLine>,
    /// BG-20.
    pub allowances: Vec<IssuedAdjustment>,
    /// BG-21.
    pub charges: Vec<IssuedAdjustment>,
    /// BG-23.
    pub tax_breakdown: Vec<TaxBreakdown>,
    /// BG-22.
    pub totals: Totals,
    /// Which rules the amounts were computed by.
    pub policy_version: String,
}

impl IssuedDocument {
    /// The digest of the document's canonical form: its JSON with the fields in this order and no
    /// white space. The number is part of it.
    #[must_use]
    pub fn content_hash(&self) -> Sha256Hex {
        // Plain structs with text keys, written into memory: this cannot fail.
        Sha256Hex::of(&serde_json::to_vec(self).unwrap_or_default())
    }
}
