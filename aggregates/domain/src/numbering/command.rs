//! What a number series is asked.

use super::series::SeriesSnapshot;

/// A command to a number series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberSeriesCommand {
    /// Defines the series. It cannot be changed afterwards: numbers of two forms in one series
    /// would not be sequential.
    Define {
        /// The series.
        series: SeriesSnapshot,
        /// Every other series of the tenant, as far as is known: that none was defined meanwhile is
        /// claimed with the definition.
        others: Vec<SeriesSnapshot>,
    },
}
