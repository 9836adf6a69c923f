//! The job store on PostgreSQL, 15 or newer, for any number of processes at the same time.
//!
//! The statements are those of the SQLite adapter with rows locked where that one has the whole
//! file to itself:
//! - A claim takes its job `FOR UPDATE SKIP LOCKED`, and a raised fence says whose it is.
//! - What plans, wakes, waits for a fact or prunes locks the reactor's row first and jobs after it,
//!   so that a wake and a wait for it happen one after the other, and nothing waits in a circle.
//! - Nothing else holds more than one lock.
//!
//! Leases are in the caller's time. Where processes on several machines share the store, that has to
//! be one time: [`DatabaseClock`].

mod admin;
mod claim;
mod clock;
mod connect;
mod listen;
mod plan;
mod rows;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_observe::client::{called, found, table};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::columns::unavailable;
use crate::job::{Claim, JobId, PlanBatch, Ticket, Verdict};
use crate::jobs::{JobFilter, JobRecord, JobStore, JobStoreError, ReactorStatus};
use crate::spans;

pub use clock::{CLOCK_READ_EVERY, DatabaseClock};
pub use connect::{CONNECTIONS_DEFAULT, PostgresOptions, SCHEMA_DEFAULT};

use connect::Connections;
use listen::Wakes;

/// Longest time from asking for a connection to the answer of a call.
const CALL_TIME_MAX: Duration = Duration::from_secs(15);

/// What the spans of its calls name it.
const SYSTEM: &str = "postgresql";

/// The PostgreSQL adapter of [`JobStore`]. Cheap to clone.
#[derive(Clone)]
pub struct PostgresJobStore {
    connections: Connections,
    wakes: Arc<Wakes>,
}

impl fmt::Debug for PostgresJobStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PostgresJobStore")
            .finish_non_exhaustive()
    }
}

impl PostgresJobStore {
    /// Connects, and brings schema and tables up to date, unless the options leave them alone.
    ///
    /// # Errors
    /// [`JobStoreError::Unavailable`] when the server does not answer in time, refuses, or was
    /// written by a newer version.
    pub async fn connect(options: &PostgresOptions) -> Result<Self, JobStoreError> {
        let connections = Connections::open(options).await?;
        let wakes = Arc::new(Wakes::listen(connections.options()));
        Ok(Self { connections, wakes })
    }

    /// The server's clock, for the runtime and everything else that tells this store the time.
    ///
    /// # Errors
    /// [`JobStoreError::Unavailable`] when the server does not say what time it is.
    pub async fn clock(
        &self,
        process: Arc<dyn invoiceapp_domain::Ambient>,
    ) -> Result<DatabaseClock, JobStoreError> {
        DatabaseClock::start(self.connections.clone(), process).await
    }

    /// How many connections are used, and how many are idle.
    #[must_use]
    pub fn connections(&self) -> (u64, u64) {
        self.connections.used_and_idle()
    }

    /// Closes every connection once the calls that run have ended.
    pub async fn close(&self) {
        self.wakes.stop();
        self.connections.close().await;
    }

    /// Tells the other processes that jobs may have become claimable. Worth nothing but time: who
    /// misses it looks by itself a few seconds later.
    async fn announce(&self, reactor: &str) {
        let sent = within(async {
            let mut connection = self.connections.lend().await?;
            listen::notify(&mut connection, reactor).await?;
            connection.give_back();
            Ok(())
        });
        if let Err(failure) = sent.await {
            tracing::debug!(
                reactor,
                "other processes are not told of new jobs: {failure}"
            );
        }
    }
}

/// A call with its deadline. Its connection is closed when the deadline passes.
async fn within<T>(
    call: impl Future<Output = Result<T, JobStoreError>>,
) -> Result<T, JobStoreError> {
    match tokio::time::timeout(CALL_TIME_MAX, call).await {
        Ok(answer) => answer,
        Err(elapsed) => Err(unavailable(elapsed)),
    }
}

/// Runs one function of this module on a connection that is given back only after success.
macro_rules! on_connection {
    ($store:expr, $function:path $(, $argument:expr)*) => {
        within(async {
            let mut connection = $store.connections.lend().await?;
            let answer = $function(&mut connection $(, $argument)*).await?;
            connection.give_back();
            Ok(answer)
        })
    };
}

