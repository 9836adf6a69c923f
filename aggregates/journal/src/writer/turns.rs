//! Taking turns with other writers of the same journal.
//!
//! Who comes second in the compare-and-set has decided a batch for nothing, and has to learn what
//! the first has written. Where several write all the time, that would be most of their work. So a
//! writer that has lost a round queues up for its turn from then on ([`Engine::take_turn`]) and
//! keeps it for some batches. A turn only spares work: what is written is guarded by the
//! compare-and-set as ever, and whoever waits in vain writes without a turn.
//!
//! [`Engine::take_turn`]: super::engine::Engine::take_turn

use std::time::{Duration, Instant};

use super::commit::Committer;
use super::engine::{Engine, EngineError};

/// How long a writer keeps its turn while it has work: long enough that learning what the others
/// have written costs little beside it, and short enough that nobody notices the wait.
pub const TURN_MAX: Duration = Duration::from_millis(10);
/// Turns in a row before which nobody else had written; then there is no queue to stand in.
const TURNS_ALONE_MAX: u32 = 16;
/// How long nobody queues up again who has waited in vain: whoever had the turn has stopped.
const VAIN_PAUSE: Duration = Duration::from_secs(10);

/// Where a writer stands among others.
#[derive(Debug, Default)]
pub(super) struct Turns {
    has_company: bool,
    alone: u32,
    since: Option<Instant>,
    vain_until: Option<Instant>,
}

impl Turns {
    /// A round was lost, so somebody else is writing.
    pub(super) fn lost(&mut self) {
        self.has_company = true;
        self.alone = 0;
    }

    pub(super) fn is_to_queue(&self, now: Instant) -> bool {
        self.has_company && self.since.is_none() && self.vain_until.is_none_or(|it| it <= now)
    }

    fn taken(&mut self, now: Instant) {
        (self.since, self.vain_until) = (Some(now), None);
    }

    fn waited_in_vain(&mut self, now: Instant) {
        self.vain_until = now.checked_add(VAIN_PAUSE);
    }

    /// What the turn has begun with: whether others have written since the last one.
    fn found(&mut self, others_wrote: bool) {
        self.alone = if others_wrote { 0 } else { self.alone + 1 };
        self.has_company = self.alone < TURNS_ALONE_MAX;
    }
}

impl<E: Engine> Committer<E> {
    /// Waits for the turn, where others write as well, and learns what they have written. False when
    /// nothing was waited for.
    pub(super) async fn queue_up(&mut self) -> Result<bool, EngineError> {
        if !self.turns.is_to_queue(Instant::now()) {
            return Ok(false);
        }
        let is_taken = self.engine.take_turn().await?;
        let now = Instant::now();
        if !is_taken {
            tracing::warn!("another writer keeps its turn; writing without one");
            self.turns.waited_in_vain(now);
            return Ok(true);
        }
        self.turns.taken(now);
        let before = self.memory.head.position;
        self.relearn().await?;
        self.turns.found(self.memory.head.position != before);
        Ok(true)
    }

    /// Whether this writer has the turn.
    pub(super) const fn has_turn(&self) -> bool {
        self.turns.since.is_some()
    }

    /// Whether this writer has the turn, and may keep it for another batch.
    pub(super) fn may_keep_turn(&self) -> bool {
        let since = self.turns.since;
        since.is_some_and(|since| since.elapsed() < TURN_MAX)
    }

    /// Lets the next one have its turn, if this one has it. To be called before waiting for work.
    pub(super) async fn end_turn(&mut self) {
        if self.turns.since.take().is_some()
            && let Err(error) = self.engine.give_turn().await
        {
            // The connection is given up, and the turn with it.
            tracing::debug!(%error, "the turn could not be given back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_queues_up_after_a_lost_round_and_no_more_when_it_is_alone_for_long() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        assert!(!turns.is_to_queue(now));
        turns.lost();
        assert!(turns.is_to_queue(now));
        for _ in 1..TURNS_ALONE_MAX {
            turns.found(false);
        }
        assert!(turns.is_to_queue(now));
        turns.found(true);
        for _ in 0..TURNS_ALONE_MAX {
            turns.found(false);
        }
        assert!(!turns.is_to_queue(now));
    }

    #[test]
    fn a_turn_is_taken_once_and_one_that_never_comes_is_not_waited_for_each_time() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        turns.lost();
        turns.taken(now);
        assert!(!turns.is_to_queue(now));
        turns.since = None;
        turns.waited_in_vain(now);
        assert!(!turns.is_to_queue(now));
        assert!(turns.is_to_queue(now + VAIN_PAUSE));
    }
}
