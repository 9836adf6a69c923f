//! The parties of an invoice, and the values that describe them: names, addresses, tax and bank
//! identifiers. All of it is personal data: it is never logged.

mod address;
mod bank;
mod country;
mod email;
mod phone;
mod roles;
mod vat_id;

pub use address::Address;
pub use bank::{Bic, Iban};
pub use country::CountryCode;
pub use email::{EMAIL_BYTES_MAX, EmailAddress};
pub use phone::Phone;
pub use roles::{Buyer, LogoSnapshot, Seller};
pub use vat_id::VatId;
