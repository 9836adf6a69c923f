//! Roles: named lists of permissions.

mod bodies;
pub(super) mod handlers;
mod resource;
