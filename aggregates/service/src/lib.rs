//! The command-and-query HTTP services: invoice, product, user access.
//!
//! Each is an `axum` router with the full public paths. A handler reads: parse, authorise, load,
//! decide, append, answer. What a command answers and what a query answers is rendered from the
//! same folded stream by the same function.

mod available;
pub mod grants;
pub mod invoice;
pub mod number_series;
pub mod parts;
pub mod product;
pub mod provisioning;
mod refusals;
pub mod user_access;

pub use grants::{SteadyGrants, ViewGrants};
pub use parts::ServiceParts;
