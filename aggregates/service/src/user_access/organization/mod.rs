//! The organisation: the seller on every invoice, and what its documents begin with.

mod bodies;
pub(super) mod handlers;
mod resource;

pub(crate) use bodies::{AddressBody, NetDaysBody};
pub(crate) use resource::AddressResource;
