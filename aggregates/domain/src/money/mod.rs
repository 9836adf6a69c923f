//! Money, quantities, prices and rates: integers with a fixed scale, and one way to round.
//!
//! No decimal library computes here: `rust_decimal` rounds a product silently once it exceeds 96
//! bits, while scaled integers in `i128` under the limits below are exact until the one named
//! rounding.

mod amount;
mod currency;
mod decimal;
mod measure;
mod rounding;

pub use amount::{AmountError, DECIMALS_MAX, MONEY_MINOR_MAX, Money};
pub use currency::Currency;
pub use decimal::DECIMAL_TEXT_BYTES_MAX;
pub use measure::{
    QUANTITY_DECIMALS, QUANTITY_WHOLE_MAX, Quantity, RATE_DECIMALS, RATE_PPM_ONE, Rate,
    UNIT_PRICE_DECIMALS, UNIT_PRICE_WHOLE_MAX, UnitPrice, price_times_quantity,
};
pub use rounding::{apportion, round_half_away};
