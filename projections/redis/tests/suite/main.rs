//! Hot values in a real Redis.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by a panic"
)]

mod conformance;
mod healing;
mod unavailable;
