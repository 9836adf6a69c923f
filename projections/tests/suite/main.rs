//! The projections on the real journal and the real store.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by a panic"
)]

mod built;
mod dashboard;
mod double;
mod feed;
mod fixture;
mod hot;
mod lists;
mod projector;
mod register;
mod retry;
mod sqlite;
mod standing;
