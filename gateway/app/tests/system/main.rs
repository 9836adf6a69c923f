//! Whole-system tests: the built binary, driven over HTTP as a client would drive it.

mod access;
mod api;
mod crash;
mod hostile;
mod idempotency;
mod lists;
mod media;
mod process;
mod server;
mod story;
