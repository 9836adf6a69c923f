//! Saves snapshots in the background. They are a cache: one that is not saved costs time only.

use std::fmt;
use std::sync::Arc;

use invoiceapp_domain::{Decider, STATE_HASH, StreamId};
use tokio::sync::mpsc;

use crate::loaded::Loaded;
use crate::port::{Journal, Snapshot};

/// A snapshot is saved whenever a stream's version passes a multiple of this.
pub const SNAPSHOT_EVERY_EVENTS: u64 = 50;
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
    /// from `folded_from`.
    pub(super) fn offer<A: Decider>(&self, loaded: &Arc<Loaded<A>>, folded_from: u64) {
        let passed = |version: u64| version / SNAPSHOT_EVERY_EVENTS;
        if passed(loaded.version) <= passed(folded_from) {
            return;
        }
        let loaded = Arc::clone(loaded);
        let build: Build = Box::new(move || {
            let state_json = serde_json::to_string(&*loaded).ok()?;
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
