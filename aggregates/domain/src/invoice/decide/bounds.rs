//! Amounts that nobody means: what may be taken off, prepaid or rounded.
//!
//! EN 16931 bounds none of these amounts, and a typing error of a few digits would leave an invoice
//! that counts as paid. Negative lines and a negative amount due stay possible, because corrections
//! need both: what is bounded is the part that a deduction may take of what it is deducted from.
//!
//! What belongs to one line, and the rounding amount, can only be put right by sending them anew,
//! so they are refused at once. What depends on other parts of the document may come right with the
//! next edit, in whichever order a person types, so it is measured at issue.

use std::collections::BTreeMap;

use super::super::content::{DocumentAdjustment, DraftContent};
use super::super::limits::ROUNDING_UNITS_MAX;
use super::super::refusal::InvoiceRefusal;
use crate::money::{Currency, Money};
use crate::tax::{AdjustmentAmounts, Amounts, LineAmounts, Totals, Vat};

/// What a draft may never hold, in whichever order it is written.
pub(super) fn check_parts(
    draft: &DraftContent,
    amounts: &Amounts,
    allowances_field: &'static str,
) -> Result<(), InvoiceRefusal> {
    let currency = draft.currency;
    for (line, amounts) in draft.lines.iter().zip(&amounts.lines) {
        let (limit, allowances) = line_sums(amounts, currency)?;
        if exceeds(allowances, limit)? {
            return Err(InvoiceRefusal::LineAllowancesTooHigh {
                line_id: line.line_id,
                limit: limit.magnitude(),
                field: allowances_field,
            });
        }
    }
    let limit = Money::from_units(ROUNDING_UNITS_MAX, currency)?;
    if exceeds(draft.rounding, limit)? {
        return Err(InvoiceRefusal::RoundingTooHigh { limit });
    }
    Ok(())
}

/// What a document may not hold once it is complete.
pub(super) fn check_whole(draft: &DraftContent, amounts: &Amounts) -> Result<(), InvoiceRefusal> {
    for (vat, (limit, allowances)) in sums_by_vat(draft, amounts)? {
        if exceeds(allowances, limit)? {
            return Err(InvoiceRefusal::AllowancesTooHigh {
                vat,
                limit: limit.magnitude(),
            });
        }
    }
    check_prepaid(&amounts.totals)
}

/// Prepaid up to what would be due without it: BT-112 and BT-114, which BR-CO-16 adds up.
fn check_prepaid(totals: &Totals) -> Result<(), InvoiceRefusal> {
    if !totals.prepaid.is_positive() || !totals.payable.is_negative() {
        return Ok(());
    }
    let zero = Money::zero(totals.prepaid.currency());
    let due = totals.tax_inclusive.checked_add(totals.rounding)?;
    let limit = if due.is_negative() { zero } else { due };
    Err(InvoiceRefusal::PrepaidTooHigh { limit })
}

/// Whether a deduction is larger than what it is deducted from. Up to there it leaves the sign as
/// it is, and a negative base bounds it just as a positive one does.
fn exceeds(deduction: Money, base: Money) -> Result<bool, InvoiceRefusal> {
    let order = deduction.magnitude().checked_cmp(base.magnitude())?;
    Ok(order.is_gt())
}

/// The price amount with the charges, and the allowances, as they were typed: in gross price mode
/// with tax.
fn line_sums(line: &LineAmounts, currency: Currency) -> Result<(Money, Money), InvoiceRefusal> {
    let charges = Money::checked_sum(line.charges.iter().copied(), currency)?;
    let allowances = Money::checked_sum(line.allowances.iter().copied(), currency)?;
    Ok((line.price_amount.checked_add(charges)?, allowances))
}

/// The same sums of the document level, by category and rate.
fn sums_by_vat(
    draft: &DraftContent,
    amounts: &Amounts,
) -> Result<BTreeMap<Vat, (Money, Money)>, InvoiceRefusal> {
    let zero = Money::zero(draft.currency);
    let mut sums: BTreeMap<Vat, (Money, Money)> = BTreeMap::new();
    let lines = draft.lines.iter().map(|line| line.vat);
    let line_totals = lines.zip(amounts.lines.iter().map(|line| line.total));
    for (vat, amount) in line_totals.chain(adjustments(&draft.charges, &amounts.charges)) {
        let (base, _) = sums.entry(vat).or_insert((zero, zero));
        *base = base.checked_add(amount)?;
    }
    for (vat, amount) in adjustments(&draft.allowances, &amounts.allowances) {
        let (_, allowances) = sums.entry(vat).or_insert((zero, zero));
        *allowances = allowances.checked_add(amount)?;
    }
    Ok(sums)
}

fn adjustments(
    list: &[DocumentAdjustment],
    amounts: &[AdjustmentAmounts],
) -> impl Iterator<Item = (Vat, Money)> {
    let amounts = amounts.iter().map(|adjustment| adjustment.amount);
    list.iter().map(|item| item.vat).zip(amounts)
}
