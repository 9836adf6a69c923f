//! Takes a batch through: the fast path, the slow path, and what to do when the engine fails.

use std::sync::Arc;
use std::time::Instant;

use invoiceapp_domain::{Ambient, StreamId};
use invoiceapp_observe::TraceContext;
use invoiceapp_observe::client::{called, database};
use tokio::sync::watch;
use tracing::Instrument;

use super::answers::Answers;
use super::assemble::{assemble, recorded_at};
use super::decide::{Verdict, decide};
use super::engine::{Batch, Engine, EngineError, Wanted, Written};
use super::inbox::Work;
use super::memory::Memory;
use super::observe::WriterStats;
use super::spans;
use super::turns::Turns;
use super::view::{Layer, View};
use super::writability::LastWrite;
use crate::port::{Append, AppendError, Committed, JournalError, Snapshot, Writability};

/// Rounds that a batch may lose to other writers before it takes the slow path, where it cannot.
pub const FAST_ROUNDS_MAX: usize = 3;

type Outcomes = Vec<Result<Committed, AppendError>>;

/// How a round of the fast path ended.
enum Round {
    Done(Outcomes),
    HeadMoved,
    Occupied,
}

/// One batch's requests, without those who wait for them.
struct Requests<'a> {
    appends: Vec<&'a Append>,
    snapshots: Vec<(StreamId, Snapshot)>,
}

/// A decided batch.
struct Decided<'a> {
    verdicts: Vec<(&'a Append, Verdict)>,
    changed: Layer,
    batch: Arc<Batch>,
}

pub(crate) struct Committer<E> {
    pub(super) engine: E,
    pub(super) memory: Memory,
    /// What is yet to be taken into the memory; nothing while a batch is decided.
    unsettled: Vec<Layer>,
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
            unsettled: Vec::new(),
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

