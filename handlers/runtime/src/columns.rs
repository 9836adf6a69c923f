//! Values as the job store's adapters write them into columns, the same for every engine. A value
//! that this program would not have written is damage, said by the column's name and never by its
//! content.

use jiff::Timestamp;

use crate::job::{JobKind, JobState, PlannedJob};
use crate::jobs::{JobFilter, JobStoreError, LIST_JOBS_MAX, REASON_BYTES_MAX};

/// Why a job ends whose wish a later event took back.
pub(crate) const TAKEN_BACK: &str = "a later event took the wish back";

pub(crate) fn unavailable(
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> JobStoreError {
    JobStoreError::Unavailable(source.into())
}

pub(crate) fn damaged(what: &str) -> JobStoreError {
    JobStoreError::Damaged {
        what: what.to_owned(),
    }
}

pub(crate) fn micros(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

pub(crate) fn instant(micros: i64) -> Result<Timestamp, JobStoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| damaged("time"))
}

pub(crate) fn to_i64(value: u64) -> Result<i64, JobStoreError> {
    i64::try_from(value).map_err(|_| damaged("number"))
}

pub(crate) fn position_of(value: i64) -> Result<u64, JobStoreError> {
    u64::try_from(value).map_err(|_| damaged("position"))
}

/// A reason of at most [`REASON_BYTES_MAX`] bytes, without the character that PostgreSQL's texts
/// have no room for.
pub(crate) fn short(reason: &str) -> String {
    let end = reason.floor_char_boundary(REASON_BYTES_MAX);
    reason.get(..end).unwrap_or_default().replace('\0', "")
}

pub(crate) fn state_of(name: &str) -> Result<JobState, JobStoreError> {
    JobState::parse(name).ok_or_else(|| damaged("state"))
}

pub(crate) fn kind_of(name: &str) -> Result<JobKind, JobStoreError> {
    match name {
        "act" => Ok(JobKind::Act),
        "plan" => Ok(JobKind::Plan),
        _ => Err(damaged("kind")),
    }
}

/// The names of the kind and the state that a job begins with.
pub(crate) const fn beginning(planned: &PlannedJob) -> (&'static str, &'static str) {
    if planned.parked.is_some() {
        ("plan", "parked")
    } else {
        ("act", "planned")
    }
}

/// How many jobs a listing returns at most.
pub(crate) fn list_limit(filter: &JobFilter) -> i64 {
    let limit = match filter.limit {
        0 => LIST_JOBS_MAX,
        limit => limit.min(LIST_JOBS_MAX),
    };
    i64::try_from(limit).unwrap_or(i64::MAX)
}
