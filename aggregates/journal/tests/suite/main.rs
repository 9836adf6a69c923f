//! The conformance suite on SQLite, and what is SQLite's or the executor's own.
#![expect(
    clippy::unwrap_used,
    reason = "a test helper that fails, fails its test"
)]

mod conformance;
mod crash;
mod event_store;
mod execute;
mod ledger;
mod sqlite;
mod subject;
