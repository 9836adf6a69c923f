//! Numbers, amounts and dates as a reader of each language writes them. They are tables of this
//! crate, from CLDR 46 where CLDR has them, and not a library's: a new edition of its data would
//! change the bytes of a document that is rendered again, and formats of currencies and dates come
//! with no stable library.

mod currencies;
mod dates;
mod numbers;

pub use dates::{long_date, short_date};
pub use numbers::{amount, amount_with_code, amount_with_symbol, percent, quantity, unit_price};
