//! Hot values: what is read with every request, kept in memory beside the view store. Documents and
//! a tenant's counters, each with the position that they are known to be current at.
//!
//! Nothing here decides anything: a hot store is a copy of the view store. [`HotFeeder`] keeps it,
//! and builds it anew by itself when all is lost; [`HotViews`] reads it, and falls through to the
//! view store wherever the copy is not there, is behind, or cannot be reached. Permission sets are
//! the documents of users and roles, read through [`HotViews`] like everything else.

mod feeder;
mod memory;
mod port;
mod views;

pub use feeder::{FRESH_FOR, HOT_BATCH_EVENTS_MAX, HotFeedError, HotFeeder, IDLE_INTERVAL};
pub use memory::{MemoryHotStore, PASSING_DOCUMENTS_MAX};
pub use port::{
    HotChanges, HotDocument, HotMark, HotRead, HotStore, PASSING_DOCUMENT_LIFETIME, lifetime,
};
pub use views::{HOT_REST, HotViews};
