//! What happened to a number series.

use serde::{Deserialize, Serialize};

use super::series::SeriesSnapshot;
use crate::decider::EventPayload;

/// An event of a number series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NumberSeriesEvent {
    /// The series exists from now on.
    SeriesDefined(SeriesSnapshot),
}

impl EventPayload for NumberSeriesEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::SeriesDefined(_) => "SeriesDefined",
        }
    }
}
