//! The embedded mode: every part in one process, over one data directory.
//!
//! This folder chooses the adapters. Nothing outside of it knows that the mode is embedded.

mod credentials;
mod health;
mod identity;
mod reactors;
mod services;
mod stores;
mod system;
pub(crate) mod visit;

pub(crate) use credentials::IssuerCredentials;
pub(crate) use stores::{Stores, definition};
pub(crate) use system::{Listeners, System};
