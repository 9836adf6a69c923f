//! What a number series is.

use serde::{Deserialize, Serialize};

use super::command::NumberSeriesCommand;
use super::decide::decide;
use super::event::NumberSeriesEvent;
use super::refusal::NumberSeriesRefusal;
use super::series::SeriesSnapshot;
use crate::decider::{Context, Decider, Decision};
use crate::ids::StreamKind;

/// A number series; the key of its stream is its code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberSeries {
    /// Before its first event.
    #[default]
    Undefined,
    /// Numbers can be taken from it.
    Defined(SeriesSnapshot),
}

impl NumberSeries {
    /// The series as a decision uses it; `None` before its first event.
    #[must_use]
    pub const fn snapshot(&self) -> Option<&SeriesSnapshot> {
        match self {
            Self::Undefined => None,
            Self::Defined(snapshot) => Some(snapshot),
        }
    }

    /// The same, of a series that is not needed any more.
    #[must_use]
    pub fn into_snapshot(self) -> Option<SeriesSnapshot> {
        match self {
            Self::Undefined => None,
            Self::Defined(snapshot) => Some(snapshot),
        }
    }
}

impl Decider for NumberSeries {
    const KIND: StreamKind = StreamKind::NumberSeries;
    type Command = NumberSeriesCommand;
    type Event = NumberSeriesEvent;
    type Refusal = NumberSeriesRefusal;

    fn decide(
        &self,
        command: &NumberSeriesCommand,
        _context: &Context,
    ) -> Result<Decision<NumberSeriesEvent>, NumberSeriesRefusal> {
        decide(self, command)
    }

    fn evolve(&mut self, event: &NumberSeriesEvent) {
        match event {
            NumberSeriesEvent::SeriesDefined(snapshot) => *self = Self::Defined(snapshot.clone()),
        }
    }
}
