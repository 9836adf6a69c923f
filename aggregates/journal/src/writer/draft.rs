//! The next batch: requests that were taken off the queue, decided in order as they come, and the
//! rows that they come to.

use std::sync::Arc;

use invoiceapp_domain::Ambient;
use invoiceapp_observe::TraceContext;
use invoiceapp_schemas::CommandId;
use jiff::Timestamp;

use super::assemble::{claims_of, events_of, recorded_at, series_of};
use super::decide::{Verdict, decide};
use super::engine::{Batch, BatchEvent, EngineError, Facts, HeadState, Receipt, Wanted};
use super::inbox::Work;
use super::queue::Message;
use super::view::{Known, Layer, View};
use crate::port::{AppendError, Committed};

/// What each request came to, in their order.
pub(super) type Outcomes = Vec<Result<Committed, AppendError>>;

/// Requests, and what was decided of them.
#[derive(Default)]
pub(super) struct Draft {
    work: Work,
    /// Nothing as long as it is not known where the journal ends before them.
    decisions: Option<Decisions>,
    /// What was looked up for them; of a sealed draft, what it does as well.
    facts: Layer,
}

/// The decisions on requests behind one end of the journal.
struct Decisions {
    from: HeadState,
    to: HeadState,
    recorded_at: Timestamp,
    /// How many requests are decided.
    count: usize,
    /// What they came to. Not whole, like the rows, as long as something is wanted.
    outcomes: Outcomes,
    rows: Vec<BatchEvent>,
    receipts: Vec<(CommandId, Receipt)>,
    changed: Layer,
    /// What has to be known first. All of it is asked for at once, so requests behind an unknown one are
    /// decided as well.
    wanted: Wanted,
}

impl Decisions {
    fn behind(from: HeadState, ambient: &dyn Ambient) -> Self {
        Self {
            from,
            to: from,
            recorded_at: recorded_at(ambient, &from),
            count: 0,
            outcomes: Vec::new(),
            rows: Vec::new(),
            receipts: Vec::new(),
            changed: Layer::default(),
            wanted: Wanted::default(),
        }
    }
}

impl Draft {
    pub(super) const fn is_empty(&self) -> bool {
        self.work.is_empty()
    }

    /// Takes a message in, undecided, or gives it back when the batch is full.
    pub(super) fn take(&mut self, message: Message) -> Option<Message> {
        self.work.take(message)
    }

    /// The spans of the appends.
    pub(super) fn causes(&self) -> Vec<Option<TraceContext>> {
        let appends = self.work.appends.iter();
        appends.map(|request| request.cause).collect()
    }

    /// Whether all is decided, behind this end of the journal.
    pub(super) fn is_decided_behind(&self, head: &HeadState) -> bool {
        self.stands_behind(head).is_some_and(|decisions| {
            decisions.count == self.work.appends.len() && decisions.wanted.is_empty()
        })
    }

    fn stands_behind(&self, head: &HeadState) -> Option<&Decisions> {
        let decisions = self.decisions.as_ref();
        decisions.filter(|decisions| decisions.from == *head)
    }

    /// Everything that the requests could depend on.
    pub(super) fn everything(&self) -> Wanted {
        let mut wanted = Wanted::default();
        for request in &self.work.appends {
            wanted.extend(Wanted::everything_of(&request.append));
        }
        wanted
    }

    /// Forgets what was decided, and what it was decided on.
    pub(super) fn forget(&mut self) {
        self.decisions = None;
        self.facts = Layer::default();
    }

    /// Makes sure that what is decided stands behind this end of the journal: otherwise it is forgotten.
    pub(super) fn begin(&mut self, head: &HeadState, ambient: &dyn Ambient) {
        if self.stands_behind(head).is_none() {
            self.forget();
            self.decisions = Some(Decisions::behind(*head, ambient));
        }
    }

    /// What has to be known before all can be decided.
    pub(super) fn wanted(&self) -> Option<&Wanted> {
        let wanted = &self.decisions.as_ref()?.wanted;
        (!wanted.is_empty()).then_some(wanted)
    }

    /// Takes in the answer to what was wanted; what was decided without it is forgotten.
    pub(super) fn learn(&mut self, wanted: &Wanted, found: &Facts, ambient: &dyn Ambient) {
        self.facts.add(wanted, found);
        self.decisions = Some(Decisions::behind(found.head, ambient));
    }

    /// Decides what is not yet decided.
    ///
    /// # Errors
    /// When metadata cannot be written as JSON, which no metadata of ours can cause.
    pub(super) fn decide(
        &mut self,
        known: Known<'_>,
        ambient: &dyn Ambient,
    ) -> Result<(), EngineError> {
        let Some(decisions) = &mut self.decisions else {
            return Ok(());
        };
        let mut view = View {
            changed: &mut decisions.changed,
            facts: &self.facts,
            known,
            position: decisions.to.position,
        };
        let undecided = self.work.appends.iter().skip(decisions.count);
        for append in undecided.map(|request| &request.append) {
            decisions.count += 1;
            let wanted = &mut decisions.wanted;
            let outcome = match decide(&mut view, append, decisions.recorded_at, wanted) {
                _ if !wanted.is_empty() => continue,
                Verdict::Unknown => continue,
                Verdict::Replay(committed) => Ok(committed),
                Verdict::Refuse(error) => Err(error),
                Verdict::Commit(planned) => {
                    let committed = planned.receipt.committed.clone();
                    let receipt = (append.command.id, planned.receipt.clone());
                    decisions.receipts.push(receipt);
                    let (to, rows) = (&mut decisions.to, &mut decisions.rows);
                    events_of(append, planned, decisions.recorded_at, to, ambient, rows)?;
                    Ok(committed)
                }
            };
            decisions.outcomes.push(outcome);
        }
        Ok(())
    }

    /// The batch, to be called when all is decided; nothing before anything is. From here on the draft
    /// knows what it does.
    pub(super) fn seal(&mut self) -> Option<Arc<Batch>> {
        let decisions = self.decisions.as_mut()?;
        let changed = std::mem::take(&mut decisions.changed);
        let snapshots = self.work.snapshots.iter();
        let mut batch = Batch {
            events: std::mem::take(&mut decisions.rows),
            receipts: std::mem::take(&mut decisions.receipts),
            series: series_of(&changed),
            snapshots: snapshots
                .map(|request| (request.stream.clone(), request.snapshot.clone()))
                .collect(),
            to: decisions.to,
            ..Batch::of_nothing(decisions.from)
        };
        claims_of(&changed, &mut batch);
        self.facts.overlay(changed);
        Some(Arc::new(batch))
    }

    /// What a sealed draft knows and does.
    pub(super) const fn layer(&self) -> &Layer {
        &self.facts
    }

    /// The requests, what each came to, and what is to be remembered.
    pub(super) fn finish(self) -> (Work, Outcomes, Layer) {
        let outcomes = self.decisions.map(|decisions| decisions.outcomes);
        (self.work, outcomes.unwrap_or_default(), self.facts)
    }
}
