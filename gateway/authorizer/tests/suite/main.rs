//! The built-in issuer, through its router, on a real SQLite file.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fixture;
mod keys;
mod login;
mod me_and_logout;
mod refresh;
mod store;
mod throttle;
