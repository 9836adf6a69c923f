//! How a process learns what position the views have reached: its own projector tells it, or it asks
//! the store, and that only while somebody waits.
//!
//! However many wait, one of them asks for all: whoever holds the turn. When it has what it waits
//! for, the next one takes over. What was learnt by asking is believed for [`KNOWN_FOR`] and no
//! longer, and a later answer counts even if it is lower: a store may lose what it had.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use invoiceapp_journal::port::Journal;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::error::ViewError;
use crate::store::ViewStore;

/// First pause between two looks at the checkpoint; it doubles up to [`ASK_INTERVAL_MAX`] while the
/// checkpoint stands still.
pub const ASK_INTERVAL_FIRST: Duration = Duration::from_millis(5);
/// Longest pause between two looks.
pub const ASK_INTERVAL_MAX: Duration = Duration::from_millis(160);
/// How long an answer of the store is believed.
pub const KNOWN_FOR: Duration = Duration::from_secs(1);

/// What a projector reports to its own process: the position that the views have reached, of which
/// journal.
#[derive(Clone)]
pub struct Reports {
    reached: watch::Receiver<u64>,
    journal: Arc<dyn Journal>,
}

impl Reports {
    pub(crate) fn new(reached: watch::Receiver<u64>, journal: Arc<dyn Journal>) -> Self {
        Self { reached, journal }
    }

    pub(crate) fn into_parts(self) -> (Reached, Arc<dyn Journal>) {
        (Reached::Told(self.reached), self.journal)
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Reports");
        shown.field("reached", &*self.reached.borrow());
        shown.finish_non_exhaustive()
    }
}

/// The position that the views have reached, as it becomes known. Clones share what they learn.
#[derive(Debug, Clone)]
pub(crate) enum Reached {
    /// A projector in this process tells it.
    Told(watch::Receiver<u64>),
    /// The store is asked.
    Asked(Arc<Asking>),
}

#[derive(Debug)]
pub(crate) struct Asking {
    store: Arc<dyn ViewStore>,
    known: watch::Sender<Answer>,
    turn: Mutex<()>,
}

/// What the store has said.
#[derive(Debug, Clone, Copy, Default)]
struct Answer {
    position: u64,
    at: Option<Instant>,
}

impl Answer {
    fn is_believed(self) -> bool {
        self.at.is_some_and(|at| at.elapsed() < KNOWN_FOR)
    }
}

impl Reached {
    /// The store is asked.
    pub(crate) fn asked(store: Arc<dyn ViewStore>) -> Self {
        Self::Asked(Arc::new(Asking {
            store,
            known: watch::Sender::new(Answer::default()),
            turn: Mutex::new(()),
        }))
    }

    pub(crate) fn known(&self) -> u64 {
        match self {
            Self::Told(reached) => *reached.borrow(),
            Self::Asked(asking) => asking.known.borrow().position,
        }
    }

    /// Returns once the views are known to have reached a position.
    pub(crate) async fn wait_for(&self, position: u64, at_most: Duration) -> Result<(), ViewError> {
        let behind = ViewError::Behind { wanted: position };
        let deadline = Instant::now() + at_most;
        match self {
            Self::Told(reached) => {
                let mut reached = reached.clone();
                let told = reached.wait_for(|reached| *reached >= position);
                // It fails when the projector has ended and will never tell.
                match tokio::time::timeout_at(deadline, told).await {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(_)) | Err(_) => Err(behind),
                }
            }
            Self::Asked(asking) => {
                let mut known = asking.known.subscribe();
                let told = known.wait_for(|it| it.position >= position && it.is_believed());
                tokio::select! {
                    biased;
                    told = told => told.map(|_| ()).map_err(|_| behind),
                    asked = asking.ask(position, deadline) => asked,
                    () = tokio::time::sleep_until(deadline) => Err(behind),
                }
            }
        }
    }
}

impl Asking {
    /// Waits for the turn and asks until the position is reached; what is learnt, everybody who waits
    /// sees. Fails at the deadline, with what went wrong the last time: a question that the deadline
    /// cuts off says nothing about the store, unless it was the only one.
    async fn ask(&self, position: u64, deadline: Instant) -> Result<(), ViewError> {
        let _turn = self.turn.lock().await;
        let mut pause = ASK_INTERVAL_FIRST;
        let mut failed_before = None;
        loop {
            let answer = tokio::time::timeout_at(deadline, self.store.checkpoint()).await;
            let failed = match answer {
                Ok(Ok(checkpoint)) => {
                    let before = self.known.send_replace(Answer {
                        position: checkpoint,
                        at: Some(Instant::now()),
                    });
                    if checkpoint >= position {
                        return Ok(());
                    }
                    if checkpoint != before.position {
                        pause = ASK_INTERVAL_FIRST;
                    }
                    ViewError::Behind { wanted: position }
                }
                Ok(Err(error)) => error,
                Err(elapsed) => {
                    return Err(failed_before.unwrap_or_else(|| ViewError::unavailable(elapsed)));
                }
            };
            if Instant::now() + pause >= deadline {
                tokio::time::sleep_until(deadline).await;
                return Err(failed);
            }
            failed_before = Some(failed);
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(ASK_INTERVAL_MAX);
        }
    }
}
