//! Takes a batch through: the fast path, the slow path, and what to do when the engine fails.

use std::sync::Arc;
use std::time::Instant;

use invoiceapp_domain::Ambient;
use invoiceapp_observe::TraceContext;
use invoiceapp_observe::client::{called, database};
use tokio::sync::watch;
use tracing::Instrument;

use super::ahead::Ahead;
use super::answers::Answers;
use super::draft::Draft;
use super::engine::{Batch, Engine, EngineError, Wanted, Written};
use super::memory::Memory;
use super::observe::WriterStats;
use super::spans;
use super::turns::Turns;
use super::view::Known;
use super::writability::LastWrite;
use crate::port::{JournalError, Writability};

/// Rounds that a batch may lose to other writers before it takes the slow path, where it cannot.
pub const FAST_ROUNDS_MAX: usize = 3;

pub(crate) struct Committer<E> {
    pub(super) engine: E,
    pub(super) memory: Memory,
    ambient: Arc<dyn Ambient>,
    head: watch::Sender<u64>,
    last_write: LastWrite,
    stats: Arc<WriterStats>,
    pub(super) turns: Turns,
}

impl<E: Engine> Committer<E> {
    pub(crate) fn new(engine: E, ambient: Arc<dyn Ambient>, head: watch::Sender<u64>) -> Self {
        Self {
            engine,
            memory: Memory::new(),
            ambient,
            head,
            last_write: LastWrite::new(),
            stats: Arc::default(),
            turns: Turns::default(),
        }
    }

    pub(crate) fn writability(&self) -> watch::Receiver<Writability> {
        self.last_write.subscribe()
    }

    pub(crate) fn stats(&self) -> Arc<WriterStats> {
        Arc::clone(&self.stats)
    }

