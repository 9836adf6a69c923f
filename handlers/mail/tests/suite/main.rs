//! Mails as another program reads them, a folder that never holds one twice, and the reactor
//! between journal and folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod absent;
mod composing;
mod delivering;
mod fixtures;
mod mailpit;
mod peer;
mod reacting;
mod smtp;
mod uncertain;
mod world;
