//! The projector's loop: read a batch from the journal after the checkpoint, fold it per stream,
//! write documents, counters and checkpoint in one step, and only then tell who is waiting.
//!
//! A stream that cannot be folded is parked: its document stands still, the other streams go on,
//! and the parked list shows it. Nothing is skipped in silence, and [`Projector::retry_parked`]
//! heals it once its cause is gone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use invoiceapp_domain::StreamId;
use invoiceapp_journal::port::{Journal, JournalError};
use invoiceapp_schemas::RecordedEvent;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::document::Document;
use crate::error::ViewError;
use crate::store::{Applied, Changes, ParkedKey, ViewStore};
use crate::views::{self, ViewFoldError};

mod retry;

pub use retry::{RETRY_ROUNDS_MAX, Retried};

/// Most events folded in one step.
pub const BATCH_EVENTS_MAX: usize = 1_000;
/// How long the loop waits for a wake-up before it looks by itself.
pub const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// First pause after a failure; it doubles up to [`BACK_OFF_MAX`].
pub const BACK_OFF_FIRST: Duration = Duration::from_millis(50);
/// Longest pause after failures.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(5);
/// Most parked streams that the loop keeps in mind.
pub const PARKED_KEYS_MAX: u32 = 10_000;

/// Why a step failed; the loop tries again.
#[derive(Debug, Error)]
pub enum ProjectError {
    /// The journal could not be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The view store could not be read or written.
    #[error(transparent)]
    View(#[from] ViewError),
    /// A parked stream was folded, but every time somebody else had moved the views meanwhile.
    #[error("the views kept moving while {stream} was folded again")]
    Contended {
        /// Which stream.
        stream: StreamId,
    },
}

/// Keeps the views of one store.
#[derive(Debug)]
pub struct Projector {
    journal: Arc<dyn Journal>,
    store: Arc<dyn ViewStore>,
    reached: watch::Sender<u64>,
}

impl Projector {
    /// A projector; the receiver tells the position that the views have reached.
    #[must_use]
    pub fn new(
        journal: Arc<dyn Journal>,
        store: Arc<dyn ViewStore>,
    ) -> (Self, watch::Receiver<u64>) {
        let (reached, receiver) = watch::channel(0);
        (
            Self {
                journal,
                store,
                reached,
            },
            receiver,
        )
    }

    /// Folds batches until the view has reached the journal's head; returns that position.
    ///
    /// # Errors
    /// [`ProjectError`]; what was committed stays.
    pub async fn catch_up(&self) -> Result<u64, ProjectError> {
        loop {
            let from = self.store.checkpoint().await?;
            self.reached.send_replace(from);
            if self.step(from).await? == 0 {
                return Ok(from);
            }
        }
    }

    /// Runs until cancelled: catches up, waits for the journal to move, and so on. Failures are
    /// logged and tried again with a growing pause.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut head = self.journal.subscribe();
        let mut pause = BACK_OFF_FIRST;
        while !cancel.is_cancelled() {
            head.mark_unchanged();
            let wait = match self.catch_up().await {
                Ok(_) => {
                    pause = BACK_OFF_FIRST;
                    POLL_INTERVAL
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "projection failed"
                    );
                    let wait = pause;
                    pause = pause.saturating_mul(2).min(BACK_OFF_MAX);
                    // A wake-up must not shorten the pause after a failure.
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = cancel.cancelled() => {}
                    }
                    continue;
                }
            };
            tokio::select! {
                changed = head.changed() => {
                    if changed.is_err() {
                        return;
                    }
                }
                () = tokio::time::sleep(wait) => {}
                () = cancel.cancelled() => {}
            }
        }
    }

    /// Folds one batch after `from`; returns how many events it had.
    async fn step(&self, from: u64) -> Result<usize, ProjectError> {
        let events = self.journal.read_all(from, BATCH_EVENTS_MAX).await?;
        let Some(last) = events.last() else {
            return Ok(0);
        };
        let (to, count) = (last.position, events.len());
        let changes = self.changes(events).await?;
        match self.store.apply(from, to, changes).await? {
            Applied::Committed => {
                self.reached.send_replace(to);
            }
            Applied::Fenced => tracing::info!(from, "another projector has moved the checkpoint"),
        }
        Ok(count)
    }

    async fn changes(&self, events: Vec<RecordedEvent>) -> Result<Changes, ProjectError> {
        let parked: HashSet<StreamId> = self
            .store
            .parked(PARKED_KEYS_MAX)
            .await?
            .into_iter()
            .map(|parked| parked.stream)
            .collect();
        let mut by_stream: BTreeMap<StreamId, Vec<RecordedEvent>> = BTreeMap::new();
        let mut held_back = BTreeSet::new();
        for event in events {
            if parked.contains(&event.stream) {
                held_back.insert(event.stream);
            } else {
                let stream = event.stream.clone();
                by_stream.entry(stream).or_default().push(event);
            }
        }
        let existing: Vec<StreamId> = by_stream
            .iter()
            .filter(|(_, events)| events.first().is_some_and(|first| first.version > 1))
            .map(|(stream, _)| stream.clone())
            .collect();
        let current: HashMap<StreamId, Document> = self
            .store
            .documents(&existing)
            .await?
            .into_iter()
            .map(|document| (document.stream.clone(), document))
            .collect();
        Ok(Changes {
            held_back: held_back.into_iter().collect(),
            ..fold_all(&by_stream, &current)
        })
    }
}

fn fold_all(
    by_stream: &BTreeMap<StreamId, Vec<RecordedEvent>>,
    current: &HashMap<StreamId, Document>,
) -> Changes {
    let mut changes = Changes::default();
    for (stream, events) in by_stream {
        match views::fold(stream.kind, current.get(stream), events) {
            Ok(change) => changes.documents.push(change),
            Err(error) => changes.parked.push(park(stream, events, &error)),
        }
    }
    changes
}

fn park(stream: &StreamId, events: &[RecordedEvent], error: &ViewFoldError) -> ParkedKey {
    let first = events.first().map_or(0, |event| event.position);
    let (position, reason) = match error {
        ViewFoldError::Event { position, source } => (*position, source.to_string()),
        ViewFoldError::View(_) | ViewFoldError::Empty => (first, error.to_string()),
    };
    tracing::error!(%stream, position, error = error as &dyn std::error::Error, "stream parked");
    ParkedKey {
        stream: stream.clone(),
        position,
        reason,
    }
}