    /// Whether the last write failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.last_write.has_failed()
    }

    /// Writes a batch that holds nothing: the head, where it is. For the engine that is a commit as
    /// any other, so that it shows whether one would be kept.
    pub(crate) async fn probe(&mut self) {
        let outcome = self.write_nothing().await;
        if let Err(error) = outcome {
            self.memory.is_exact = false;
            tracing::debug!(%error, "the journal cannot be written yet");
        }
    }

    async fn write_nothing(&mut self) -> Result<(), EngineError> {
        if !self.memory.is_exact {
            self.relearn().await?;
        }
        let batch = Arc::new(Batch::of_nothing(self.memory.head));
        match self.engine.write(&batch).await? {
            Written::Committed => self.last_write.kept(),
            // Somebody else has written meanwhile: the next one tells.
            Written::HeadMoved | Written::Occupied => self.memory.is_exact = false,
        }
        Ok(())
    }

    pub(crate) async fn first_head(&mut self) -> Result<watch::Receiver<u64>, EngineError> {
        let facts = self.engine.lookup(&Wanted::default()).await?;
        self.memory.forget(facts.head);
        self.tell(facts.head.position);
        Ok(self.head.subscribe())
    }

    pub(crate) async fn close(self) {
        self.engine.close().await;
    }

    /// Commits a batch; `ahead` is what is done meanwhile. Whoever waits for the batch is answered by the
    /// caller.
    pub(super) async fn commit(&mut self, mut draft: Draft, ahead: &mut Ahead) -> Answers {
        let began = Instant::now();
        let causes = draft.causes();
        let span = spans::of_batch(E::SYSTEM, &causes);
        let outcome = self
            .take_through(&mut draft, ahead)
            .instrument(span.clone())
            .await
            .map_err(|error| span.in_scope(|| self.failed(error)));
        if outcome.is_err() {
            spans::failed(&span);
        }
        let trace = TraceContext::of(&span);
        drop(span);
        // Readers first: whoever is answered may read at once what it has written.
        let position = self.memory.head.position;
        self.tell(position);
        self.stats.committed(causes.len(), began.elapsed(), trace);
        let (work, outcomes, layer) = draft.finish();
        if outcome.is_ok() {
            self.memory.committed(layer);
        }
        Answers::new(work, outcome.map(|()| outcomes))
    }

    /// An engine that hears of other writers may have told a later position before.
    fn tell(&self, position: u64) {
        self.head.send_if_modified(|known| {
            let is_news = position > *known;
            *known = position.max(*known);
            is_news
        });
    }

    fn failed(&mut self, error: EngineError) -> JournalError {
        self.memory.is_exact = false;
        tracing::error!(%error, "the journal's engine failed");
        self.last_write.failed(self.ambient.now());
        error.into()
    }

    async fn take_through(
        &mut self,
        draft: &mut Draft,
        ahead: &mut Ahead,
    ) -> Result<(), EngineError> {
        for _ in 0..FAST_ROUNDS_MAX {
            let round = match self.is_ready(draft) || self.get_ready(draft, ahead).await? {
                true => self.write(draft, ahead).await?,
                false => Written::HeadMoved,
            };
            match round {
                Written::Committed => return Ok(()),
                Written::Occupied => break,
                Written::HeadMoved => {
                    self.stats.lost_round();
                    self.turns.lost();
                    self.memory.is_exact = false;
                    draft.forget();
                }
            }
        }
        ahead.answer();
        self.memory.settle();
        self.slow(draft).await
    }

    /// Whether a batch that was decided ahead can be written as it is.
    fn is_ready(&self, draft: &Draft) -> bool {
        self.memory.is_exact
            && !self.turns.is_to_queue(Instant::now())
            && draft.is_decided_behind(&self.memory.head)
    }

    /// Decides on what is remembered; looks up only what is not. False when the head is not where it is
    /// remembered. A refusal needs no compare-and-set to be right: it is made only after a look-up that
    /// has found the head there.
    async fn get_ready(
        &mut self,
        draft: &mut Draft,
        ahead: &mut Ahead,
    ) -> Result<bool, EngineError> {
        ahead.answer();
        self.memory.settle();
        if self.queue_up().await? {
            ahead.fill(draft);
        }
        if !self.memory.is_exact {
            self.relearn().await?;
        }
        let ambient = Arc::clone(&self.ambient);
        draft.begin(&self.memory.head, ambient.as_ref());
        loop {
            let known = Known {
                under_way: None,
                memory: Some(&mut self.memory),
            };
            draft.decide(known, ambient.as_ref())?;
            let Some(wanted) = draft.wanted().cloned() else {
                return Ok(true);
            };
            let lookup = self.engine.lookup(&wanted);
            let found = called(database(E::SYSTEM, "SELECT"), lookup).await?;
            if found.head != self.memory.head {
                return Ok(false);
            }
            draft.learn(&wanted, &found, ambient.as_ref());
        }
    }

    async fn write(
        &mut self,
        draft: &mut Draft,
        ahead: &mut Ahead,
    ) -> Result<Written, EngineError> {
        let batch = draft.seal().ok_or_else(undecided)?;
        let written = if batch.is_empty() {
            Ok(Written::Committed)
        } else {
            let (engine, memory) = (&mut self.engine, &mut self.memory);
            let does = draft.layer();
            ahead
                .write(engine, &batch, does, memory, self.ambient.as_ref())
                .await
        };
        match written {
            Ok(Written::Committed) => {}
            Ok(lost) => return Ok(lost),
            Err(error) => self.resolve(&batch, error).await?,
        }
        self.committed(&batch);
        Ok(Written::Committed)
    }

    /// Decides on what is looked up while nobody else can write.
    async fn slow(&mut self, draft: &mut Draft) -> Result<(), EngineError> {
        draft.forget();
        let wanted = draft.everything();
        let found = called(database(E::SYSTEM, "SELECT"), self.engine.lock(&wanted)).await?;
        draft.learn(&wanted, &found, self.ambient.as_ref());
        let decided = draft
            .decide(Known::default(), self.ambient.as_ref())
            .and_then(|()| match draft.wanted() {
                Some(_) => Err(impossible("with everything known, a request is undecided")),
                None => Ok(()),
            });
        if let Err(error) = decided {
            self.engine.unlock().await?;
            return Err(error);
        }
        let batch = draft.seal().ok_or_else(undecided)?;
        if batch.is_empty() {
            self.engine.unlock().await?;
        } else {
            match self.engine.write_locked(&batch).await {
                Ok(Written::Committed) => {}
                Ok(Written::HeadMoved) => return Err(impossible("the head moved under the lock")),
                Ok(Written::Occupied) => {
                    return Err(impossible(
                        "a key is occupied that the look-up did not show",
                    ));
                }
                Err(error) => self.resolve(&batch, error).await?,
            }
        }
        if self.memory.head != found.head || !self.memory.is_exact {
            self.memory.forget(found.head);
        }
        self.committed(&batch);
        Ok(())
    }

    fn committed(&mut self, batch: &Batch) {
        let (from, to) = (batch.from, batch.to);
        tracing::debug!(from = from.position, to = to.position, "batch committed");
        self.memory.head = to;
        // Refusals and replays alone write nothing, so they show nothing.
        if !batch.is_empty() {
            self.last_write.kept();
        }
    }
}

fn undecided() -> EngineError {
    impossible("a batch that was not decided")
}

fn impossible(what: &str) -> EngineError {
    EngineError::Unavailable {
        reason: format!("the journal's tables contradict it: {what}"),
    }
}

impl From<EngineError> for JournalError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Unavailable { reason } => Self::Unavailable { reason },
            EngineError::Damaged { position, reason } => Self::Damaged { position, reason },
        }
    }
}

impl From<JournalError> for EngineError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Damaged { position, reason } => Self::Damaged { position, reason },
            JournalError::Unavailable { reason } => Self::Unavailable { reason },
            JournalError::Overloaded => Self::Unavailable {
                reason: error.to_string(),
            },
        }
    }
}
