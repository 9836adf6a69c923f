//! What survives when a part of the system fails: servers and our own processes are killed, halted and
//! fed with nonsense under load, and afterwards, with nobody's help, everything agrees again.
//!
//! The tests take the parts of the stack away from each other, so they run one after another.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by a panic"
)]

#[path = "../shared/api.rs"]
#[expect(dead_code, reason = "the tests with every part in place use the rest")]
mod api;
#[path = "../shared/binary.rs"]
mod binary;
mod check;
#[path = "../shared/door.rs"]
#[expect(dead_code, reason = "the tests with every part in place use the rest")]
mod door;
#[path = "../shared/full/mod.rs"]
mod full;
#[path = "../shared/inbox.rs"]
#[expect(dead_code, reason = "the tests with every part in place use the rest")]
mod inbox;
mod load;
mod parts;
mod poison;
mod roles;
mod world;
mod zombies;
