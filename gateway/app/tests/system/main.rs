//! Whole-system tests: the built binary, driven over HTTP as a client would drive it. What can be seen
//! on both ways to run is told once, and runs on both; what belongs to the data directory and the one
//! process of the embedded way is in `crash`, `outage` and `process`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by a panic"
)]

mod access;
#[path = "../shared/api.rs"]
mod api;
#[path = "../shared/binary.rs"]
mod binary;
mod changes;
mod conditional;
mod crash;
#[path = "../shared/door.rs"]
mod door;
#[path = "../shared/full/mod.rs"]
#[expect(dead_code, reason = "the tests with failing parts use the rest")]
mod full;
mod hostile;
mod idempotency;
#[path = "../shared/inbox.rs"]
#[expect(dead_code, reason = "the tests with failing parts use the rest")]
mod inbox;
mod lists;
mod media;
mod numbers;
mod outage;
mod pages;
mod process;
mod proxies;
#[path = "../shared/receiver.rs"]
mod receiver;
mod secrets;
mod server;
mod sessions;
mod story;
mod system;
mod telemetry;
mod tools;
