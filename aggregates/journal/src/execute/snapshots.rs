//! Saves snapshots in the background. They are a cache: one that is not saved costs time only.

use std::fmt;
use std::sync::Arc;

use invoiceapp_domain::{Decider, STATE_HASH, StreamId};
use tokio::sync::mpsc;

use crate::loaded::Loaded;
use crate::port::{Journal, Snapshot};

/// A snapshot is saved whenever a stream's version passes a multiple of this, so that no more than
/// so many events less one are folded behind it; a large state is saved less often.
pub const SNAPSHOT_EVERY_EVENTS: u64 = 16;
/// For each so many bytes of a state, the snapshots are that much farther apart: what is written for
/// them stays in proportion to the events.
pub const SNAPSHOT_STATE_BYTES: u64 = 32 << 10;
/// Most snapshots that wait to be saved; beyond, they are dropped.
pub const SNAPSHOTS_WAITING_MAX: usize = 64;

/// Builds the snapshot in the background task, out of the command's way.
type Build = Box<dyn FnOnce() -> Option<(StreamId, Snapshot)> + Send>;

#[derive(Clone)]
pub(super) struct SnapshotSaver {
    sender: mpsc::Sender<Build>,
}

impl fmt::Debug for SnapshotSaver {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SnapshotSaver")
    }
}

impl SnapshotSaver {
    pub(super) fn start(journal: Arc<dyn Journal>) -> Self {
        let (sender, mut receiver) = mpsc::channel::<Build>(SNAPSHOTS_WAITING_MAX);
        tokio::spawn(async move {
            while let Some(build) = receiver.recv().await {
                let Some((stream, snapshot)) = build() else {
                    continue;
                };
                if let Err(error) = journal.save_snapshot(&stream, snapshot).await {
                    tracing::warn!(%error, %stream, "a snapshot was not saved");
                }
            }
        });
        Self { sender }
    }

    /// Saves a snapshot when the fold has passed a multiple of [`SNAPSHOT_EVERY_EVENTS`] on its way
    /// from `folded_from`, or of as many times that as its size makes necessary.
    pub(super) fn offer<A: Decider>(&self, loaded: &Arc<Loaded<A>>, folded_from: u64) {
        if !passes(SNAPSHOT_EVERY_EVENTS, folded_from, loaded.version) {
            return;
        }
        let loaded = Arc::clone(loaded);
        let build: Build = Box::new(move || {
            let state_json = serde_json::to_string(&*loaded).ok()?;
            if !passes(distance(state_json.len()), folded_from, loaded.version) {
                return None;
            }
            let state_hash = STATE_HASH.to_owned();
            let snapshot = Snapshot {
                version: loaded.version,
                state_hash,
                state_json,
            };
            Some((loaded.stream.clone(), snapshot))
        });
        // A full queue drops it: the next multiple offers it again.
        let _ = self.sender.try_send(build);
    }
}

/// Events between two snapshots of a state of so many bytes.
fn distance(state_bytes: usize) -> u64 {
    let state_bytes = u64::try_from(state_bytes).unwrap_or(u64::MAX);
    SNAPSHOT_EVERY_EVENTS.saturating_mul(1 + state_bytes / SNAPSHOT_STATE_BYTES)
}

/// Whether a multiple of `distance` lies behind `from`, up to `to`.
const fn passes(distance: u64, from: u64, to: u64) -> bool {
    to / distance > from / distance
}

#[cfg(test)]
mod tests {
    use super::{SNAPSHOT_EVERY_EVENTS, SNAPSHOT_STATE_BYTES, distance, passes};

    #[test]
    fn a_small_state_is_saved_at_every_multiple() {
        assert_eq!(distance(2_000), SNAPSHOT_EVERY_EVENTS);
        assert!(passes(16, 15, 16) && passes(16, 0, 40));
        assert!(!passes(16, 16, 31));
    }

    #[test]
    fn a_large_state_is_saved_less_often() {
        let state_bytes = usize::try_from(10 * SNAPSHOT_STATE_BYTES).unwrap();
        assert_eq!(distance(state_bytes), 11 * SNAPSHOT_EVERY_EVENTS);
    }
}
