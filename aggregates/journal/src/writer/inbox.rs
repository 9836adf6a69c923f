//! The writer's loop: batches are taken from the queue and committed, one after the other.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::commit::Committer;
use super::engine::Engine;
use super::queue::{AppendRequest, Message, SnapshotRequest};
use crate::port::AppendEvents;

/// Most events in one batch, unless one request alone has more.
pub const BATCH_EVENTS_MAX: usize = 1_024;
/// Most bytes of payload in one batch, unless one request alone has more.
pub const BATCH_BYTES_MAX: usize = 8 << 20;
/// How often in a row others get their turn to join a batch, and nobody comes, before it is committed.
const GATHER_IDLE_TURNS_MAX: usize = 8;
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

/// The writer's end of the queue.
pub(super) struct Inbox {
    receiver: mpsc::Receiver<Message>,
    /// What did not fit into the batch before.
    carried: Option<Message>,
    closing: CancellationToken,
    /// Those who are about to be heard of again: they have just been answered, or were waiting then.
    expected: usize,
}

impl Inbox {
    pub(super) const fn new(receiver: mpsc::Receiver<Message>, closing: CancellationToken) -> Self {
        Self {
            receiver,
            carried: None,
            closing,
            expected: 1,
        }
    }

    /// The first that waits; nothing when the queue is closed and drained. Dropped while it waits, it
    /// loses nothing.
    async fn first(&mut self) -> Option<Message> {
        match self.carried.take() {
            Some(message) => Some(message),
            None => self.receive().await,
        }
    }

    /// Everything else that waits, up to a batch's limits. A commit costs much, and a command in it
    /// little: so those who were just answered get their turn to come with their next command, as long
    /// as somebody comes. Whoever works alone waits for nobody.
    async fn gather(&mut self, first: Message) -> Work {
        let mut work = Work::default();
        self.carried = work.take(first);
        self.drain(&mut work);
        let mut idle_turns = 0;
        while work.appends.len() < self.expected && idle_turns < GATHER_IDLE_TURNS_MAX {
            tokio::task::yield_now().await;
            if self.drain(&mut work) {
                idle_turns = 0;
            } else if self.carried.is_some() {
                break;
            } else {
                idle_turns += 1;
            }
        }
        work
    }

    /// Whether there is work, or is when those who were just answered had their turn to come.
    async fn hears_soon(&self) -> bool {
        for _ in 0..GATHER_IDLE_TURNS_MAX {
            if self.carried.is_some() || !self.receiver.is_empty() {
                return true;
            }
            tokio::task::yield_now().await;
        }
        false
    }

    /// To be called when `answered` are about to be answered.
    fn expect(&mut self, answered: usize) {
        self.expected = answered.saturating_add(self.receiver.len());
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

/// Takes batch after batch through, until the queue is closed and drained.
pub(super) async fn run<E: Engine>(mut inbox: Inbox, mut committer: Committer<E>) {
    let stats = committer.stats();
    loop {
        let first = match committer.is_failing() {
            false => Ok(inbox.first().await),
            true => tokio::time::timeout(PROBE_INTERVAL, inbox.first()).await,
        };
        match first {
            Ok(Some(first)) => {
                let work = inbox.gather(first).await;
                let answers = committer.commit(work).await;
                inbox.expect(answers.appends());
                answers.give(&stats);
                committer.settle();
                if !(committer.may_keep_turn() && inbox.hears_soon().await) {
                    committer.end_turn().await;
                }
            }
            Ok(None) => break,
            Err(_) => committer.probe().await,
        }
    }
    committer.close().await;
}
