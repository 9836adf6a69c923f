//! Value added tax, and the amounts of an invoice by the semantic model of EN 16931.
//!
//! [`compute`] takes the figures of a document and gives every amount of it, step by step as the
//! standard's rules fix them: line net amounts (BT-131), document level allowances and charges,
//! the VAT breakdown (BG-23) and the document totals (BG-22).

mod amounts;
mod buckets;
mod category;
mod credit;
mod error;
mod figures;
mod gross;
mod split;

pub use amounts::{
    AdjustmentAmounts, Amounts, LineAmounts, POLICY_VERSION, TaxBreakdown, Totals, compute,
};
pub use category::{Vat, VatCategory};
pub use credit::CumulativeTax;
pub use error::TaxError;
pub use figures::{
    AdjustmentBasis, DocumentAdjustmentFigures, DocumentFigures, GrossPolicy, LineFigures,
    PriceMode,
};
pub use split::{split_by_largest_remainder, split_over_vat};
