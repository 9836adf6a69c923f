//! Why the amounts of a document cannot be computed.

use thiserror::Error;

use crate::money::AmountError;

/// What is wrong with the figures of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TaxError {
    /// An amount is in another currency than the document's.
    #[error("an amount is not in the document's currency")]
    CurrencyMismatch,
    /// A result is larger than an amount may be.
    #[error("an amount of the document is too large")]
    OutOfRange,
    /// The quantity that a price is for is not above zero (PEPPOL-EN16931-R121).
    #[error("the quantity that a price is for must be more than zero")]
    BaseQuantityNotPositive,
    /// `O` stands beside another category (BR-O-11 to BR-O-14).
    #[error("supplies outside the scope of VAT cannot share a document with others")]
    OutsideScopeMixed,
    /// There is nothing to split an amount over.
    #[error("an amount cannot be split over shares that come to nothing")]
    NoShares,
}

impl From<AmountError> for TaxError {
    fn from(error: AmountError) -> Self {
        match error {
            AmountError::CurrencyMismatch => Self::CurrencyMismatch,
            AmountError::OutOfRange => Self::OutOfRange,
        }
    }
}
