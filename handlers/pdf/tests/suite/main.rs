//! The renderer read back by another library, and the reactor and service on a real journal and
//! object store.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod determinism;
mod fixtures;
mod hostile;
mod layout;
mod logos;
mod overload;
mod reacting;
mod reader;
mod serving;
mod texts;
mod world;
