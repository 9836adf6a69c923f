//! Words of the six languages, and which of their formats a page uses. The words are tables of this
//! crate, from CLDR 46 where CLDR has them, and not a library's: a new edition of its data would
//! change the bytes of a document that is rendered again.

mod countries;
mod labels;
mod units;

pub(crate) use countries::country_name;
pub(crate) use invoiceapp_domain::locale::format::{
    amount as plain_money, amount_with_symbol as money, percent, quantity, short_date as date,
    unit_price,
};
pub(crate) use labels::{Labels, labels};
pub(crate) use units::unit_name;
