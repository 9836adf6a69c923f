//! The view store on MongoDB: one document per stream, which carries everything derived from it, and
//! one document for the checkpoint and the parked streams. No transaction over several documents and
//! no change stream is needed.
//!
//! What the adapter asks of the server is that one guarded write to one document is atomic. MongoDB
//! does that; FerretDB 1.24 reads and writes back without a lock, so that two processes that write
//! the same document in the same millisecond may both pass its guard. That is what the lease is for
//! there: one process writes at a time.

mod deadline;
mod documents;
mod filter;
mod lease;
mod names;
mod progress;
mod read;
mod register;
mod settings;
mod store;
mod write;

pub use deadline::OPERATION_TIMEOUT;
pub use lease::LEASE_TERM;
pub use settings::{CONNECT_TIMEOUT, CONNECTIONS_MAX, MongoSettings, SERVER_SELECTION_TIMEOUT};
pub use store::MongoViewStore;
