//! Tax of a series of partial credits.

use serde::{Deserialize, Serialize};

use super::error::TaxError;
use crate::money::{Currency, Money, Rate};

/// Tax by cumulative difference: each document gets the tax of all taxable amounts so far, less the
/// tax of the documents before it. However an invoice is credited in parts, the parts' tax sums up
/// to the invoice's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CumulativeTax {
    /// The rate of the bucket.
    pub rate: Rate,
    /// The taxable amounts so far.
    pub taxable: Money,
    /// The tax so far.
    pub tax: Money,
}

impl CumulativeTax {
    /// Before the first document.
    #[must_use]
    pub const fn new(rate: Rate, currency: Currency) -> Self {
        Self {
            rate,
            taxable: Money::zero(currency),
            tax: Money::zero(currency),
        }
    }

    /// Takes the next document's taxable amount in and gives its tax.
    ///
    /// # Errors
    /// [`TaxError`] when the amount is in another currency or the sum is too large.
    pub fn next(self, taxable: Money) -> Result<(Self, Money), TaxError> {
        let taxable = self.taxable.checked_add(taxable)?;
        let tax = self.rate.of(taxable)?;
        let difference = tax.checked_sub(self.tax)?;
        Ok((
            Self {
                rate: self.rate,
                taxable,
                tax,
            },
            difference,
        ))
    }
}
