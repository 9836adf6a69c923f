//! The figures that go into the computation: what a person typed, without the words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::category::Vat;
use crate::invalid::InvalidValue;
use crate::money::{Currency, Money, Quantity, Rate, UnitPrice};

/// Whether unit prices, allowances and charges are without tax or contain it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceMode {
    /// Without tax, as EN 16931 knows prices.
    #[default]
    Net,
    /// With tax: net amounts are derived from them.
    Gross,
}

impl PriceMode {
    /// The name that it has outside.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Net => "net",
            Self::Gross => "gross",
        }
    }
}

impl fmt::Display for PriceMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for PriceMode {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "net" => Ok(Self::Net),
            "gross" => Ok(Self::Gross),
            _ => Err(InvalidValue::new("must be one of net, gross")),
        }
    }
}

/// What gives way in gross price mode when tax taken out of a gross sum is not tax put onto the net
/// sum: they can differ by one minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrossPolicy {
    /// The tax is what the gross sum contains, so the customer's total is exact; within the
    /// tolerance of BR-CO-17.
    #[default]
    AnchorGross,
    /// The tax is exactly taxable amount times rate, and the difference goes into the rounding
    /// amount (BT-114), so the payable amount is still the customer's total.
    Strict,
}

/// What an allowance or charge comes from: an amount, or a percentage of its base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentBasis {
    /// So much (BT-92, BT-99, BT-136, BT-141), not negative.
    Amount(Money),
    /// A share (BT-94, BT-101, BT-138, BT-143) of the line before its adjustments, or of the lines
    /// under the adjustment's own VAT category and rate.
    Percent(Rate),
}

/// The figures of one line (BG-25).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFigures {
    /// BT-129.
    pub quantity: Quantity,
    /// BT-146, or the price with tax.
    pub unit_price: UnitPrice,
    /// BT-149, above zero.
    pub price_base_quantity: Quantity,
    /// BT-151 and BT-152.
    pub vat: Vat,
    /// BG-27.
    pub allowances: Vec<AdjustmentBasis>,
    /// BG-28.
    pub charges: Vec<AdjustmentBasis>,
}

/// The figures of one document level allowance (BG-20) or charge (BG-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentAdjustmentFigures {
    /// Amount or percentage.
    pub basis: AdjustmentBasis,
    /// BT-95 and BT-96, BT-102 and BT-103.
    pub vat: Vat,
}

/// The figures of a whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFigures {
    /// BT-5: every amount is in it.
    pub currency: Currency,
    /// Whether prices contain tax.
    pub price_mode: PriceMode,
    /// What gives way when they do.
    pub gross_policy: GrossPolicy,
    /// BG-25.
    pub lines: Vec<LineFigures>,
    /// BG-20.
    pub allowances: Vec<DocumentAdjustmentFigures>,
    /// BG-21.
    pub charges: Vec<DocumentAdjustmentFigures>,
    /// BT-113.
    pub prepaid: Money,
    /// BT-114, of either sign.
    pub rounding: Money,
}