    /// Commits a batch. Whoever waits for it is answered by the caller.
    pub(crate) async fn commit(&mut self, work: Work) -> Answers {
        let began = Instant::now();
        self.settle();
        let requests = Requests {
            appends: work.appends.iter().map(|request| &request.append).collect(),
            snapshots: work
                .snapshots
                .iter()
                .map(|request| (request.stream.clone(), request.snapshot.clone()))
                .collect(),
        };
        let causes: Vec<_> = work.appends.iter().map(|request| request.cause).collect();
        let span = spans::of_batch(E::SYSTEM, &causes);
        let outcome = self
            .take_through(&requests)
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
        self.stats
            .committed(work.appends.len(), began.elapsed(), trace);
        Answers::new(work, outcome)
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

    async fn take_through(&mut self, requests: &Requests<'_>) -> Result<Outcomes, EngineError> {
        for _ in 0..FAST_ROUNDS_MAX {
            self.queue_up().await?;
            if !self.memory.is_exact {
                self.relearn().await?;
            }
            match self.fast(requests).await? {
                Round::Done(outcomes) => return Ok(outcomes),
                Round::HeadMoved => {
                    self.stats.lost_round();
                    self.turns.lost();
                    self.memory.is_exact = false;
                }
                Round::Occupied => break,
            }
        }
        self.slow(requests).await
    }

    /// Decides on what is remembered; looks up only what is not. A refusal needs no compare-and-set
    /// to be right: it is made only after a look-up that has found the head where it was remembered.
    async fn fast(&mut self, requests: &Requests<'_>) -> Result<Round, EngineError> {
        let mut facts = Layer::default();
        let decided = loop {
            let mut wanted = Wanted::default();
            let view = View::over_memory(&mut self.memory, &facts);
            let decided = decide_all(view, requests, self.ambient.as_ref(), &mut wanted)?;
            if wanted.is_empty() {
                break decided;
            }
            let found = called(database(E::SYSTEM, "SELECT"), self.engine.lookup(&wanted)).await?;
            if found.head != self.memory.head {
                return Ok(Round::HeadMoved);
            }
            facts.add(&wanted, &found);
        };
        let batch = &decided.batch;
        let written = match batch.is_empty() {
            true => Ok(Written::Committed),
            false => self.engine.write(batch).await,
        };
        match written {
            Ok(Written::Committed) => {}
            Ok(Written::HeadMoved) => return Ok(Round::HeadMoved),
            Ok(Written::Occupied) => return Ok(Round::Occupied),
            Err(error) => self.resolve(batch, error).await?,
        }
        self.unsettled.push(facts);
        self.committed(decided.changed, &decided.batch);
        Ok(Round::Done(outcomes(decided.verdicts)))
    }

    /// Decides on what is looked up while nobody else can write.
    async fn slow(&mut self, requests: &Requests<'_>) -> Result<Outcomes, EngineError> {
        let mut wanted = Wanted::default();
        for append in &requests.appends {
            wanted.extend(Wanted::everything_of(append));
        }
        let found = called(database(E::SYSTEM, "SELECT"), self.engine.lock(&wanted)).await?;
        let mut facts = Layer::default();
        facts.add(&wanted, &found);
        let mut wanted = Wanted::default();
        let view = View::over_facts(found.head, &facts);
        let decided = decide_all(view, requests, self.ambient.as_ref(), &mut wanted);
        let decided = match decided {
            Ok(decided) if wanted.is_empty() => decided,
            Ok(_) => {
                self.engine.unlock().await?;
                return Err(impossible(
                    "a request that is undecided with everything known",
                ));
            }
            Err(error) => {
                self.engine.unlock().await?;
                return Err(error);
            }
        };
        if decided.batch.is_empty() {
            self.engine.unlock().await?;
        } else {
            match self.engine.write_locked(&decided.batch).await {
                Ok(Written::Committed) => {}
                Ok(Written::HeadMoved) => return Err(impossible("the head moved under the lock")),
                Ok(Written::Occupied) => {
                    return Err(impossible(
                        "a key is occupied that the look-up did not show",
                    ));
                }
                Err(error) => self.resolve(&decided.batch, error).await?,
            }
        }
        if self.memory.head != found.head || !self.memory.is_exact {
            self.memory.forget(found.head);
        }
        self.unsettled.push(facts);
        self.committed(decided.changed, &decided.batch);
        Ok(outcomes(decided.verdicts))
    }

    /// Takes what the last batch has shown into the memory. Apart from the commit, so that nobody waits
    /// for it: it is to be called when all are answered.
    pub(crate) fn settle(&mut self) {
        for layer in std::mem::take(&mut self.unsettled) {
            self.remember(layer);
        }
    }

    fn remember(&mut self, layer: Layer) {
        for (stream, version) in layer.streams {
            self.memory.streams.insert(stream, version);
        }
        for (command, receipt) in layer.receipts {
            if let Some(receipt) = receipt {
                self.memory.receipts.insert(command, receipt);
            }
        }
        for (claim, entry) in layer.claims {
            self.memory.claims.insert(claim, entry.holder);
        }
        for (key, sequence) in layer.sequences {
            self.memory.sequences.insert(key, sequence);
        }
        for (series, date) in layer.dates {
            self.memory.dates.insert(series, date);
        }
    }

    fn committed(&mut self, changed: Layer, batch: &Batch) {
        self.unsettled.push(changed);
        let (from, to) = (batch.from, batch.to);
        tracing::debug!(from = from.position, to = to.position, "batch committed");
        self.memory.head = to;
        // Refusals and replays alone write nothing, so they show nothing.
        if !batch.is_empty() {
            self.last_write.kept();
        }
    }
}

fn decide_all<'a>(
    mut view: View<'_>,
    requests: &Requests<'a>,
    ambient: &dyn Ambient,
    wanted: &mut Wanted,
) -> Result<Decided<'a>, EngineError> {
    let recorded_at = recorded_at(ambient, &view.from);
    let mut verdicts = Vec::with_capacity(requests.appends.len());
    for append in &requests.appends {
        let verdict = decide(&mut view, append, recorded_at, wanted);
        verdicts.push((*append, verdict));
    }
    let (from, changed) = (view.from, view.changed);
    let verdicts_to_write = if wanted.is_empty() {
        verdicts.as_mut_slice()
    } else {
        &mut []
    };
    let snapshots = &requests.snapshots;
    let batch = assemble(
        verdicts_to_write,
        from,
        recorded_at,
        &changed,
        ambient,
        snapshots,
    )?;
    Ok(Decided {
        verdicts,
        changed,
        batch: Arc::new(batch),
    })
}

fn outcomes(verdicts: Vec<(&Append, Verdict)>) -> Outcomes {
    let outcome = |verdict| match verdict {
        Verdict::Commit(planned) => Ok(planned.committed),
        Verdict::Replay(committed) => Ok(committed),
        Verdict::Refuse(error) => Err(error),
        Verdict::Unknown => Err(JournalError::from(impossible("an unknown verdict")).into()),
    };
    verdicts
        .into_iter()
        .map(|(_, verdict)| outcome(verdict))
        .collect()
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
