//! What can be read off a system at a moment: where the journal's head is, how far behind it every
//! view, reactor and the relay are, what waits and what is parked. Health, metrics and the command
//! line show these facts and none of their own.

mod board;
mod sources;

pub(crate) use board::Readings;
pub(crate) use sources::{RelaySource, Sources, ViewSource};

use std::time::Duration;

use invoiceapp_runtime::{JobState, StateCount};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// One look at the parts that a process, or a tool, can see.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Reading {
    /// When it was taken.
    pub(crate) at: Timestamp,
    /// Where everything comes from.
    pub(crate) journal: Read<JournalReading>,
    /// Each view that is kept here.
    pub(crate) views: Vec<ViewReading>,
    /// Each reactor that works here.
    pub(crate) reactors: Read<Vec<ReactorReading>>,
    /// The relay, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) relay: Option<Read<RelayReading>>,
}

/// What was read, or why it could not be.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Read<T> {
    /// It was read.
    Known(T),
    /// Its part did not answer.
    Unknown {
        /// Why not.
        problem: String,
    },
}

impl<T> Read<T> {
    /// What was read, if it was.
    pub(crate) const fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown { .. } => None,
        }
    }
}

/// The journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct JournalReading {
    /// The position of the newest event; 0 when there is none.
    pub(crate) position: u64,
}

/// How far a follower of the journal is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Lag {
    /// Events that it has not seen.
    #[serde(rename = "lag_events")]
    pub(crate) events: u64,
    /// How long the oldest of them has been there.
    #[serde(rename = "lag_seconds", serialize_with = "seconds")]
    pub(crate) age: Duration,
}

/// A view.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ViewReading {
    /// Which.
    pub(crate) view: &'static str,
    /// What made it: another fold or another form of the documents is another generation.
    pub(crate) generation: String,
    /// How it is.
    #[serde(flatten)]
    pub(crate) facts: Read<ViewFacts>,
}

/// How a view is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ViewFacts {
    /// The position that it has reached.
    pub(crate) position: u64,
    /// How far that is behind the head.
    #[serde(flatten)]
    pub(crate) lag: Lag,
    /// Streams that could not be folded.
    pub(crate) parked: u64,
    /// How long ago the oldest event was recorded at which one was parked.
    #[serde(serialize_with = "optional_seconds", rename = "parked_oldest_seconds")]
    pub(crate) parked_oldest: Option<Duration>,
}

/// A reactor and its unfinished jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ReactorReading {
    /// Which.
    pub(crate) reactor: String,
    /// The position up to which events are planned.
    pub(crate) position: u64,
    /// How far that is behind the head.
    #[serde(flatten)]
    pub(crate) lag: Lag,
    /// Unfinished jobs per state, states without one left out.
    pub(crate) jobs: Vec<StateCount>,
}

impl ReactorReading {
    /// How many jobs wait for a person, each with the later ones of its key behind it.
    pub(crate) fn parked(&self) -> u64 {
        let parked = self.jobs.iter().find(|it| it.state == JobState::Parked);
        parked.map_or(0, |parked| parked.count)
    }

    /// Jobs that are not finished.
    pub(crate) fn unfinished(&self) -> u64 {
        let counts = self.jobs.iter().map(|it| it.count);
        counts.fold(0, u64::saturating_add)
    }

    /// When the oldest unfinished job was planned.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.jobs.iter().filter_map(|it| it.oldest).min()
    }
}

/// Who publishes, as seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Leadership {
    /// This process.
    Leader,
    /// Another process.
    Standby,
    /// Nobody at the moment.
    Vacant,
}

impl Leadership {
    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Standby => "standby",
            Self::Vacant => "vacant",
        }
    }
}

/// The relay to Kafka.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RelayReading {
    /// Who publishes.
    pub(crate) leadership: Leadership,
    /// How often the lease was taken.
    pub(crate) epoch: u64,
    /// Every event up to here is on the topics.
    pub(crate) position: u64,
    /// How far that is behind the head.
    #[serde(flatten)]
    pub(crate) lag: Lag,
    /// The position of the event that this process cannot publish, and goes no further than.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) halted_at: Option<u64>,
    /// Why this process does not publish although it should.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    /// Records that this process has sent since it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sent: Option<u64>,
}

fn seconds<S: Serializer>(age: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(age.as_secs_f64())
}

fn optional_seconds<S: Serializer>(
    age: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match age {
        Some(age) => seconds(age, serializer),
        None => serializer.serialize_none(),
    }
}
