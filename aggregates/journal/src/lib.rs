//! The event journal: a dense, totally ordered, hash-chained sequence of events, to which a commit
//! appends a batch.

mod columns;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod event_store;
pub mod execute;
pub mod feed;
pub mod loaded;
mod page;
pub mod port;
pub mod postgres;
mod sides;
pub mod sqlite;
pub mod verify;
pub mod writer;
