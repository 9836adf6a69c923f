//! What the last write came to, told to whoever wants to know.

use jiff::Timestamp;
use tokio::sync::watch;

use crate::port::Writability;

/// The teller.
#[derive(Debug)]
pub(crate) struct LastWrite {
    told: watch::Sender<Writability>,
}

impl LastWrite {
    pub(crate) fn new() -> Self {
        Self {
            told: watch::Sender::new(Writability::Writable),
        }
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Writability> {
        self.told.subscribe()
    }

    pub(crate) fn has_failed(&self) -> bool {
        *self.told.borrow() != Writability::Writable
    }

    /// A write was kept.
    pub(crate) fn kept(&self) {
        let was_failing = |state: &mut Writability| {
            std::mem::replace(state, Writability::Writable) != Writability::Writable
        };
        if self.told.send_if_modified(was_failing) {
            tracing::info!("the journal can be written again");
        }
    }

    /// A write failed; the first of several says since when.
    pub(crate) fn failed(&self, since: Timestamp) {
        self.told.send_if_modified(|state| {
            let is_news = *state == Writability::Writable;
            if is_news {
                *state = Writability::Failing { since };
            }
            is_news
        });
    }
}
