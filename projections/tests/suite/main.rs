//! The projections on the real journal and the real store.

mod dashboard;
mod fixture;
mod lists;
mod projector;
