//! Every amount of a document, in the order of the standard's rules.

use serde::{Deserialize, Serialize};

use super::buckets::{Buckets, Side, basis_amount};
use super::category::{Vat, VatCategory};
use super::error::TaxError;
use super::figures::{AdjustmentBasis, DocumentFigures, GrossPolicy, LineFigures, PriceMode};
use super::gross::net_of_gross;
use crate::money::{Currency, Money, price_times_quantity};

/// Names the rules of this module as they stand in an issued document, so that another version of
/// them can be told apart for ever.
pub const POLICY_VERSION: &str = "en16931-2017/1";

/// The amounts of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineAmounts {
    /// `round(quantity × unit price / base quantity)`, before allowances and charges.
    pub price_amount: Money,
    /// BT-136, one per allowance; in gross price mode it contains the tax.
    pub allowances: Vec<Money>,
    /// BT-141, one per charge; in gross price mode it contains the tax.
    pub charges: Vec<Money>,
    /// Price amount less allowances plus charges: in gross price mode it contains the tax.
    pub total: Money,
    /// BT-131, the line's net amount.
    pub net_amount: Money,
}

/// The amounts of one document level allowance or charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustmentAmounts {
    /// As it was given or as its percentage comes to; in gross price mode it contains the tax.
    pub amount: Money,
    /// BT-92 or BT-99.
    pub net_amount: Money,
}

/// One row of the VAT breakdown (BG-23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxBreakdown {
    /// BT-118 and BT-119.
    #[serde(flatten)]
    pub vat: Vat,
    /// BT-116.
    pub taxable_amount: Money,
    /// BT-117.
    pub tax_amount: Money,
}

/// The document totals (BG-22).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// BT-106, the sum of the line net amounts (BR-CO-10).
    pub line_net: Money,
    /// BT-107, the sum of document level allowances (BR-CO-11).
    pub allowances: Money,
    /// BT-108, the sum of document level charges (BR-CO-12).
    pub charges: Money,
    /// BT-109 = BT-106 − BT-107 + BT-108 (BR-CO-13).
    pub tax_exclusive: Money,
    /// BT-110, the sum of the tax of the breakdown (BR-CO-14).
    pub tax: Money,
    /// BT-112 = BT-109 + BT-110 (BR-CO-15).
    pub tax_inclusive: Money,
    /// BT-113, what has been paid before.
    pub prepaid: Money,
    /// BT-114.
    pub rounding: Money,
    /// BT-115 = BT-112 − BT-113 + BT-114 (BR-CO-16).
    pub payable: Money,
}

/// Every amount of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amounts {
    /// One per line.
    pub lines: Vec<LineAmounts>,
    /// One per document level allowance.
    pub allowances: Vec<AdjustmentAmounts>,
    /// One per document level charge.
    pub charges: Vec<AdjustmentAmounts>,
    /// Per category and rate, in the order in which they first appear in the document.
    pub tax_breakdown: Vec<TaxBreakdown>,
    /// The sums.
    pub totals: Totals,
}

impl Amounts {
    /// Whether `O` stands alone, as it must (BR-O-11 to BR-O-14).
    ///
    /// # Errors
    /// [`TaxError::OutsideScopeMixed`] when it does not.
    pub fn check_categories(&self) -> Result<(), TaxError> {
        let outside = |row: &TaxBreakdown| row.vat.category() == VatCategory::OutsideScope;
        if self.tax_breakdown.len() > 1 && self.tax_breakdown.iter().any(outside) {
            return Err(TaxError::OutsideScopeMixed);
        }
        Ok(())
    }
}

