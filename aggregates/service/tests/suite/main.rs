//! Passwords between a command and the identity provider, on a real journal.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod hand_over;
