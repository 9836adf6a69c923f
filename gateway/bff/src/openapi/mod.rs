//! One OpenAPI 3.1 document out of those of the services, and in it once, for all of them, what
//! every service does alike.

mod conventions;
mod health;
mod merge;
mod operations;
mod request_bodies;

pub use merge::{DocumentConflict, merge_documents};