#[async_trait]
impl JobStore for PostgresJobStore {
    async fn register(
        &self,
        reactor: &str,
        start_after: u64,
        now: Timestamp,
    ) -> Result<u64, JobStoreError> {
        on_connection!(self, plan::register, reactor, start_after, now).await
    }

    async fn checkpoint(&self, reactor: &str) -> Result<Option<u64>, JobStoreError> {
        on_connection!(self, plan::checkpoint, reactor).await
    }

    async fn commit_plan(
        &self,
        reactor: &str,
        range: (u64, u64),
        batch: &PlanBatch,
        now: Timestamp,
    ) -> Result<bool, JobStoreError> {
        let planned = on_connection!(self, plan::commit_plan, reactor, range, batch, now);
        let committed = called(table(SYSTEM, "INSERT", "jobs"), planned).await?;
        if committed && *batch != PlanBatch::default() {
            self.announce(reactor).await;
        }
        Ok(committed)
    }

    async fn finish_plan(
        &self,
        ticket: Ticket,
        batch: &PlanBatch,
        now: Timestamp,
    ) -> Result<bool, JobStoreError> {
        let planned = on_connection!(self, plan::finish_plan, ticket, batch, now);
        let reactor = called(table(SYSTEM, "INSERT", "jobs"), planned).await?;
        if let Some(reactor) = &reactor {
            self.announce(reactor).await;
        }
        Ok(reactor.is_some())
    }

    async fn claim(
        &self,
        reactor: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Claim>, JobStoreError> {
        let claim = on_connection!(self, claim::claim, reactor, now, lease_until);
        found((SYSTEM, "UPDATE", "jobs"), claim, spans::of_claimed).await
    }

    async fn renew(&self, ticket: Ticket, lease_until: Timestamp) -> Result<bool, JobStoreError> {
        let renewed = on_connection!(self, claim::renew, ticket, lease_until);
        called(table(SYSTEM, "UPDATE", "jobs"), renewed).await
    }

    async fn mark_started(&self, ticket: Ticket) -> Result<bool, JobStoreError> {
        let marked = on_connection!(self, claim::mark_started, ticket);
        called(table(SYSTEM, "UPDATE", "jobs"), marked).await
    }

    async fn finish(
        &self,
        ticket: Ticket,
        verdict: &Verdict,
        now: Timestamp,
    ) -> Result<bool, JobStoreError> {
        let finished = on_connection!(self, claim::finish, ticket, verdict, now);
        called(table(SYSTEM, "UPDATE", "jobs"), finished).await
    }

    async fn next_due(&self, reactor: &str) -> Result<Option<Timestamp>, JobStoreError> {
        on_connection!(self, claim::next_due, reactor).await
    }

    async fn release_leases(&self, reactor: &str, now: Timestamp) -> Result<u64, JobStoreError> {
        let released = on_connection!(self, claim::release_leases, reactor, now).await?;
        self.announce(reactor).await;
        Ok(released)
    }

    async fn status(&self) -> Result<Vec<ReactorStatus>, JobStoreError> {
        on_connection!(self, admin::status).await
    }

    async fn backlog(&self) -> Result<Vec<ReactorStatus>, JobStoreError> {
        on_connection!(self, admin::backlog).await
    }

    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobRecord>, JobStoreError> {
        on_connection!(self, admin::list, filter).await
    }

    async fn retry(&self, id: JobId, now: Timestamp) -> Result<bool, JobStoreError> {
        let reactor = on_connection!(self, admin::retry, id, now).await?;
        if let Some(reactor) = &reactor {
            self.announce(reactor).await;
        }
        Ok(reactor.is_some())
    }

    async fn cancel(&self, id: JobId, reason: &str, now: Timestamp) -> Result<bool, JobStoreError> {
        let reactor = on_connection!(self, admin::cancel, id, reason, now).await?;
        if let Some(reactor) = &reactor {
            self.announce(reactor).await;
        }
        Ok(reactor.is_some())
    }

    async fn prune(&self, finished_before: Timestamp, limit: u32) -> Result<u64, JobStoreError> {
        on_connection!(self, admin::prune, finished_before, limit).await
    }

    fn subscribe(&self, reactor: &str) -> Option<watch::Receiver<u64>> {
        Some(self.wakes.subscribe(reactor))
    }
}
