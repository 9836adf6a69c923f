//! The feed: the journal's events in order, at least once, and a way to wait for more. Projectors
//! and reactors read it and cannot tell whether the journal itself or a broker stands behind it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_schemas::RecordedEvent;
use thiserror::Error;

use crate::port::{Journal, JournalError};

/// Longest wait for a signal before the feed is read anyway, so that a lost signal costs seconds
/// and never an event.
pub const FEED_WAIT_MAX: Duration = Duration::from_secs(5);

/// The feed cannot be read now; trying again later is right.
#[derive(Debug, Error)]
#[error("the feed is unavailable")]
pub struct FeedError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl From<JournalError> for FeedError {
    fn from(source: JournalError) -> Self {
        Self(Box::new(source))
    }
}

/// Ordered events after a position, at least once. A consumer cannot tell what stands behind it.
#[async_trait]
pub trait Feed: Send + Sync + fmt::Debug {
    /// Events after a position, in order, at most `limit`; empty when there are none now.
    ///
    /// # Errors
    /// [`FeedError`]; never a silently short answer.
    async fn read(&self, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, FeedError>;

    /// Returns when there may be events after a position, at the latest after [`FEED_WAIT_MAX`].
    async fn wait(&self, after: u64);

    /// The position of the newest event; 0 when there is none.
    ///
    /// # Errors
    /// [`FeedError`] when unreadable.
    async fn head(&self) -> Result<u64, FeedError>;
}

/// The journal itself as the feed.
#[derive(Debug, Clone)]
pub struct JournalFeed {
    journal: Arc<dyn Journal>,
}

impl JournalFeed {
    /// A feed over a journal.
    #[must_use]
    pub fn new(journal: Arc<dyn Journal>) -> Self {
        Self { journal }
    }
}

#[async_trait]
impl Feed for JournalFeed {
    async fn read(&self, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, FeedError> {
        Ok(self.journal.read_all(after, limit).await?)
    }

    async fn wait(&self, after: u64) {
        let mut newest = self.journal.subscribe();
        let moved = async {
            if newest.wait_for(|position| *position > after).await.is_err() {
                // The journal is shutting down and will never signal: only the timeout ends this.
                std::future::pending::<()>().await;
            }
        };
        // Both ends of the wait mean the same: read again.
        let _elapsed = tokio::time::timeout(FEED_WAIT_MAX, moved).await;
    }

    async fn head(&self) -> Result<u64, FeedError> {
        Ok(self.journal.head().await?.position)
    }
}
