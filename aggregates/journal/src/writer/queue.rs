//! The way to the writer: a bounded queue, and the batches that are taken from it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use invoiceapp_domain::{Ambient, ClaimChange, StreamId};
use invoiceapp_observe::TraceContext;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::commit::Committer;
use super::decide::check_limits;
use super::engine::{Engine, EngineError};
use super::inbox::{Inbox, run};
use super::observe::WriterStats;
use super::spans;
use crate::port::{
    Append, AppendError, AppendEvents, Committed, JournalError, Snapshot, Writability,
};

/// Most requests that wait; one more is refused at once with `Overloaded`.
pub const QUEUE_REQUESTS_MAX: usize = 4_096;
/// Most bytes of payload that wait.
pub const QUEUE_BYTES_MAX: usize = 64 << 20;
/// Largest snapshot that is kept; a larger state is folded again instead.
pub const SNAPSHOT_BYTES_MAX: usize = 4 << 20;
/// What a request is taken to weigh beside its payload: names, metadata, receipt.
const REQUEST_OVERHEAD_BYTES: usize = 1_024;
/// What a request is taken to weigh whose events are built when its number is known.
const NUMBERED_REQUEST_BYTES: usize = 64 << 10;
/// Longest text of a name (stream key, series, period, claim) that is kept.
const NAME_BYTES_MAX: usize = 512;

/// The writer's handle. Cheap to clone; the writer ends when all clones are gone, or on `close`.
#[derive(Clone)]
pub struct Writer {
    shared: Arc<Shared>,
}

struct Shared {
    sender: mpsc::Sender<Message>,
    queued_bytes: Arc<AtomicUsize>,
    stats: Arc<WriterStats>,
    head: watch::Receiver<u64>,
    writability: watch::Receiver<Writability>,
    closing: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Writer")
            .field("head", &*self.shared.head.borrow())
            .finish()
    }
}

type Outcome = oneshot::Receiver<Result<Committed, AppendError>>;

/// What waits in the queue.
pub(super) enum Message {
    Append(Box<AppendRequest>),
    Snapshot(SnapshotRequest),
}

pub(crate) struct AppendRequest {
    /// The span of the append, where spans are exported.
    pub(super) cause: Option<TraceContext>,
    pub(crate) append: Append,
    pub(crate) answer: oneshot::Sender<Result<Committed, AppendError>>,
    pub(super) weight: Weight,
}

pub(crate) struct SnapshotRequest {
    pub(crate) stream: StreamId,
    pub(crate) snapshot: Snapshot,
    pub(crate) answer: oneshot::Sender<Result<(), JournalError>>,
    pub(super) weight: Weight,
}

/// The bytes that a waiting request takes of the queue; given back when it is answered.
pub(super) struct Weight {
    pub(super) bytes: usize,
    queued_bytes: Arc<AtomicUsize>,
    stats: Arc<WriterStats>,
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.queued_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.stats.left();
    }
}

impl Writer {
    /// Starts the writer's task.
    ///
    /// # Errors
    /// [`EngineError`] when the head cannot be read.
    pub async fn start<E: Engine>(
        engine: E,
        ambient: Arc<dyn Ambient>,
    ) -> Result<Self, EngineError> {
        Self::start_telling(engine, ambient, watch::Sender::new(0)).await
    }

