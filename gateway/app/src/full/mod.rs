//! The full stack: the same services as processes of their own, over PostgreSQL, Kafka, MongoDB,
//! Redis, S3, SMTP and Keycloak.
//!
//! This folder chooses the adapters. Nothing outside of it knows that the mode is not embedded.

mod credentials;
mod dependencies;
pub(crate) mod examine;
mod feed;
mod identity;
mod migrate;
mod patience;
mod ports;
mod process;
mod reactors;
mod role;
mod tenant;
pub(crate) mod visit;
mod watch;

pub(crate) use feed::topics;
pub(crate) use migrate::migrate;
pub(crate) use process::start;
pub(crate) use role::Role;
pub(crate) use tenant::create_tenant;
