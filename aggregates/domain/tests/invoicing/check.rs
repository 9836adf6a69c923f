//! The amounts of a document once more, by other code with other arithmetic: exact decimals of
//! `rust_decimal`, read from what the document prints, never from its integers.

use std::fmt::Display;

use invoiceapp_domain::invoice::{DraftContent, InvoiceLine};
use invoiceapp_domain::money::Money;
use invoiceapp_domain::tax::{AdjustmentBasis, Amounts, GrossPolicy, PriceMode, Vat};
use rust_decimal::{Decimal, RoundingStrategy};

fn decimal(value: impl Display) -> Decimal {
    value.to_string().parse().unwrap()
}

fn amount(money: Money) -> Decimal {
    money.to_decimal_string().parse().unwrap()
}

/// What the figures of one document should come to.
pub(crate) struct Check<'a> {
    draft: &'a DraftContent,
    decimals: u32,
}

impl<'a> Check<'a> {
    pub(crate) fn new(draft: &'a DraftContent) -> Self {
        Self {
            draft,
            decimals: draft.currency.exponent(),
        }
    }

    fn round(&self, value: Decimal) -> Decimal {
        value.round_dp_with_strategy(self.decimals, RoundingStrategy::MidpointAwayFromZero)
    }

    fn percent(&self, base: Decimal, percent: impl Display) -> Decimal {
        self.round(base * decimal(percent) / Decimal::ONE_HUNDRED)
    }

    fn basis(&self, basis: AdjustmentBasis, base: Decimal) -> Decimal {
        match basis {
            AdjustmentBasis::Amount(money) => amount(money),
            AdjustmentBasis::Percent(rate) => self.percent(base, rate),
        }
    }

    /// The line's total in the document's price mode.
    fn line(&self, line: &InvoiceLine) -> Decimal {
        let base = line.price_base_quantity.map_or(Decimal::ONE, decimal);
        let price = self.round(decimal(line.unit_price) * decimal(line.quantity) / base);
        let sum = |list: &[invoiceapp_domain::invoice::LineAdjustment]| -> Decimal {
            list.iter().map(|item| self.basis(item.basis, price)).sum()
        };
        price - sum(&line.allowances) + sum(&line.charges)
    }

    fn line_sum(&self, vat: Vat) -> Decimal {
        let lines = self.draft.lines.iter().filter(|line| line.vat == vat);
        lines.map(|line| self.line(line)).sum()
    }

    fn adjustments(&self, charges: bool, vat: Vat) -> Decimal {
        let list = if charges {
            &self.draft.charges
        } else {
            &self.draft.allowances
        };
        let own = list.iter().filter(|item| item.vat == vat);
        own.map(|item| self.basis(item.basis, self.line_sum(vat)))
            .sum()
    }

    /// Everything under one category and rate, in the document's price mode.
    fn bucket(&self, vat: Vat) -> Decimal {
        self.line_sum(vat) - self.adjustments(false, vat) + self.adjustments(true, vat)
    }

    /// Taxable amount, tax, and what of the tax goes into the rounding amount.
    fn row(&self, vat: Vat) -> (Decimal, Decimal, Decimal) {
        let (sum, rate) = (self.bucket(vat), decimal(vat.rate()));
        match self.draft.price_mode {
            PriceMode::Net => (sum, self.percent(sum, rate), Decimal::ZERO),
            PriceMode::Gross => {
                let contained = self.round(sum * rate / (Decimal::ONE_HUNDRED + rate));
                let taxable = sum - contained;
                let tax = match self.draft.gross_policy {
                    GrossPolicy::AnchorGross => contained,
                    GrossPolicy::Strict => self.percent(taxable, rate),
                };
                (taxable, tax, contained - tax)
            }
        }
    }

    /// Compares every figure that this arithmetic fixes.
    pub(crate) fn assert_equal(&self, amounts: &Amounts) {
        for (line, computed) in self.draft.lines.iter().zip(&amounts.lines) {
            assert_eq!(amount(computed.total), self.line(line));
        }
        let mut exclusive = Decimal::ZERO;
        let mut tax = Decimal::ZERO;
        let mut rounding = amount(self.draft.rounding);
        for row in &amounts.tax_breakdown {
            let (taxable, row_tax, rounded) = self.row(row.vat);
            assert_eq!(amount(row.taxable_amount), taxable);
            assert_eq!(amount(row.tax_amount), row_tax);
            exclusive += taxable;
            tax += row_tax;
            rounding += rounded;
        }
        let totals = &amounts.totals;
        assert_eq!(amount(totals.tax_exclusive), exclusive);
        assert_eq!(amount(totals.tax), tax);
        assert_eq!(amount(totals.tax_inclusive), exclusive + tax);
        assert_eq!(amount(totals.rounding), rounding);
        let payable = exclusive + tax - amount(self.draft.prepaid) + rounding;
        assert_eq!(amount(totals.payable), payable);
    }
}
