//! The projector's loop: read a batch from the feed after the checkpoint, fold it per stream, write
//! the documents and then the checkpoint, and only then tell who is waiting.
//!
//! The feed may be the journal itself or a broker: the loop cannot tell. Only healing reads single
//! streams, and those from the journal.
//!
//! A stream that cannot be folded is parked: its document stands still, the other streams go on,
//! and the parked list shows it. Nothing is skipped in silence, and [`Projector::retry_parked`]
//! heals it once its cause is gone.
//!
//! Views that have never held the whole journal are not built, and nobody reads them. The loop says
//! that they are once they have reached what was the journal's head when it found them so: the
//! journal's, because a feed may be behind it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use invoiceapp_domain::StreamId;
use invoiceapp_journal::feed::{Feed, FeedError, JournalFeed};
use invoiceapp_journal::port::{Journal, JournalError};
use invoiceapp_schemas::RecordedEvent;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::document::Document;
use crate::error::ViewError;
use crate::reached::Reports;
pub use crate::store::PARKED_KEYS_MAX;
use crate::store::{Applied, Changes, ParkedKey, Progress, ViewStore};
use crate::views::{self, ViewFoldError};

mod retry;
mod spans;

use spans::Batch;

pub use retry::{RETRY_PAUSE, RETRY_ROUNDS_MAX, Retried, retry_parked};

/// What this projector keeps, as metrics and traces call it.
const VIEW: &str = "documents";
/// Most events folded in one step.
pub const BATCH_EVENTS_MAX: usize = 2_000;
/// How often a projector that is not to write looks whether it is now.
pub const STANDBY_INTERVAL: Duration = Duration::from_secs(1);
/// First pause after a failure; it doubles up to [`BACK_OFF_MAX`].
pub const BACK_OFF_FIRST: Duration = Duration::from_millis(50);
/// Longest pause after failures.
pub const BACK_OFF_MAX: Duration = Duration::from_secs(5);

/// Why a step failed; the loop tries again.
#[derive(Debug, Error)]
pub enum ProjectError {
    /// The feed could not be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
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
    feed: Arc<dyn Feed>,
    journal: Arc<dyn Journal>,
    store: Arc<dyn ViewStore>,
    reached: watch::Sender<u64>,
    /// What views that are not built have to reach.
    to_build: Mutex<Option<u64>>,
}

/// The events of a batch.
type EventsByStream = BTreeMap<StreamId, Vec<RecordedEvent>>;

/// What a batch came to.
enum Step {
    /// Nothing comes after the checkpoint.
    AtHead,
    /// The checkpoint has moved.
    Committed,
    /// Somebody else was faster.
    Fenced,
}

/// Why the loop has paused.
enum Pause {
    /// The views have reached the head, which is here.
    AtHead(u64),
    /// Another process writes.
    Standby,
    /// Another process has written, against the lease.
    Fenced,
}

impl Projector {
    /// A projector on the journal itself, and what it reports: the position that the views have
    /// reached.
    #[must_use]
    pub fn new(journal: Arc<dyn Journal>, store: Arc<dyn ViewStore>) -> (Self, Reports) {
        let feed = Arc::new(JournalFeed::new(Arc::clone(&journal)));
        Self::on_feed(feed, journal, store)
    }

    /// A projector on any feed of that journal's events. The journal is read for healing, and for
    /// where its head is, only.
    #[must_use]
    pub fn on_feed(
        feed: Arc<dyn Feed>,
        journal: Arc<dyn Journal>,
        store: Arc<dyn ViewStore>,
    ) -> (Self, Reports) {
        let (reached, receiver) = watch::channel(0);
        let reports = Reports::new(receiver, Arc::clone(&journal));
        let projector = Self {
            feed,
            journal,
            store,
            reached,
            to_build: Mutex::new(None),
        };
        (projector, reports)
    }

    /// Folds batches until the view has reached the feed's head; returns that position. It asks for
    /// no lease: whoever else writes is fenced, or fences it.
    ///
    /// # Errors
    /// [`ProjectError`]; what was committed stays.
    pub async fn catch_up(&self) -> Result<u64, ProjectError> {
        loop {
            let progress = self.look().await?;
            self.finish(progress).await?;
            let from = progress.checkpoint;
            match self.step(from).await? {
                Step::AtHead => return Ok(from),
                Step::Committed => {}
                Step::Fenced => tokio::time::sleep(BACK_OFF_FIRST).await,
            }
        }
    }

