//! What the writer does when it does not know: whether a batch was written, or what others have.

use super::commit::Committer;
use super::engine::{Batch, Change, Engine, EngineError, Facts, HeadState, Wanted};

/// Events of other writers that are read to bring the memory up to date. Where there are more, it
/// costs less to look up the few things that the next batches need of them.
const RELEARN_EVENTS_MAX: usize = 128;

impl<E: Engine> Committer<E> {
    /// After a write whose outcome is unknown: the receipts tell it.
    pub(super) async fn resolve(
        &mut self,
        batch: &Batch,
        error: EngineError,
    ) -> Result<(), EngineError> {
        self.memory.is_exact = false;
        let receipts = batch.receipts.iter().map(|(command, _)| *command).collect();
        let wanted = Wanted {
            receipts,
            ..Wanted::default()
        };
        let Ok(found) = self.engine.lookup(&wanted).await else {
            return Err(error);
        };
        let is_there = |(command, receipt)| found.receipts.get(command) == Some(receipt);
        let is_committed = !batch.receipts.is_empty()
            && batch
                .receipts
                .iter()
                .map(|(command, receipt)| (command, receipt))
                .all(is_there);
        if !is_committed {
            return Err(error);
        }
        tracing::warn!(%error, "the engine failed, and the batch is there");
        // Whether the head is still at this batch's end is read again with the next one.
        Ok(())
    }

    /// Makes the memory exact again: reads what others have written, or forgets.
    pub(super) async fn relearn(&mut self) -> Result<(), EngineError> {
        let Facts { head, .. } = self.engine.lookup(&Wanted::default()).await?;
        let behind = head.position.saturating_sub(self.memory.head.position);
        let is_near = usize::try_from(behind).is_ok_and(|behind| behind <= RELEARN_EVENTS_MAX);
        if !(is_near && self.learn_until(head).await?) {
            self.memory.forget(head);
        }
        self.memory.is_exact = true;
        Ok(())
    }

    /// False when the journal does not continue what the memory knows: when the event that it knows
    /// last is not there with its hash, or those after it do not lead to the head.
    async fn learn_until(&mut self, head: HeadState) -> Result<bool, EngineError> {
        let known = self.memory.head;
        if known.position < head.position {
            let from = known.position.max(1);
            // The event that is known, and those behind it.
            let changes = self.engine.changes(from, RELEARN_EVENTS_MAX + 1).await?;
            let mut changes = changes.into_iter();
            let is_known = |first: Change| first.position == from && first.hash == known.hash;
            if known.position > 0 && !changes.next().is_some_and(is_known) {
                return Ok(false);
            }
            for change in changes.take_while(|change| change.position <= head.position) {
                let is_next = change.position == self.memory.head.position.saturating_add(1);
                if !is_next || !self.memory.learn(&change) {
                    return Ok(false);
                }
                (self.memory.head.position, self.memory.head.hash) = (change.position, change.hash);
            }
        }
        self.memory.head.recorded_at = head.recorded_at;
        Ok(self.memory.head == head)
    }
}
