//! Read models: pure folds of the journal into documents, the loop that keeps them, and the stores
//! that hold them. Everything here can be dropped and built again from the journal.
//!
//! A document is the folded aggregate with its facts of record (`journal::Loaded`), and beside it
//! what is derived from it: the few fields that lists filter by, what it adds to the dashboard, and
//! its line in the number register.

mod built;
pub mod conformance;
pub mod dashboard;
pub mod document;
pub mod error;
pub mod hot;
pub mod projector;
pub mod query;
mod reached;
pub mod register;
mod sampled;
pub mod sqlite;
mod standing;
pub mod store;
pub mod views;
pub mod wait;

pub use built::{BuiltViews, StillBuilding};
pub use document::{Document, FieldValue, Indexed};
pub use error::ViewError;
pub use query::{Condition, ListQuery, Page, PageRoom};
pub use reached::{ASK_INTERVAL_FIRST, ASK_INTERVAL_MAX, KNOWN_FOR, Reports};
pub use register::{RegisterPage, RegisterPlace, RegisterQuery, RegisteredNumber};
pub use standing::{Standing, VIEW_AGE_MAX, VIEW_LAG_MAX};
pub use store::{Change, Changes, ParkedKey, Progress, ViewStore};
pub use wait::Views;

/// Changes whenever the form of documents, of what is derived from them, or of a store's tables
/// changes: views of another definition are built anew from the journal.
pub const DEFINITION: &str = "2";
