//! Users: who they are, which roles they have, whether they may come in.

mod administrators;
mod bodies;
pub(super) mod handlers;
mod registration;
mod resource;
