//! The conformance suite on every engine, and what is an engine's or the executor's own.
#![expect(
    clippy::unwrap_used,
    reason = "a test helper that fails, fails its test"
)]

mod ahead;
mod batches;
mod beside;
mod conformance;
mod crash;
mod event_store;
mod execute;
mod expected;
mod ledger;
mod postgres;
mod sqlite;
mod subject;
