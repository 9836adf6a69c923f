//! One amount over several shares, to the last minor unit.

use super::category::Vat;
use super::error::TaxError;
use crate::money::{Money, apportion};

/// Splits an amount in proportion to weights by largest remainder: the parts sum up to it exactly.
/// Negative weights count as zero.
///
/// # Errors
/// [`TaxError::NoShares`] when no weight is above zero; [`TaxError::OutOfRange`] when the weights
/// are too large to multiply.
pub fn split_by_largest_remainder(total: Money, weights: &[i64]) -> Result<Vec<Money>, TaxError> {
    let weights: Vec<i128> = weights
        .iter()
        .map(|weight| i128::from(*weight).max(0))
        .collect();
    let sum = weights
        .iter()
        .try_fold(0_i128, |sum, weight| sum.checked_add(*weight))
        .ok_or(TaxError::OutOfRange)?;
    if sum == 0 {
        return Err(TaxError::NoShares);
    }
    // Split on the magnitude, so that a credit splits like the amount it takes back.
    let magnitude = total.wide().checked_abs().ok_or(TaxError::OutOfRange)?;
    let numerators: Option<Vec<i128>> = weights
        .iter()
        .map(|weight| weight.checked_mul(magnitude))
        .collect();
    let parts = numerators
        .and_then(|numerators| apportion(&numerators, sum, magnitude))
        .ok_or(TaxError::OutOfRange)?;
    parts
        .into_iter()
        .map(|part| {
            let part = Money::from_wide(part, total.currency())?;
            Ok(if total.is_negative() {
                part.negated()
            } else {
                part
            })
        })
        .collect()
}

/// Splits a document discount over several VAT rates into one allowance per category and rate, in
/// proportion to their taxable amounts: EN 16931 gives an allowance one VAT category (BR-32).
/// Parts that come to nothing are left out.
///
/// # Errors
/// As for [`split_by_largest_remainder`].
pub fn split_over_vat(
    total: Money,
    taxable: &[(Vat, Money)],
) -> Result<Vec<(Vat, Money)>, TaxError> {
    let weights: Vec<i64> = taxable.iter().map(|(_, amount)| amount.minor()).collect();
    let parts = split_by_largest_remainder(total, &weights)?;
    let vats = taxable.iter().map(|(vat, _)| *vat);
    Ok(vats
        .zip(parts)
        .filter(|(_, part)| !part.is_zero())
        .collect())
}
