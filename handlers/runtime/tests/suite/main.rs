//! The reactor runtime: its job store under the port's conformance suite, and whole reactors under
//! crashes, zombies, outages, wakes and rebuilds.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be set up fails its test"
)]

mod crashes;
mod feed;
mod harness;
mod postgres;
mod reactors;
mod running;
mod sqlite;
