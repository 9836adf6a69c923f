//! What a draft consists of.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::limits::NET_DAYS_MAX;
use super::ordered::{Keyed, Ordered};
use crate::ids::{LineId, ProductId};
use crate::invalid::InvalidValue;
use crate::money::{Currency, Money, Quantity, UnitPrice};
use crate::party::Buyer;
use crate::tax::{
    AdjustmentBasis, Amounts, DocumentAdjustmentFigures, DocumentFigures, GrossPolicy, LineFigures,
    PriceMode, TaxError, Vat, compute,
};
use crate::text::{Name, Note, Reason, Reference, Sku};
use crate::unit_code::UnitCode;

/// What kind of document it is (BT-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentType {
    /// 380, a commercial invoice.
    #[default]
    Invoice,
    /// 381, a credit note. Its name is reserved: no command makes one yet.
    CreditNote,
}

/// Days from the issue date to the due date: 0 to [`NET_DAYS_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct NetDays(u16);

impl NetDays {
    /// The days as a number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for NetDays {
    type Error = InvalidValue;
    fn try_from(days: u16) -> Result<Self, InvalidValue> {
        if days <= NET_DAYS_MAX {
            Ok(Self(days))
        } else {
            Err(InvalidValue::new(format!(
                "must be from 0 to {NET_DAYS_MAX}"
            )))
        }
    }
}

impl From<NetDays> for u16 {
    fn from(days: NetDays) -> Self {
        days.0
    }
}

/// When payment is due (BT-9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// On a day.
    Date(Date),
    /// So many days after the issue date.
    NetDays(NetDays),
}

impl Due {
    /// The due date of a document issued on a day; `None` when the calendar ends before it.
    #[must_use]
    pub fn date(self, issue_date: Date) -> Option<Date> {
        match self {
            Self::Date(date) => Some(date),
            Self::NetDays(days) => issue_date.checked_add(i64::from(days.get()).days()).ok(),
        }
    }
}

/// What was agreed beside lines and amounts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Terms {
    /// When payment is due; on the issue date when nothing is said (BR-CO-25).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Due>,
    /// When the supply was made (BT-72).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_date: Option<Date>,
    /// A note to the buyer (BT-22).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// The buyer's order (BT-13).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<Reference>,
}

/// An allowance or charge of a line (BG-27, BG-28).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineAdjustment {
    /// Why (BT-139, BT-144; BR-42, BR-44).
    pub reason: Reason,
    /// How much.
    pub basis: AdjustmentBasis,
}

/// An allowance or charge of the document (BG-20, BG-21).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentAdjustment {
    /// Why (BT-97, BT-104; BR-33, BR-38).
    pub reason: Reason,
    /// How much.
    pub basis: AdjustmentBasis,
    /// The VAT category and rate whose taxable amount it changes (BR-32, BR-37).
    pub vat: Vat,
}

/// A line (BG-25). Product, price and tax are as they were when the line was written: what becomes
/// of the product later never touches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// Its identity within the document (BT-126).
    pub line_id: LineId,
    /// The product it was filled from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<ProductId>,
    /// Which of the product's prices, when the price is the product's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_version: Option<u32>,
    /// The product's code (BT-155).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// What was supplied (BT-153, BR-25).
    pub name: Name,
    /// More about it (BT-154).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Note>,
    /// How much of it (BT-129).
    pub quantity: Quantity,
    /// In which unit (BT-130).
    pub unit_code: UnitCode,
    /// The price of [`Self::price_base_quantity`] units (BT-146).
    pub unit_price: UnitPrice,
    /// How many units the price is for (BT-149); one when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_base_quantity: Option<Quantity>,
    /// How it is taxed (BT-151, BT-152).
    pub vat: Vat,
    /// What is taken off (BG-27).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowances: Vec<LineAdjustment>,
    /// What is put on (BG-28).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<LineAdjustment>,
}

impl Keyed for InvoiceLine {
    type Key = LineId;
    fn key(&self) -> LineId {
        self.line_id
    }
}

