//! The view store on a real server.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by a panic"
)]

mod built;
mod conformance;
mod crash;
mod fixture;
mod unavailable;
mod writers;
