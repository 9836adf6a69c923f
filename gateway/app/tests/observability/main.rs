//! What an operator sees: the dashboards, the alerts and their runbooks, as they are written and, where
//! the servers are, as they show a running system.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by a panic"
)]

#[path = "../shared/api.rs"]
#[expect(dead_code, reason = "the whole-system tests use the rest")]
mod api;
#[path = "../shared/binary.rs"]
mod binary;
#[path = "../shared/door.rs"]
mod door;
mod exemplars;
mod files;
#[path = "../shared/full/mod.rs"]
#[expect(dead_code, reason = "the tests with failing parts use the rest")]
mod full;
mod live;
mod prometheus;
#[path = "../system/server.rs"]
#[expect(dead_code, reason = "the whole-system tests use the rest")]
mod server;
mod written;