impl InvoiceLine {
    fn figures(&self) -> LineFigures {
        let bases = |list: &[LineAdjustment]| list.iter().map(|item| item.basis).collect();
        LineFigures {
            quantity: self.quantity,
            unit_price: self.unit_price,
            price_base_quantity: self.price_base_quantity.unwrap_or(Quantity::ONE),
            vat: self.vat,
            allowances: bases(&self.allowances),
            charges: bases(&self.charges),
        }
    }

    /// The bytes that the line takes at most in the event that freezes it.
    fn weight(&self) -> usize {
        let texts = text_bytes([
            Some(self.name.as_str()),
            self.description.as_ref().map(Note::as_str),
            self.sku.as_ref().map(Sku::as_str),
        ]);
        let adjustments = self.allowances.iter().chain(&self.charges);
        let reasons = text_bytes(adjustments.map(|item| Some(item.reason.as_str())));
        let count = self.allowances.len().saturating_add(self.charges.len());
        LINE_WEIGHT
            .saturating_add(count.saturating_mul(ADJUSTMENT_WEIGHT))
            .saturating_add(texts)
            .saturating_add(reasons)
    }
}

/// Bytes of a frozen line beside its texts and adjustments, at most.
const LINE_WEIGHT: usize = 800;
/// Bytes of a frozen allowance or charge beside its reason, at most.
const ADJUSTMENT_WEIGHT: usize = 160;

/// The length of texts in JSON, where three of the characters that they may have are escaped.
fn text_bytes<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> usize {
    let escaped = |text: &str| {
        text.bytes()
            .filter(|byte| matches!(byte, b'"' | b'\\' | b'\n'))
            .count()
    };
    texts
        .into_iter()
        .flatten()
        .map(|text| text.len().saturating_add(escaped(text)))
        .fold(0, usize::saturating_add)
}

/// A draft: everything that can still change. Amounts are not part of it, they are computed when
/// somebody asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DraftContent {
    /// Invoice or credit note.
    pub document_type: DocumentType,
    /// The currency of every amount (BT-5); never changes.
    pub currency: Currency,
    /// Whether prices contain tax.
    pub price_mode: PriceMode,
    /// What gives way when they do.
    #[serde(default)]
    pub gross_policy: GrossPolicy,
    /// Who is to pay; must be known at issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<Buyer>,
    /// What was agreed.
    pub terms: Terms,
    /// The lines in their order.
    pub lines: Ordered<InvoiceLine>,
    /// Document level allowances.
    pub allowances: Vec<DocumentAdjustment>,
    /// Document level charges.
    pub charges: Vec<DocumentAdjustment>,
    /// What has been paid before (BT-113).
    pub prepaid: Money,
    /// The rounding amount (BT-114).
    pub rounding: Money,
}

impl DraftContent {
    /// Every amount of the draft as it stands.
    ///
    /// # Errors
    /// [`TaxError`]; no draft that a command accepted has one.
    pub fn amounts(&self) -> Result<Amounts, TaxError> {
        let adjustments = |list: &[DocumentAdjustment]| {
            let figures = list.iter().map(|item| DocumentAdjustmentFigures {
                basis: item.basis,
                vat: item.vat,
            });
            figures.collect()
        };
        compute(&DocumentFigures {
            currency: self.currency,
            price_mode: self.price_mode,
            gross_policy: self.gross_policy,
            lines: self.lines.iter().map(InvoiceLine::figures).collect(),
            allowances: adjustments(&self.allowances),
            charges: adjustments(&self.charges),
            prepaid: self.prepaid,
            rounding: self.rounding,
        })
    }

    /// The bytes that its lines take at most once frozen; up to [`super::DRAFT_WEIGHT_MAX`].
    #[must_use]
    pub fn weight(&self) -> usize {
        self.lines
            .iter()
            .map(InvoiceLine::weight)
            .fold(0, usize::saturating_add)
    }
}
