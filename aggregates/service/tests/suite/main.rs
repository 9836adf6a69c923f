//! Passwords between a command and the identity provider, and rights, on a real journal.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod counted;
mod grants;
mod hand_over;
mod memory;
mod refused;
