//! Words and formats of the six languages. They are tables of this crate, from CLDR 46 where CLDR
//! has them, and not a library's: a new edition of its data would change the bytes of a document
//! that is rendered again, and formats of currencies and dates come with no stable library.

mod countries;
mod currencies;
mod dates;
mod labels;
mod numbers;
mod units;

pub(crate) use countries::country_name;
pub(crate) use dates::date;
pub(crate) use labels::{Labels, labels};
pub(crate) use numbers::{money, percent, plain_money, quantity, unit_price};
pub(crate) use units::unit_name;
