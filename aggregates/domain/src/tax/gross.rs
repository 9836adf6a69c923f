//! Net amounts out of amounts that contain tax.

use super::error::TaxError;
use crate::money::{Money, RATE_PPM_ONE, Rate, apportion};

/// The net amounts of one category and rate.
pub(super) struct NetParts {
    /// One per part, in their order; their sum is the taxable amount.
    pub(super) parts: Vec<Money>,
    /// The tax that the sum of the parts contains, rounded.
    pub(super) tax: Money,
}

/// Takes the tax out of the sum of the parts, and spreads what is left over them by largest
/// remainder of `part × 100 % / (100 % + rate)`. A part that lowers the sum is negative.
///
/// # Errors
/// [`TaxError`] when the sum is too large.
pub(super) fn net_of_gross(parts: &[Money], sum: Money, rate: Rate) -> Result<NetParts, TaxError> {
    let tax = rate.contained_in(sum)?;
    let taxable = sum.checked_sub(tax)?;
    let one = i128::from(RATE_PPM_ONE);
    let divisor = one
        .checked_add(i128::from(rate.ppm()))
        .ok_or(TaxError::OutOfRange)?;
    let numerators: Option<Vec<i128>> = parts
        .iter()
        .map(|part| part.wide().checked_mul(one))
        .collect();
    let parts = numerators
        .and_then(|numerators| apportion(&numerators, divisor, taxable.wide()))
        .ok_or(TaxError::OutOfRange)?
        .into_iter()
        .map(|part| Money::from_wide(part, sum.currency()))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(NetParts { parts, tax })
}
