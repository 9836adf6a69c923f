//! Healing: a parked stream is folded again from its first event, and goes on when it folds.

use std::time::Duration;

use invoiceapp_domain::StreamId;
use invoiceapp_journal::port::{READ_EVENTS_MAX, is_last_page};
use invoiceapp_journal::verify::StreamSource;

use super::{PARKED_KEYS_MAX, ProjectError, Projector};
use crate::document::Document;
use crate::store::{Unparked, ViewStore};
use crate::views::{self, ViewFoldError};

/// How often a heal is tried while others move the views. Every round after the first reads only
/// what is new, so that it does not have to outrun a busy projector with a long stream.
pub const RETRY_ROUNDS_MAX: u32 = 100;
/// The pause between two of them.
pub const RETRY_PAUSE: Duration = Duration::from_millis(5);

/// What retrying a parked stream came to.
#[derive(Debug)]
pub enum Retried {
    /// It folds: its document, its counters and its number are those of the journal again.
    Healed {
        /// The version that the document has reached.
        version: u64,
    },
    /// It was not parked.
    NotParked,
    /// It still cannot be folded; nothing was changed.
    StillParked(ViewFoldError),
}

impl Projector {
    /// [`retry_parked`] with this projector's journal and store.
    ///
    /// # Errors
    /// [`ProjectError`]; nothing was changed.
    pub async fn retry_parked(&self, stream: &StreamId) -> Result<Retried, ProjectError> {
        retry_parked(self.journal.as_ref(), self.store.as_ref(), stream).await
    }
}

/// Folds a parked stream again from the journal, up to where the views are, and lets it go on if it
/// folds. May be called while a projector runs, here or in another process.
///
/// # Errors
/// [`ProjectError`]; nothing was changed.
pub async fn retry_parked<J: StreamSource + ?Sized>(
    journal: &J,
    store: &dyn ViewStore,
    stream: &StreamId,
) -> Result<Retried, ProjectError> {
    let healer = Healer { journal, store };
    healer.heal(stream).await
}

struct Healer<'a, J: ?Sized> {
    journal: &'a J,
    store: &'a dyn ViewStore,
}

impl<J: StreamSource + ?Sized> Healer<'_, J> {
    async fn heal(&self, stream: &StreamId) -> Result<Retried, ProjectError> {
        let parked = self.store.parked(PARKED_KEYS_MAX).await?;
        if !parked.iter().any(|parked| parked.stream == *stream) {
            return Ok(Retried::NotParked);
        }
        let mut folded = None;
        for _ in 0..RETRY_ROUNDS_MAX {
            let checkpoint = self.store.checkpoint().await?;
            if let Err(error) = self.fold_further(stream, &mut folded, checkpoint).await? {
                return Ok(Retried::StillParked(error));
            }
            let Some(document) = &folded else {
                return Ok(Retried::StillParked(ViewFoldError::Empty));
            };
            let stored = self.store.document(stream).await?;
            let change = match views::replace(stored.as_ref(), document) {
                Ok(change) => change,
                Err(error) => return Ok(Retried::StillParked(error)),
            };
            let version = change.document.version;
            match self.store.unpark(checkpoint, change).await? {
                Unparked::Committed => {
                    tracing::info!(%stream, version, "parked stream healed");
                    return Ok(Retried::Healed { version });
                }
                Unparked::NotParked => return Ok(Retried::NotParked),
                Unparked::Fenced => tokio::time::sleep(RETRY_PAUSE).await,
            }
        }
        let stream = stream.clone();
        Err(ProjectError::Contended { stream })
    }

    /// Folds what the document has not seen, up to and including `checkpoint`: what comes later is
    /// the projector's.
    async fn fold_further(
        &self,
        stream: &StreamId,
        folded: &mut Option<Document>,
        checkpoint: u64,
    ) -> Result<Result<(), ViewFoldError>, ProjectError> {
        loop {
            let seen = folded.as_ref().map_or(0, |document| document.version);
            let read = self.journal.stream_page(stream, seen, READ_EVENTS_MAX);
            let mut events = read.await?;
            let is_last = is_last_page(&events, READ_EVENTS_MAX);
            let read_events = events.len();
            events.retain(|event| event.position <= checkpoint);
            if !events.is_empty() {
                match views::fold(stream.kind, folded.as_ref(), &events) {
                    Ok(change) => *folded = Some(change.document),
                    Err(error) => return Ok(Err(error)),
                }
            }
            if is_last || events.len() < read_events {
                return Ok(Ok(()));
            }
        }
    }
}
