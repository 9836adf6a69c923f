//! What is done while a batch is written: those of the batch before are answered, and those who come
//! are decided upon.
//!
//! The next batch is decided as if the one under way were committed already, and it is written only
//! behind that one, by a compare-and-set of the very head that it was decided behind. If the one
//! under way comes to something else, the next is decided again; nobody was told anything yet.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use invoiceapp_domain::Ambient;

use super::answers::Answers;
use super::draft::Draft;
use super::engine::{Batch, Engine, EngineError, Written};
use super::inbox::Inbox;
use super::memory::Memory;
use super::observe::WriterStats;
use super::queue::Message;
use super::view::{Known, Layer};

/// The desk beside the engine.
pub(super) struct Ahead {
    pub(super) inbox: Inbox,
    /// The batch that is written next.
    pub(super) next: Draft,
    /// Answers that are not yet given.
    due: Option<Answers>,
    stats: Arc<WriterStats>,
}

impl Ahead {
    pub(super) fn new(inbox: Inbox, stats: Arc<WriterStats>) -> Self {
        Self {
            inbox,
            next: Draft::default(),
            due: None,
            stats,
        }
    }

    /// Answers to be given while the next batch is written.
    pub(super) fn owe(&mut self, answers: Answers) {
        self.answer();
        self.due = Some(answers);
    }

    /// Answers those who wait for nothing but that.
    pub(super) fn answer(&mut self) {
        if let Some(answers) = self.due.take() {
            answers.give(&self.stats);
        }
    }

    /// Begins the next batch with a message and all that wait, as far as they fit. Nothing is decided:
    /// it may have taken long until somebody came.
    pub(super) fn begin_with(&mut self, first: Message) {
        self.next = Draft::default();
        self.take(Some(first));
        while let Some(message) = self.inbox.take_waiting() {
            self.take(Some(message));
        }
    }

    /// Adds those to a batch who came while it waited for its turn, unless others came before them.
    pub(super) fn fill(&mut self, draft: &mut Draft) {
        while self.next.is_empty()
            && let Some(message) = self.inbox.take_waiting()
        {
            if let Some(too_much) = draft.take(message) {
                self.inbox.carry(too_much);
            }
        }
    }

    /// Writes a batch. `does` is what it knows and does.
    pub(super) async fn write<E: Engine>(
        &mut self,
        engine: &mut E,
        batch: &Arc<Batch>,
        does: &Layer,
        memory: &mut Memory,
        ambient: &dyn Ambient,
    ) -> Result<Written, EngineError> {
        let mut write = pin!(engine.write(batch));
        // What comes below must not keep the engine waiting.
        if let Poll::Ready(written) = futures::poll!(write.as_mut()) {
            return written;
        }
        self.answer();
        memory.settle();
        self.next.begin(&batch.to, ambient);
        let carried = self.inbox.take_carried();
        self.take(carried);
        loop {
            self.decide(does, memory, ambient)?;
            tokio::select! {
                biased;
                written = &mut write => return written,
                message = self.inbox.next(), if self.inbox.is_heard() => self.take(message),
            }
        }
    }

    fn take(&mut self, message: Option<Message>) {
        if let Some(too_much) = message.and_then(|message| self.next.take(message)) {
            self.inbox.carry(too_much);
        }
    }

    fn decide(
        &mut self,
        does: &Layer,
        memory: &mut Memory,
        ambient: &dyn Ambient,
    ) -> Result<(), EngineError> {
        let known = Known {
            under_way: Some(does),
            memory: Some(memory),
        };
        self.next.decide(known, ambient)
    }
}