    /// Runs until cancelled: catches up, waits for the feed to move, and so on. Failures are logged
    /// and tried again with a growing pause. Of several processes the one that leads does the work.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut back_off = BACK_OFF_FIRST;
        while !cancel.is_cancelled() {
            let outcome = self.advance(&cancel).await;
            if let Err(error) = &outcome {
                tracing::warn!(error = error as &dyn std::error::Error, "projection failed");
            }
            let is_well = matches!(outcome, Ok(Pause::AtHead(_) | Pause::Standby));
            let pause = async {
                match outcome {
                    Ok(Pause::AtHead(position)) => self.feed.wait(position).await,
                    Ok(Pause::Standby) => tokio::time::sleep(STANDBY_INTERVAL).await,
                    // A wake-up must not shorten the pause after a failure.
                    Ok(Pause::Fenced) | Err(_) => tokio::time::sleep(back_off).await,
                }
            };
            tokio::select! {
                () = pause => {}
                () = cancel.cancelled() => {}
            }
            back_off = if is_well {
                BACK_OFF_FIRST
            } else {
                back_off.saturating_mul(2).min(BACK_OFF_MAX)
            };
        }
        if let Err(error) = self.store.resign().await {
            tracing::info!(
                error = &error as &dyn std::error::Error,
                "the lease runs out by itself"
            );
        }
    }

    /// Folds batches for as long as there are any and this process is the one to do it.
    async fn advance(&self, cancel: &CancellationToken) -> Result<Pause, ProjectError> {
        loop {
            let leads = self.store.lead().await?;
            let progress = self.look().await?;
            if cancel.is_cancelled() || !leads {
                return Ok(Pause::Standby);
            }
            self.finish(progress).await?;
            let from = progress.checkpoint;
            match self.step(from).await? {
                Step::AtHead => return Ok(Pause::AtHead(from)),
                Step::Committed => {}
                Step::Fenced => return Ok(Pause::Fenced),
            }
        }
    }

    /// Reads how far the views are, and tells who is waiting for it.
    async fn look(&self) -> Result<Progress, ProjectError> {
        let progress = self.store.progress().await?;
        self.reached.send_replace(progress.checkpoint);
        Ok(progress)
    }

    /// Says that the views are built, once they are.
    async fn finish(&self, progress: Progress) -> Result<(), ProjectError> {
        if progress.is_built {
            self.is_to_build(None);
            return Ok(());
        }
        let known = *self.to_build.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = match known {
            Some(wanted) => wanted,
            None => match self.journal.head().await {
                Ok(head) => head.position,
                Err(error) => {
                    // On another feed the views go on without the journal.
                    tracing::warn!(%error, "it cannot be known whether the views are built");
                    return Ok(());
                }
            },
        };
        self.is_to_build(Some(wanted));
        let position = progress.checkpoint;
        if position < wanted {
            tracing::info!(position, wanted, "the views are being built");
        } else if self.store.finish(position).await? == Applied::Committed {
            tracing::info!(position, "the views are built");
        }
        Ok(())
    }

    fn is_to_build(&self, wanted: Option<u64>) {
        let mut to_build = self.to_build.lock().unwrap_or_else(PoisonError::into_inner);
        *to_build = wanted;
    }

    /// Folds one batch after `from`.
    async fn step(&self, from: u64) -> Result<Step, ProjectError> {
        let mut events = self.feed.read(from, BATCH_EVENTS_MAX).await?;
        // A feed delivers at least once.
        events.retain(|event| event.position > from);
        let Some(last) = events.last() else {
            return Ok(Step::AtHead);
        };
        let to = last.position;
        let batch = Batch::begin(VIEW, &events);
        let written = self
            .write((from, to), events)
            .instrument(batch.span.clone());
        match written.await {
            Err(error) => {
                batch.failed();
                Err(error)
            }
            Ok(Applied::Committed) => {
                batch.committed(VIEW);
                self.reached.send_replace(to);
                Ok(Step::Committed)
            }
            Ok(Applied::Fenced) => {
                tracing::info!(from, "another projector has moved the views");
                Ok(Step::Fenced)
            }
        }
    }

    async fn write(
        &self,
        (from, to): (u64, u64),
        events: Vec<RecordedEvent>,
    ) -> Result<Applied, ProjectError> {
        let (by_stream, held_back) = self.sorted(events).await?;
        // A stream that begins here has no document yet, so none is looked for.
        let begun = |events: &[RecordedEvent]| events.first().is_some_and(|it| it.version == 1);
        let known = by_stream.iter().filter(|(_, events)| !begun(events));
        let known: Vec<StreamId> = known.map(|(stream, _)| stream.clone()).collect();
        let all_are_known = known.len() == by_stream.len();
        let changes = self.changes(&by_stream, &held_back, known).await?;
        let applied = self.store.apply(from, to, changes).await?;
        if applied == Applied::Committed || all_are_known {
            return Ok(applied);
        }
        // Unless a batch was interrupted after it had written some, and with less in it.
        let all = by_stream.keys().cloned().collect();
        let changes = self.changes(&by_stream, &held_back, all).await?;
        Ok(self.store.apply(from, to, changes).await?)
    }

    /// Events by stream, and the parked streams whose events are left out.
    async fn sorted(
        &self,
        events: Vec<RecordedEvent>,
    ) -> Result<(EventsByStream, BTreeSet<StreamId>), ProjectError> {
        let parked: HashSet<StreamId> = self
            .store
            .parked(PARKED_KEYS_MAX)
            .await?
            .into_iter()
            .map(|parked| parked.stream)
            .collect();
        let mut by_stream = EventsByStream::new();
        let mut held_back = BTreeSet::new();
        for event in events {
            if parked.contains(&event.stream) {
                held_back.insert(event.stream);
            } else {
                let stream = event.stream.clone();
                by_stream.entry(stream).or_default().push(event);
            }
        }
        Ok((by_stream, held_back))
    }

    /// Folds each stream over its document, if it is one of the known.
    async fn changes(
        &self,
        by_stream: &EventsByStream,
        held_back: &BTreeSet<StreamId>,
        known: Vec<StreamId>,
    ) -> Result<Changes, ProjectError> {
        let current: HashMap<StreamId, Document> = self
            .store
            .documents(&known)
            .await?
            .into_iter()
            .map(|document| (document.stream.clone(), document))
            .collect();
        Ok(Changes {
            held_back: held_back.iter().cloned().collect(),
            ..fold_all(by_stream, &current)
        })
    }
}

fn fold_all(by_stream: &EventsByStream, current: &HashMap<StreamId, Document>) -> Changes {
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
