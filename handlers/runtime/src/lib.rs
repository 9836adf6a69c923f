//! The reactor runtime: a pure plan from event to job, then leased work on the job.
//!
//! What it promises a reactor: every event is planned exactly once (job rows and feed checkpoint
//! are one transaction), every job is worked on at least once and completed at most once (leases
//! with fences), jobs of one key run in the order of their events, a permanent failure parks its
//! key and nothing else, and a wake that arrives while a job runs is not lost.
//!
//! What it does not have, on purpose: a function that replays a reactor. Rebuilding a view can
//! therefore never send a mail.

pub mod conformance;
pub mod postgres;
pub mod sqlite;

mod backoff;
mod columns;
mod fact;
mod feed;
mod job;
mod jobs;
mod lease;
mod planner;
mod reactor;
mod report;
mod rows;
mod runtime;
mod spans;
mod worker;

pub use backoff::Backoff;
pub use fact::rendering_fact;
pub use feed::{FEED_WAIT_MAX, Feed, FeedError, JournalFeed};
pub use job::{
    Claim, Job, JobId, JobKind, JobSource, JobState, PlanBatch, PlannedJob, Ticket, Verdict,
};
pub use jobs::{
    JobFilter, JobRecord, JobStore, JobStoreError, LIST_JOBS_MAX, REASON_BYTES_MAX, ReactorStatus,
    Start, StateCount,
};
pub use lease::Lease;
pub use reactor::{NewJob, Outcome, Plan, PlanError, Reactor, derived_command_id, event_of};
pub use report::{Reporter, Step};
pub use runtime::{ReactorRuntime, RuntimeError, RuntimeParts, Settings};