    /// The same, with the place where the newest position is told: an engine that hears of other
    /// writers tells theirs there too. Nobody may lower it.
    ///
    /// # Errors
    /// [`EngineError`] when the head cannot be read.
    pub async fn start_telling<E: Engine>(
        engine: E,
        ambient: Arc<dyn Ambient>,
        head: watch::Sender<u64>,
    ) -> Result<Self, EngineError> {
        let mut committer = Committer::new(engine, ambient, head);
        let head = committer.first_head().await?;
        let (writability, stats) = (committer.writability(), committer.stats());
        let (sender, receiver) = mpsc::channel(QUEUE_REQUESTS_MAX);
        let closing = CancellationToken::new();
        let inbox = Inbox::new(receiver, closing.clone());
        let task = tokio::spawn(run(inbox, committer));
        let shared = Shared {
            sender,
            queued_bytes: Arc::new(AtomicUsize::new(0)),
            stats,
            head,
            writability,
            closing,
            task: Mutex::new(Some(task)),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Puts an append on the queue and waits for its outcome. Dropping the future after it was
    /// polled once changes nothing.
    ///
    /// # Errors
    /// As [`crate::port::Journal::append`].
    pub async fn append(&self, append: Append) -> Result<Committed, AppendError> {
        let span = spans::of_append(&append);
        let answer = match self.enqueue(append, &span) {
            Ok(outcome) => outcome.await.map_err(|_| stopped())?,
            Err(error) => {
                let answer = Err(error);
                self.shared.stats.answered(&answer);
                answer
            }
        };
        spans::answered(&span, &answer);
        answer
    }

    fn enqueue(&self, append: Append, span: &Span) -> Result<Outcome, AppendError> {
        check(&append)?;
        let weight = self.weigh(weight_of(&append))?;
        let (answer, outcome) = oneshot::channel();
        self.send(Message::Append(Box::new(AppendRequest {
            cause: TraceContext::of(span),
            append,
            answer,
            weight,
        })))?;
        Ok(outcome)
    }

    /// Lets a snapshot ride along with the next batch.
    ///
    /// # Errors
    /// As [`crate::port::Journal::save_snapshot`].
    pub async fn save_snapshot(
        &self,
        stream: StreamId,
        snapshot: Snapshot,
    ) -> Result<(), JournalError> {
        if snapshot.state_json.len() > SNAPSHOT_BYTES_MAX {
            return Ok(());
        }
        let weight = self.weigh(snapshot.state_json.len())?;
        let (answer, outcome) = oneshot::channel();
        self.send(Message::Snapshot(SnapshotRequest {
            stream,
            snapshot,
            answer,
            weight,
        }))?;
        outcome.await.map_err(|_| stopped())?
    }

    /// The newest known position, and its changes.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.shared.head.clone()
    }

    /// The newest known position.
    #[must_use]
    pub fn known_position(&self) -> u64 {
        *self.shared.head.borrow()
    }

    /// Whether writes are kept, and its changes.
    #[must_use]
    pub fn writability(&self) -> watch::Receiver<Writability> {
        self.shared.writability.clone()
    }

    /// What the writer counts.
    #[must_use]
    pub fn stats(&self) -> Arc<WriterStats> {
        Arc::clone(&self.shared.stats)
    }

    /// Refuses new requests, commits those that wait, and gives up the connection.
    pub async fn close(&self) {
        self.shared.closing.cancel();
        let task = self
            .shared
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task
            && task.await.is_err()
        {
            tracing::error!("the journal's writer ended by a panic");
        }
    }

    fn weigh(&self, bytes: usize) -> Result<Weight, JournalError> {
        let queued_bytes = Arc::clone(&self.shared.queued_bytes);
        let before = queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        let stats = self.stats();
        stats.entered();
        let weight = Weight {
            bytes,
            queued_bytes,
            stats,
        };
        if before.saturating_add(bytes) > QUEUE_BYTES_MAX {
            return Err(JournalError::Overloaded);
        }
        Ok(weight)
    }

    fn send(&self, message: Message) -> Result<(), JournalError> {
        self.shared
            .sender
            .try_send(message)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => JournalError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => stopped(),
            })
    }
}

fn stopped() -> JournalError {
    JournalError::Unavailable {
        reason: "the journal is closed".to_owned(),
    }
}

fn weight_of(append: &Append) -> usize {
    let payload = match &append.events {
        AppendEvents::Ready(events) => events.iter().map(|e| e.payload_json.len()).sum(),
        AppendEvents::Numbered { .. } => NUMBERED_REQUEST_BYTES,
    };
    REQUEST_OVERHEAD_BYTES.saturating_add(payload)
}

/// Refuses what could not be written whatever the journal holds, before it can bother a batch.
fn check(append: &Append) -> Result<(), AppendError> {
    let mut names = vec![append.stream.key.as_str()];
    match &append.events {
        AppendEvents::Ready(events) => check_limits(events)?,
        AppendEvents::Numbered { request, .. } => {
            names.extend([request.series.as_str(), request.period.as_str()]);
        }
    }
    for change in &append.claims {
        let (ClaimChange::Take(key) | ClaimChange::Release(key)) = change;
        names.extend([key.kind.as_str(), key.value.as_str()]);
    }
    if append.stream.key.is_empty() {
        return Err(AppendError::Malformed {
            reason: "a stream without a key",
        });
    }
    if names.iter().any(|name| name.len() > NAME_BYTES_MAX) {
        return Err(AppendError::TooLarge {
            limit: "NAME_BYTES_MAX",
        });
    }
    if names.iter().any(|name| name.contains('\0')) {
        return Err(AppendError::Malformed {
            reason: "U+0000 in a name",
        });
    }
    Ok(())
}