/// Computes every amount of a document.
///
/// # Errors
/// [`TaxError`] when an amount is of another currency, a base quantity is not positive, or a result
/// is larger than an amount may be.
pub fn compute(document: &DocumentFigures) -> Result<Amounts, TaxError> {
    let currency = document.currency;
    let mut lines = document
        .lines
        .iter()
        .map(|line| line_amounts(line, currency))
        .collect::<Result<Vec<_>, _>>()?;
    let by_line = document
        .lines
        .iter()
        .zip(&lines)
        .map(|(line, amounts)| (line.vat, amounts.total));
    let mut buckets = Buckets::of_lines(by_line, currency);
    let mut allowances = buckets.adjust(&document.allowances, Side::Allowance)?;
    let mut charges = buckets.adjust(&document.charges, Side::Charge)?;

    let mut rounding = document.rounding;
    let mut tax_breakdown = Vec::new();
    for bucket in buckets.in_order() {
        let sum = bucket.sum(currency)?;
        let rate = bucket.vat.rate();
        let (taxable_amount, tax_amount) = match document.price_mode {
            PriceMode::Net => (sum, rate.of(sum)?),
            PriceMode::Gross => {
                let net = net_of_gross(&bucket.signed_parts(), sum, rate)?;
                bucket.write_back(&net.parts, &mut lines, &mut allowances, &mut charges);
                let taxable = sum.checked_sub(net.tax)?;
                let tax = match document.gross_policy {
                    GrossPolicy::AnchorGross => net.tax,
                    GrossPolicy::Strict => rate.of(taxable)?,
                };
                rounding = rounding.checked_add(net.tax)?.checked_sub(tax)?;
                (taxable, tax)
            }
        };
        tax_breakdown.push(TaxBreakdown {
            vat: bucket.vat,
            taxable_amount,
            tax_amount,
        });
    }
    let sums = NetSums::of(currency, &lines, &allowances, &charges, &tax_breakdown)?;
    let totals = sums.totals(document.prepaid, rounding)?;
    Ok(Amounts {
        lines,
        allowances,
        charges,
        tax_breakdown,
        totals,
    })
}

/// Steps 1 and 2: the line net amount, whose parts are rounded separately (Peppol BIS 3, rounding).
fn line_amounts(line: &LineFigures, currency: Currency) -> Result<LineAmounts, TaxError> {
    if !line.price_base_quantity.is_positive() {
        return Err(TaxError::BaseQuantityNotPositive);
    }
    let price_amount = price_times_quantity(
        line.unit_price,
        line.quantity,
        line.price_base_quantity,
        currency,
    )?;
    let adjust = |bases: &[AdjustmentBasis]| -> Result<Vec<Money>, TaxError> {
        bases
            .iter()
            .map(|basis| basis_amount(*basis, || Ok(price_amount)))
            .collect()
    };
    let allowances = adjust(&line.allowances)?;
    let charges = adjust(&line.charges)?;
    let total = price_amount
        .checked_sub(Money::checked_sum(allowances.iter().copied(), currency)?)?
        .checked_add(Money::checked_sum(charges.iter().copied(), currency)?)?;
    Ok(LineAmounts {
        price_amount,
        allowances,
        charges,
        total,
        net_amount: total,
    })
}

/// The sums of rounded amounts, which are not rounded again.
struct NetSums {
    line_net: Money,
    allowances: Money,
    charges: Money,
    tax: Money,
}

impl NetSums {
    fn of(
        currency: Currency,
        lines: &[LineAmounts],
        allowances: &[AdjustmentAmounts],
        charges: &[AdjustmentAmounts],
        breakdown: &[TaxBreakdown],
    ) -> Result<Self, TaxError> {
        let adjustments = |list: &[AdjustmentAmounts]| {
            Money::checked_sum(
                list.iter().map(|adjustment| adjustment.net_amount),
                currency,
            )
        };
        Ok(Self {
            line_net: Money::checked_sum(lines.iter().map(|line| line.net_amount), currency)?,
            allowances: adjustments(allowances)?,
            charges: adjustments(charges)?,
            tax: Money::checked_sum(breakdown.iter().map(|row| row.tax_amount), currency)?,
        })
    }

    /// BR-CO-13, BR-CO-15 and BR-CO-16.
    fn totals(self, prepaid: Money, rounding: Money) -> Result<Totals, TaxError> {
        let Self {
            line_net,
            allowances,
            charges,
            tax,
        } = self;
        let tax_exclusive = line_net.checked_sub(allowances)?.checked_add(charges)?;
        let tax_inclusive = tax_exclusive.checked_add(tax)?;
        let payable = tax_inclusive.checked_sub(prepaid)?.checked_add(rounding)?;
        Ok(Totals {
            line_net,
            allowances,
            charges,
            tax_exclusive,
            tax,
            tax_inclusive,
            prepaid,
            rounding,
            payable,
        })
    }
}
