//! The job store's port: keeps what was planned, who works on it, and what became of it.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use thiserror::Error;
use tokio::sync::watch;

use crate::job::{Claim, JobId, JobState, PlanBatch, Ticket, Verdict};

/// Most jobs that one listing returns.
pub const LIST_JOBS_MAX: usize = 1_000;
/// Longest reason that is kept, in bytes.
pub const REASON_BYTES_MAX: usize = 500;

/// Where a reactor that the store has never seen begins to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the journal's present head: what happened before the reactor existed is not its business.
    Head,
    /// At the first event, which is right on a new data directory.
    Beginning,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only of this reactor.
    pub reactor: Option<String>,
    /// Only in this state.
    pub state: Option<JobState>,
    /// Only with this id.
    pub id: Option<JobId>,
    /// Only those that are not finished: neither done nor cancelled.
    pub unfinished: bool,
    /// Only those that are listed behind this job, which has to be there still: the last one of a
    /// page leads to the next page.
    pub after: Option<JobId>,
    /// At most so many, and never more than [`LIST_JOBS_MAX`]; 0 is the same as the maximum.
    pub limit: usize,
}

/// A job as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobRecord {
    /// Which.
    pub id: JobId,
    /// Whose.
    pub reactor: String,
    /// What it is unique by.
    pub dedupe_key: String,
    /// The unit of order and of parking.
    pub key: String,
    /// Where it is in its life.
    pub state: JobState,
    /// Attempts so far, without those whose process was killed.
    pub attempt: u32,
    /// The journal position of its event.
    pub position: u64,
    /// The last reason that was given.
    pub reason: Option<String>,
    /// The fact it waits for.
    pub wake_on: Option<String>,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it is looked at next, unless it is finished or parked.
    pub due_at: Option<Timestamp>,
}

/// How many jobs of a reactor are in a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateCount {
    /// The state.
    pub state: JobState,
    /// How many.
    pub count: u64,
    /// When the oldest of them was planned.
    pub oldest: Option<Timestamp>,
}

/// How a reactor is doing, for health and metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReactorStatus {
    /// Which.
    pub reactor: String,
    /// Its checkpoint in the feed; the distance to the head is its lag.
    pub position: u64,
    /// Jobs per state, states without a job left out.
    pub counts: Vec<StateCount>,
}

impl ReactorStatus {
    /// How many jobs are in a state.
    #[must_use]
    pub fn count(&self, state: JobState) -> u64 {
        self.counts
            .iter()
            .find(|entry| entry.state == state)
            .map_or(0, |entry| entry.count)
    }
}

/// The store failed.
#[derive(Debug, Error)]
pub enum JobStoreError {
    /// Reading or writing is not possible now; trying again later is right.
    #[error("the job store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored row is not what this program writes.
    #[error("the job store is damaged: {what}")]
    Damaged {
        /// Which column or row.
        what: String,
    },
    /// The reactor was never registered.
    #[error("the reactor {reactor} is not registered")]
    Unregistered {
        /// Which.
        reactor: String,
    },
}

/// The port. Times come in from the caller; every change is one transaction and durable when the
/// call returns.
#[async_trait]
pub trait JobStore: Send + Sync + fmt::Debug {
    /// Makes a reactor known, beginning after a position; one that is known already keeps its
    /// checkpoint. Returns the checkpoint that holds now.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn register(
        &self,
        reactor: &str,
        start_after: u64,
        now: Timestamp,
    ) -> Result<u64, JobStoreError>;

    /// A reactor's checkpoint, `None` when it was never registered.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn checkpoint(&self, reactor: &str) -> Result<Option<u64>, JobStoreError>;

    /// Writes what the events in `(from, to]` came to and moves the checkpoint, in one transaction.
    /// `false`, and nothing written, when the checkpoint is not `from` any more.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn commit_plan(
        &self,
        reactor: &str,
        (from, to): (u64, u64),
        batch: &PlanBatch,
        now: Timestamp,
    ) -> Result<bool, JobStoreError>;

    /// Finishes a job of kind [`JobKind::Plan`] with what its event came to, in one transaction.
    /// `false`, and nothing written, when the ticket's fence is an old one.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn finish_plan(
        &self,
        ticket: Ticket,
        batch: &PlanBatch,
        now: Timestamp,
    ) -> Result<bool, JobStoreError>;

    /// Takes the next job that is due, or whose lease has run out, and that has no unfinished
    /// earlier job of its key. The latter is the same attempt once more.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn claim(
        &self,
        reactor: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Claim>, JobStoreError>;

    /// Extends a lease; `false` when it was lost.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn renew(&self, ticket: Ticket, lease_until: Timestamp) -> Result<bool, JobStoreError>;

    /// Marks the effect as started; `false` when the lease was lost.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn mark_started(&self, ticket: Ticket) -> Result<bool, JobStoreError>;

    /// Writes what became of a claimed job; `false`, and nothing written, when the lease was lost.
    /// A job whose cancellation was asked for meanwhile is cancelled instead, unless it is done.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn finish(
        &self,
        ticket: Ticket,
        verdict: &Verdict,
        now: Timestamp,
    ) -> Result<bool, JobStoreError>;

    /// When the next job can be claimed; in the past when one can be claimed now.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn next_due(&self, reactor: &str) -> Result<Option<Timestamp>, JobStoreError>;

    /// Ends every lease of a reactor. Only for a caller that knows that no other process works on
    /// the store, because it holds the data directory's lock: a restart then waits for no lease of
    /// the dead.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn release_leases(&self, reactor: &str, now: Timestamp) -> Result<u64, JobStoreError>;

    /// How every registered reactor is doing.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn status(&self) -> Result<Vec<ReactorStatus>, JobStoreError>;

    /// The same with the unfinished jobs only: what that costs does not depend on how many finished
    /// ones are kept, so health and metrics may ask often.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn backlog(&self) -> Result<Vec<ReactorStatus>, JobStoreError>;

    /// Jobs, oldest event first.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, JobStoreError>;

    /// Makes a parked, waiting or backed-off job due now, with its attempts counted anew. `false`
    /// when there is no such job in such a state.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn retry(&self, id: JobId, now: Timestamp) -> Result<bool, JobStoreError>;

    /// Cancels a job that is not finished; one that runs now is cancelled when its act ends without
    /// success. `false` when there is no such job.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn cancel(&self, id: JobId, reason: &str, now: Timestamp) -> Result<bool, JobStoreError>;

    /// Forgets what was in jobs that were finished before an instant, at most `limit` of them, and
    /// keeps their ids, so that none is ever planned again. Returns how many.
    ///
    /// # Errors
    /// [`JobStoreError`].
    async fn prune(&self, finished_before: Timestamp, limit: u32) -> Result<u64, JobStoreError>;

    /// Changes when another process may have made jobs of a reactor claimable. It may miss some, so
    /// a worker also looks by itself from time to time. `None` where there is no other process.
    fn subscribe(&self, _reactor: &str) -> Option<watch::Receiver<u64>> {
        None
    }
}
