//! What the writer does when it does not know: whether a batch was written, or what others have.

use invoiceapp_schemas::chain;

use super::commit::Committer;
use super::engine::{Batch, Engine, EngineError, Facts, HeadState, Wanted};

/// Events of other writers that are read to bring the memory up to date; beyond, it starts anew.
const RELEARN_EVENTS_MAX: u64 = 10_000;
/// Events per read while doing so.
const RELEARN_PAGE_EVENTS: usize = 1_000;

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
        if behind > RELEARN_EVENTS_MAX || !self.learn_until(head).await? {
            self.memory.forget(head);
        }
        self.memory.is_exact = true;
        Ok(())
    }

    /// False when the journal does not continue what the memory knows.
    async fn learn_until(&mut self, head: HeadState) -> Result<bool, EngineError> {
        while self.memory.head.position < head.position {
            let after = self.memory.head.position;
            let events = self.engine.tail(after, RELEARN_PAGE_EVENTS).await?;
            if events.is_empty() {
                return Ok(false);
            }
            for event in events
                .iter()
                .take_while(|event| event.position <= head.position)
            {
                let is_next = chain(self.memory.head.hash, event) == event.hash;
                if !is_next || !self.memory.learn(event) {
                    return Ok(false);
                }
                let (position, hash) = (event.position, event.hash);
                self.memory.head = HeadState {
                    position,
                    hash,
                    recorded_at: event.recorded_at,
                };
            }
        }
        Ok(self.memory.head == head)
    }
}
