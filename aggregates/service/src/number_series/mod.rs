//! Number series, part of the invoice service: how the numbers of issued documents look.

mod bodies;
pub(crate) mod handlers;
mod resource;
