//! Lines, allowances and charges.

use invoiceapp_domain::invoice::{DocumentAdjustment, InvoiceLine, LineAdjustment};
use invoiceapp_domain::money::{Money, Rate};
use invoiceapp_domain::tax::{AdjustmentBasis, LineAmounts, PriceMode};

use crate::document::{Adjustment, Line};

/// A line with its amounts. Where prices are with tax, so is the line's amount: the buyer checks
/// one against the other.
pub(super) fn line(line: &InvoiceLine, amounts: &LineAmounts, mode: PriceMode) -> Line {
    Line {
        name: line.name.as_str().to_owned(),
        description: line
            .description
            .as_ref()
            .map(|text| text.as_str().to_owned()),
        quantity: line.quantity,
        unit_code: line.unit_code.as_str().to_owned(),
        unit_price: line.unit_price,
        price_base_quantity: line.price_base_quantity,
        vat: line.vat,
        price_amount: amounts.price_amount,
        amount: match mode {
            PriceMode::Net => amounts.net_amount,
            PriceMode::Gross => amounts.total,
        },
        allowances: line_adjustments(&line.allowances, &amounts.allowances),
        charges: line_adjustments(&line.charges, &amounts.charges),
    }
}

fn line_adjustments(adjustments: &[LineAdjustment], amounts: &[Money]) -> Vec<Adjustment> {
    let pairs = adjustments.iter().zip(amounts);
    pairs
        .map(|(one, amount)| adjustment(one.reason.as_str(), one.basis, *amount))
        .collect()
}

/// An allowance or charge of the document, net as the totals are.
pub(super) fn document_adjustment(one: &DocumentAdjustment, net_amount: Money) -> Adjustment {
    adjustment(one.reason.as_str(), one.basis, net_amount)
}

fn adjustment(reason: &str, basis: AdjustmentBasis, amount: Money) -> Adjustment {
    Adjustment {
        reason: reason.to_owned(),
        percent: percent(basis),
        amount,
    }
}

const fn percent(basis: AdjustmentBasis) -> Option<Rate> {
    match basis {
        AdjustmentBasis::Amount(_) => None,
        AdjustmentBasis::Percent(rate) => Some(rate),
    }
}
