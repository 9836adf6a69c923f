//! The writer's loop: batches are taken from the queue and committed, one after the other.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::ahead::Ahead;
use super::commit::Committer;
use super::engine::Engine;
use super::queue::{AppendRequest, Message, SnapshotRequest};
use crate::port::AppendEvents;

/// Most events in one batch, unless one request alone has more.
pub const BATCH_EVENTS_MAX: usize = 1_024;
/// Most bytes of payload in one batch, unless one request alone has more.
pub const BATCH_BYTES_MAX: usize = 8 << 20;
/// How often in a row others get their turn to come with their next command before this writer lets
/// another one have its turn.
const IDLE_YIELDS_MAX: usize = 8;
/// How long a writer that failed waits for work before it tries to write by itself.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// What one commit takes from the queue.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) appends: Vec<AppendRequest>,
    pub(crate) snapshots: Vec<SnapshotRequest>,
    events: usize,
    bytes: usize,
}

impl Work {
    pub(super) const fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.snapshots.is_empty()
    }

    /// Takes a message in, or gives it back when the batch is full.
    pub(super) fn take(&mut self, message: Message) -> Option<Message> {
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

/// The writer's end of the queue.
pub(super) struct Inbox {
    receiver: mpsc::Receiver<Message>,
    /// What did not fit into the batch before.
    carried: Option<Message>,
    /// The queue is closed and drained.
    is_over: bool,
    closing: CancellationToken,
}

impl Inbox {
    pub(super) const fn new(receiver: mpsc::Receiver<Message>, closing: CancellationToken) -> Self {
        Self {
            receiver,
            carried: None,
            is_over: false,
            closing,
        }
    }

    /// The next message; nothing when the queue is closed and drained. Dropped while it waits, it loses
    /// nothing.
    pub(super) async fn next(&mut self) -> Option<Message> {
        if let Some(message) = self.carried.take() {
            return Some(message);
        }
        let message = tokio::select! {
            biased;
            message = self.receiver.recv() => message,
            () = self.closing.cancelled(), if !self.receiver.is_closed() => {
                self.receiver.close();
                self.receiver.recv().await
            }
        };
        self.is_over = message.is_none();
        message
    }

    /// A message that waits, if the batch has room for it.
    pub(super) fn take_waiting(&mut self) -> Option<Message> {
        self.is_heard().then(|| self.receiver.try_recv().ok())?
    }

    /// What did not fit into the batch before.
    pub(super) const fn take_carried(&mut self) -> Option<Message> {
        self.carried.take()
    }

    /// Keeps a message for the batch after the next.
    pub(super) fn carry(&mut self, message: Message) {
        self.carried = Some(message);
    }

    /// Whether the next batch has room for what comes, and anything can come.
    pub(super) const fn is_heard(&self) -> bool {
        self.carried.is_none() && !self.is_over
    }

    /// Whether there is work, or is when those who were just answered had their turn to come.
    async fn hears_soon(&self) -> bool {
        for _ in 0..IDLE_YIELDS_MAX {
            if self.carried.is_some() || !self.receiver.is_empty() {
                return true;
            }
            tokio::task::yield_now().await;
        }
        false
    }
}

/// Takes batch after batch through, until the queue is closed and drained.
pub(super) async fn run<E: Engine>(inbox: Inbox, mut committer: Committer<E>) {
    let mut ahead = Ahead::new(inbox, committer.stats());
    loop {
        if ahead.next.is_empty() {
            ahead.answer();
            committer.memory.settle();
            if !(committer.may_keep_turn() && ahead.inbox.hears_soon().await) {
                committer.end_turn().await;
            }
            match first(&mut ahead.inbox, committer.is_failing()).await {
                Some(Some(message)) => ahead.begin_with(message),
                Some(None) => break,
                None => {
                    committer.probe().await;
                    continue;
                }
            }
        } else if committer.has_turn() && !committer.may_keep_turn() {
            ahead.answer();
            committer.end_turn().await;
        }
        let draft = std::mem::take(&mut ahead.next);
        let answers = committer.commit(draft, &mut ahead).await;
        ahead.owe(answers);
    }
    committer.close().await;
}

/// The next message, or that there will be none; nothing when it takes so long that a writer that
/// fails should see whether it still does.
async fn first(inbox: &mut Inbox, is_failing: bool) -> Option<Option<Message>> {
    if is_failing {
        let message = tokio::time::timeout(PROBE_INTERVAL, inbox.next());
        message.await.ok()
    } else {
        Some(inbox.next().await)
    }
}
