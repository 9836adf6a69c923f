//! The way to the writer: a bounded queue, and the batches that are taken from it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use invoiceapp_domain::{Ambient, ClaimChange, StreamId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::commit::Committer;
use super::decide::check_limits;
use super::engine::{Engine, EngineError};
use crate::port::{
    Append, AppendError, AppendEvents, Committed, JournalError, Snapshot, Writability,
};

/// Most requests that wait; one more is refused at once with `Overloaded`.
pub const QUEUE_REQUESTS_MAX: usize = 4_096;
/// Most bytes of payload that wait.
pub const QUEUE_BYTES_MAX: usize = 64 << 20;
/// Most events in one batch, unless one request alone has more.
pub const BATCH_EVENTS_MAX: usize = 1_024;
/// Most bytes of payload in one batch, unless one request alone has more.
pub const BATCH_BYTES_MAX: usize = 8 << 20;
/// How often at most others get their turn to join a batch before it is committed.
const GATHER_TURNS_MAX: usize = 4;
/// How long a writer that failed waits for work before it tries to write by itself.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
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

/// What waits in the queue.
enum Message {
    Append(Box<AppendRequest>),
    Snapshot(SnapshotRequest),
}

pub(crate) struct AppendRequest {
    pub(crate) append: Append,
    pub(crate) answer: oneshot::Sender<Result<Committed, AppendError>>,
    weight: Weight,
}

pub(crate) struct SnapshotRequest {
    pub(crate) stream: StreamId,
    pub(crate) snapshot: Snapshot,
    pub(crate) answer: oneshot::Sender<Result<(), JournalError>>,
    weight: Weight,
}

/// The bytes that a waiting request takes of the queue; given back when it is answered.
struct Weight {
    bytes: usize,
    queued_bytes: Arc<AtomicUsize>,
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.queued_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
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
        let writability = committer.writability();
        let (sender, receiver) = mpsc::channel(QUEUE_REQUESTS_MAX);
        let closing = CancellationToken::new();
        let inbox = Inbox {
            receiver,
            carried: None,
            closing: closing.clone(),
        };
        let task = tokio::spawn(run(inbox, committer));
        let shared = Shared {
            sender,
            queued_bytes: Arc::new(AtomicUsize::new(0)),
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
        check(&append)?;
        let weight = self.weigh(weight_of(&append))?;
        let (answer, outcome) = oneshot::channel();
        self.send(Message::Append(Box::new(AppendRequest {
            append,
            answer,
            weight,
        })))?;
        outcome.await.map_err(|_| stopped())?
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
        let weight = Weight {
            bytes,
            queued_bytes,
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

/// What one commit takes from the queue.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) appends: Vec<AppendRequest>,
    pub(crate) snapshots: Vec<SnapshotRequest>,
    events: usize,
    bytes: usize,
}

impl Work {
    fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.snapshots.is_empty()
    }

    /// Takes a message in, or gives it back when the batch is full.
    fn take(&mut self, message: Message) -> Option<Message> {
        let (events, bytes) = match &message {
            Message::Append(request) => match &request.append.events {
                AppendEvents::Ready(events) => (events.len().max(1), request.weight.bytes),
                AppendEvents::Numbered { .. } => (1, request.weight.bytes),
            },
            Message::Snapshot(request) => (1, request.weight.bytes),
        };
        let (events, bytes) = (
            self.events.saturating_add(events),
            self.bytes.saturating_add(bytes),
        );
        if !self.is_empty() && (events > BATCH_EVENTS_MAX || bytes > BATCH_BYTES_MAX) {
            return Some(message);
        }
        (self.events, self.bytes) = (events, bytes);
        match message {
            Message::Append(request) => self.appends.push(*request),
            Message::Snapshot(request) => self.snapshots.push(request),
        }
        None
    }
}

struct Inbox {
    receiver: mpsc::Receiver<Message>,
    /// What did not fit into the batch before.
    carried: Option<Message>,
    closing: CancellationToken,
}

impl Inbox {
    /// The first that waits; nothing when the queue is closed and drained. Dropped while it waits, it
    /// loses nothing.
    async fn first(&mut self) -> Option<Message> {
        match self.carried.take() {
            Some(message) => Some(message),
            None => self.receive().await,
        }
    }

    /// Everything else that waits, up to a batch's limits.
    async fn gather(&mut self, first: Message) -> Work {
        let mut work = Work::default();
        self.carried = work.take(first);
        // Those who were just answered get their turn, so that their next command joins the batch.
        for _ in 0..GATHER_TURNS_MAX {
            tokio::task::yield_now().await;
            if !self.drain(&mut work) {
                break;
            }
        }
        work
    }

    /// Takes what waits into the batch; false when nothing came, or no more will fit.
    fn drain(&mut self, work: &mut Work) -> bool {
        let mut is_more = false;
        while self.carried.is_none() {
            match self.receiver.try_recv() {
                Ok(message) => {
                    self.carried = work.take(message);
                    is_more = true;
                }
                Err(_) => return is_more,
            }
        }
        false
    }

    async fn receive(&mut self) -> Option<Message> {
        tokio::select! {
            biased;
            message = self.receiver.recv() => message,
            () = self.closing.cancelled(), if !self.receiver.is_closed() => {
                self.receiver.close();
                self.receiver.recv().await
            }
        }
    }
}

async fn run<E: Engine>(mut inbox: Inbox, mut committer: Committer<E>) {
    loop {
        let first = match committer.is_failing() {
            false => Ok(inbox.first().await),
            true => tokio::time::timeout(PROBE_INTERVAL, inbox.first()).await,
        };
        match first {
            Ok(Some(first)) => {
                let work = inbox.gather(first).await;
                committer.commit(work).await;
            }
            Ok(None) => break,
            Err(_) => committer.probe().await,
        }
    }
    committer.close().await;
}
