//! The front door with stand-ins behind it, asked in process.
#![expect(
    clippy::unwrap_used,
    reason = "what a fixture cannot do fails its test"
)]

mod conventions;
mod docs;
mod fixture;
mod passing;
mod rates;
mod remote;
mod routing;
mod uploads;
