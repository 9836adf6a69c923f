//! Why a product says no.

use thiserror::Error;

use super::decide::PRICE_VERSIONS_MAX;

/// A rule that forbade the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProductRefusal {
    /// There is no such product.
    #[error("there is no such product")]
    NotFound,
    /// A product is created once.
    #[error("the product exists already")]
    ProductExists,
    /// It is out of sale.
    #[error("the product is archived")]
    Archived,
    /// It is on sale.
    #[error("the product is not archived")]
    NotArchived,
    /// More price versions than a product may have.
    #[error("a product has at most {PRICE_VERSIONS_MAX} price versions")]
    TooManyPrices,
}

impl ProductRefusal {
    /// The refusal's stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::ProductExists => "product_exists",
            Self::Archived => "product_archived",
            Self::NotArchived => "product_not_archived",
            Self::TooManyPrices => "too_many_prices",
        }
    }
}
