//! Given-when-then and laws of everything that an invoice names: parties, products, users, roles,
//! the organisation, number series, uploads, and the values they are made of.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

mod laws;
mod locale;
mod media;
mod numbering;
mod organization;
mod party;
mod product;
mod role;
mod text;
mod user;
