//! Number series, part of the invoice service: how the numbers of issued documents look, and which
//! were given.

mod bodies;
mod cursor;
pub(crate) mod handlers;
mod others;
pub(crate) mod register;
mod resource;
