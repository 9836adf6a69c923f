//! Whole-system tests: the built binary, driven over HTTP as a client would drive it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by a panic"
)]

mod access;
mod api;
mod crash;
mod hostile;
mod idempotency;
mod lists;
mod media;
mod numbers;
mod outage;
mod process;
mod secrets;
mod server;
mod story;
