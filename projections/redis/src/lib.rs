//! Hot values in Redis: documents (of users and roles above all: the permission sets), a tenant's
//! counters, and the mark that says how far they are, all in the same Redis. A value and its version
//! change in one script, and never backwards; when the data is lost the mark is lost with it, and
//! the feeder begins anew.
//!
//! Documents that pass have a time to live; everything else must stay, so the server's
//! `maxmemory-policy` has to be `noeviction` or one of the `volatile-…` ones.

mod keys;
mod settings;
mod store;
mod values;

pub use settings::{ANSWER_TIMEOUT, CONNECT_TIMEOUT, RedisSettings, WRITE_TIMEOUT};
pub use store::RedisHotStore;
