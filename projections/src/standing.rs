//! Whether the views keep up with the journal: what must not be decided on an old document asks
//! first, and reads the journal while they do not.
//!
//! A look takes the journal's head and gives the views [`VIEW_LAG_MAX`] to reach it. Once they have,
//! everything that the journal had when the look began is in the views; that is believed until the
//! next look has ended. So a document is at most [`VIEW_AGE_MAX`] older than the journal where
//! [`Standing::holds`] says yes, whatever stands still: the projector, its feed, or the relay.
//!
//! Without the journal nothing is known of its head but what was known before, and nothing is
//! committed either, as far as this process can see: the views stand where they stood.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use invoiceapp_domain::{StreamId, StreamKind, TenantId};
use invoiceapp_journal::port::Journal;
use tokio::time::Instant;

use crate::error::ViewError;
use crate::reached::Reached;
use crate::sampled::{LOOK_TIME_MAX, Sampled, TOLD_FOR};
use crate::store::{PARKED_KEYS_MAX, ViewStore};

/// How long the views may take to reach what was the journal's head.
pub const VIEW_LAG_MAX: Duration = LOOK_TIME_MAX;
/// How old a document is at most that is relied on.
pub const VIEW_AGE_MAX: Duration = TOLD_FOR;
/// How long the journal may take to say where its head is.
const HEAD_TIME_MAX: Duration = Duration::from_millis(300);

/// What is known of how the views stand to the journal.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Nothing when nobody compares the two.
    sample: Option<Sample>,
}

impl Standing {
    /// Whether the views keep up with the journal.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.sample.as_ref().is_none_or(Sample::is_current)
    }

    /// Whether the document of a stream can be relied on: the views keep up, and the stream is not
    /// parked.
    #[must_use]
    pub fn holds(&self, stream: &StreamId) -> bool {
        self.is_current() && !self.is_parked(|parked| parked == stream)
    }

    /// The same of all the documents of a kind that a tenant has.
    #[must_use]
    pub fn holds_all(&self, tenant: &TenantId, kind: StreamKind) -> bool {
        let is_one = |parked: &StreamId| parked.kind == kind && parked.tenant == *tenant;
        self.is_current() && !self.is_parked(is_one)
    }

    fn is_parked(&self, is_one: impl Fn(&StreamId) -> bool) -> bool {
        let parked = self.sample.iter().flat_map(|sample| sample.parked.iter());
        parked.into_iter().any(is_one)
    }
}

/// What a look has shown.
#[derive(Debug, Clone, Default)]
struct Sample {
    /// The views have everything that the journal had then.
    current_at: Option<Instant>,
    /// The newest head that is known.
    head: u64,
    parked: Arc<HashSet<StreamId>>,
}

impl Sample {
    fn is_current(&self) -> bool {
        let age = self.current_at.map(|at| at.elapsed());
        age.is_some_and(|age| age < VIEW_AGE_MAX)
    }
}

/// Compares views with their journal.
#[derive(Debug, Clone)]
pub(crate) struct Watcher {
    journal: Arc<dyn Journal>,
    store: Arc<dyn ViewStore>,
    reached: Reached,
    sampled: Sampled<Sample>,
}

impl Watcher {
    pub(crate) fn new(
        journal: Arc<dyn Journal>,
        store: Arc<dyn ViewStore>,
        reached: Reached,
    ) -> Self {
        Self {
            journal,
            store,
            reached,
            sampled: Sampled::new(),
        }
    }

    pub(crate) fn journal(&self) -> &dyn Journal {
        self.journal.as_ref()
    }

    /// How the views stand, of some watcher or of none.
    pub(crate) async fn standing(watcher: Option<&Self>) -> Standing {
        let sample = match watcher {
            Some(watcher) => {
                let look = |last: Option<Sample>| watcher.clone().look(last.unwrap_or_default());
                Some(watcher.sampled.get(look).await)
            }
            None => None,
        };
        Standing { sample }
    }

    async fn look(self, last: Sample) -> Sample {
        let began = Instant::now();
        let head = self.head(last.head).await;
        let parked = tokio::time::timeout_at(began + VIEW_LAG_MAX, self.parked_at(head)).await;
        let failed = match parked {
            Ok(Ok(parked)) => {
                if last.current_at.is_some() && !last.is_current() {
                    tracing::info!(head, "the views keep up with the journal again");
                }
                return Sample {
                    current_at: Some(began),
                    head,
                    parked: Arc::new(parked),
                };
            }
            Ok(Err(error)) => error,
            Err(elapsed) => ViewError::unavailable(elapsed),
        };
        tracing::warn!(
            head,
            error = &failed as &dyn std::error::Error,
            "the views do not keep up with the journal"
        );
        Sample { head, ..last }
    }

    /// The journal's head, or the newest one that is known while it cannot be asked.
    async fn head(&self, known: u64) -> u64 {
        let asked = tokio::time::timeout(HEAD_TIME_MAX, self.journal.head()).await;
        match asked {
            Ok(Ok(head)) => head.position,
            Ok(Err(_)) | Err(_) => known.max(*self.journal.subscribe().borrow()),
        }
    }

    /// What is parked once the views have reached a position.
    async fn parked_at(&self, position: u64) -> Result<HashSet<StreamId>, ViewError> {
        self.reached.wait_for(position, VIEW_LAG_MAX).await?;
        // A cache in front of the views must not vouch for less.
        self.store.seen(position);
        // After the wait: what these events have parked is among them.
        let parked = self.store.parked(PARKED_KEYS_MAX).await?;
        Ok(parked.into_iter().map(|parked| parked.stream).collect())
    }
}
