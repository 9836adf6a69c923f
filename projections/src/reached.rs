//! How a process learns what position the views have reached: its own projector tells it, or it asks
//! the store, and that only while somebody waits.
//!
//! However many wait, one of them asks for all: whoever holds the turn. When it has what it waits
//! for, the next one takes over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::error::ViewError;
use crate::store::ViewStore;

/// First pause between two looks at the checkpoint; it doubles up to [`ASK_INTERVAL_MAX`] while the
/// checkpoint stands still.
pub const ASK_INTERVAL_FIRST: Duration = Duration::from_millis(5);
/// Longest pause between two looks.
pub const ASK_INTERVAL_MAX: Duration = Duration::from_millis(160);

/// The position that the views have reached, as it becomes known. Clones share what they learn.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    known: watch::Receiver<u64>,
    asking: Option<Arc<Asking>>,
}

#[derive(Debug)]
struct Asking {
    store: Arc<dyn ViewStore>,
    known: watch::Sender<u64>,
    turn: Mutex<()>,
}

impl Reached {
    /// A projector in this process tells it.
    pub(crate) const fn told(known: watch::Receiver<u64>) -> Self {
        Self {
            known,
            asking: None,
        }
    }

    /// The store is asked.
    pub(crate) fn asked(store: Arc<dyn ViewStore>) -> Self {
        let (sender, known) = watch::channel(0);
        let asking = Arc::new(Asking {
            store,
            known: sender,
            turn: Mutex::new(()),
        });
        Self {
            known,
            asking: Some(asking),
        }
    }

    pub(crate) fn known(&self) -> u64 {
        *self.known.borrow()
    }

    /// Returns once the views are known to have reached a position.
    pub(crate) async fn wait_for(&self, position: u64, at_most: Duration) -> Result<(), ViewError> {
        let behind = ViewError::Behind { wanted: position };
        let deadline = Instant::now() + at_most;
        let mut known = self.known.clone();
        // It fails when the projector has ended and will never tell.
        let told = known.wait_for(|known| *known >= position);
        tokio::select! {
            biased;
            told = told => told.map(|_| ()).map_err(|_| behind),
            failed = self.ask(position, deadline) => Err(failed.unwrap_or(behind)),
            () = tokio::time::sleep_until(deadline) => Err(behind),
        }
    }

    /// Waits for the turn and asks until the deadline; what is learnt, [`Self::wait_for`] sees.
    /// Returns at the deadline, with what went wrong the last time.
    async fn ask(&self, position: u64, deadline: Instant) -> Option<ViewError> {
        let Some(asking) = &self.asking else {
            return std::future::pending().await;
        };
        let _turn = asking.turn.lock().await;
        let mut pause = ASK_INTERVAL_FIRST;
        loop {
            let answer = tokio::time::timeout_at(deadline, asking.store.checkpoint()).await;
            let failed = match answer {
                Ok(Ok(checkpoint)) => {
                    let moved = asking.known.send_if_modified(|known| {
                        let moved = checkpoint > *known;
                        *known = checkpoint.max(*known);
                        moved
                    });
                    if checkpoint >= position {
                        // Told by what was just sent.
                        return std::future::pending().await;
                    }
                    if moved {
                        pause = ASK_INTERVAL_FIRST;
                    }
                    None
                }
                Ok(Err(error)) => Some(error),
                Err(elapsed) => Some(ViewError::unavailable(elapsed)),
            };
            if Instant::now() + pause >= deadline {
                tokio::time::sleep_until(deadline).await;
                return failed;
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(ASK_INTERVAL_MAX);
        }
    }
}
