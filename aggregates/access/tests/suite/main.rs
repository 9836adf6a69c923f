//! What the gate lets through, and the hostile tokens it must not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod fixture;
mod gate;
mod hostile_tokens;
mod key_rotation;
mod remote_keys;
