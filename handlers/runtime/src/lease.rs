//! The hold that a worker has on a job while it acts.

use std::sync::Arc;

use crate::job::Ticket;
use crate::jobs::{JobStore, JobStoreError};

/// A worker's hold on one job. It is renewed by the worker while the act runs; what is left to the
/// act is to say that it is about to do something that cannot be repeated blindly.
#[derive(Debug, Clone)]
pub struct Lease {
    jobs: Arc<dyn JobStore>,
    ticket: Ticket,
}

impl Lease {
    /// The hold that a claim gave.
    #[must_use]
    pub fn new(jobs: Arc<dyn JobStore>, ticket: Ticket) -> Self {
        Self { jobs, ticket }
    }

    /// Records durably that the effect begins now. `false` when the lease was lost to another
    /// worker: the act must then stop without touching anything.
    ///
    /// When the act ends with an outcome its mark is taken away; when the process dies in between, or
    /// the act is cut off because it took too long or panicked, the next attempts see
    /// [`crate::Job::interrupted`].
    ///
    /// # Errors
    /// [`JobStoreError`] when the mark could not be written: the effect must not begin.
    pub async fn mark_started(&self) -> Result<bool, JobStoreError> {
        self.jobs.mark_started(self.ticket).await
    }
}
