//! The feed that reactors are planned from; projections read the same one, so it stands beside the
//! journal.

pub use invoiceapp_journal::feed::{FEED_WAIT_MAX, Feed, FeedError, JournalFeed};
