//! One reactor at work: its planner, its workers, and the steps of both for a caller that wants to
//! take them one by one.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use invoiceapp_domain::Ambient;
use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::feed::{Feed, FeedError};
use crate::jobs::{JobStore, JobStoreError, Start};
use crate::reactor::Reactor;
use crate::{planner, worker};

/// Jobs of one reactor that run at the same time, unless the settings say otherwise.
const WORKERS_DEFAULT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(3);

/// How patient and how parallel a reactor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Jobs of one reactor that run at the same time.
    pub workers: NonZeroUsize,
    /// How long a claim holds without being renewed. It is renewed three times as often.
    pub lease: Duration,
    /// Attempts of a job that fails, before it is parked.
    pub attempts_max: u32,
    /// Attempts of a job in a row that may go without an end, because the process was killed, before
    /// the job is taken for what kills it, and parked. Between two of them lies a lease. They count for
    /// nothing else: not as attempts that failed, and not for the pause.
    pub attempts_without_end_max: u32,
    /// The pause between them.
    pub retry: Backoff,
    /// The pause while a part is down; the attempts go on until it returns.
    pub outage: Backoff,
    /// Longest run of one act; it is then given up and counted as failed.
    pub act_time_max: Duration,
    /// How long a shutdown waits for the acts that run.
    pub drain_time_max: Duration,
    /// How long a finished job can be looked at.
    pub keep_finished: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: WORKERS_DEFAULT,
            lease: Duration::from_secs(30),
            attempts_max: 5,
            attempts_without_end_max: 30,
            retry: Backoff {
                first: Duration::from_secs(1),
                longest: Duration::from_mins(5),
            },
            outage: Backoff {
                first: Duration::from_secs(1),
                longest: Duration::from_secs(30),
            },
            act_time_max: Duration::from_mins(5),
            drain_time_max: Duration::from_secs(10),
            keep_finished: Duration::from_hours(30 * 24),
        }
    }
}

/// What every reactor of a process shares.
#[derive(Debug, Clone)]
pub struct RuntimeParts {
    /// Where events come from.
    pub feed: Arc<dyn Feed>,
    /// Where jobs are kept.
    pub jobs: Arc<dyn JobStore>,
    /// The clock.
    pub ambient: Arc<dyn Ambient>,
    /// Patience and parallelism.
    pub settings: Settings,
}

/// A step could not be taken; nothing is lost by trying again.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// The feed cannot be read.
    #[error("the reactor's feed cannot be read")]
    Feed(#[from] FeedError),
    /// The job store cannot be used.
    #[error("the reactor's job store cannot be used")]
    Jobs(#[from] JobStoreError),
}

/// A reactor with everything it runs on. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ReactorRuntime {
    pub(crate) reactor: Arc<dyn Reactor>,
    /// Where an event is read that could not be planned.
    pub(crate) healing: Arc<dyn Feed>,
    pub(crate) parts: RuntimeParts,
    /// Jobs may have become claimable.
    pub(crate) work: Arc<Notify>,
}

impl ReactorRuntime {
    /// Puts a reactor on its parts.
    #[must_use]
    pub fn new(reactor: Arc<dyn Reactor>, parts: RuntimeParts) -> Self {
        Self {
            reactor,
            healing: Arc::clone(&parts.feed),
            parts,
            work: Arc::new(Notify::new()),
        }
    }

    /// Reads an event whose planning is tried again from here: a record that is damaged in the feed
    /// stays damaged there, and the journal has the event as it was written.
    #[must_use]
    pub fn healing_from(mut self, feed: Arc<dyn Feed>) -> Self {
        self.healing = feed;
        self
    }

    /// The reactor's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.reactor.name()
    }

    /// Makes the reactor known to the job store. Has to happen before the first command is let in,
    /// or the events in between are before its time. Returns its checkpoint.
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn register(&self, start: Start) -> Result<u64, RuntimeError> {
        if let Some(position) = self.parts.jobs.checkpoint(self.name()).await? {
            return Ok(position);
        }
        let start_after = match start {
            Start::Beginning => 0,
            Start::Head => self.parts.feed.head().await?,
        };
        Ok(self
            .parts
            .jobs
            .register(self.name(), start_after, self.now())
            .await?)
    }

    /// Plans and works until cancelled, through any outage of feed and store. On cancellation no
    /// new job is claimed, and the acts that run are waited for, up to
    /// [`Settings::drain_time_max`].
    ///
    /// # Errors
    /// [`JobStoreError::Unregistered`] when [`Self::register`] was never called.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), RuntimeError> {
        let unregistered = || JobStoreError::Unregistered {
            reactor: self.name().to_owned(),
        };
        // An outage at this moment is the loops' business, which wait it out.
        if let Ok(None) = self.parts.jobs.checkpoint(self.name()).await {
            return Err(unregistered().into());
        }
        tokio::join!(planner::run(&self, &cancel), worker::run(&self, &cancel));
        Ok(())
    }

    /// Plans what is in the feed now. Returns how many events that were.
    ///
    /// # Errors
    /// [`RuntimeError`]; what was planned before it stays planned.
    pub async fn plan_available(&self) -> Result<usize, RuntimeError> {
        planner::plan_available(self).await
    }

    /// Works on what is due now, one job after the other. Returns how many acts that were.
    ///
    /// # Errors
    /// [`RuntimeError`]; what was finished before it stays finished.
    pub async fn run_due(&self) -> Result<usize, RuntimeError> {
        worker::run_due(self).await
    }

    /// Ends the leases that a dead process left. Only for a caller that knows that no other process
    /// works on the job store, because it holds the data directory's lock.
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub async fn take_over(&self) -> Result<u64, RuntimeError> {
        Ok(self
            .parts
            .jobs
            .release_leases(self.name(), self.now())
            .await?)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.parts.ambient.now()
    }

    pub(crate) fn after(&self, delay: Duration) -> Timestamp {
        self.now().saturating_add(delay).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn before(&self, age: Duration) -> Timestamp {
        self.now().saturating_sub(age).unwrap_or(Timestamp::MIN)
    }
}
