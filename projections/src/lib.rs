//! Read models: pure folds of the journal into documents, the loop that keeps them, and the stores
//! that hold them. Everything here can be dropped and built again from the journal.
//!
//! A document is the folded aggregate with its facts of record (`journal::Loaded`), and beside it
//! the few fields that lists filter by.

pub mod dashboard;
pub mod document;
pub mod error;
pub mod projector;
pub mod query;
pub mod sqlite;
pub mod store;
pub mod views;
pub mod wait;

pub use document::{Document, FieldValue, Indexed};
pub use error::ViewError;
pub use query::{Condition, ListQuery, Page};
pub use store::{Change, Changes, ParkedKey, ViewStore};
pub use wait::Views;

/// Changes whenever the form of documents or index fields changes: views of another definition are
/// built anew from the journal.
pub const DEFINITION: &str = "1";
