//! The relay and the feed, on a real broker, registry and database.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be set up fails its test"
)]

mod feed;
mod fixture;
mod losses;
mod poison;
mod relaying;
mod shutdown;
mod takeover;
