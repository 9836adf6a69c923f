//! Number series: how the numbers of issued documents look, and when they start again.
//!
//! The series says what a number looks like; which number is the next one is the journal's memory,
//! so that a number is taken in the commit that uses it and no other.

mod command;
mod decide;
mod event;
mod overlap;
mod refusal;
mod series;
mod state;
mod template;

pub use command::NumberSeriesCommand;
pub use event::NumberSeriesEvent;
pub use refusal::NumberSeriesRefusal;
pub use series::{
    FIRST_NUMBER_MAX, NUMBER_CHARACTERS_MAX, NumberPrefix, PREFIX_BYTES_MAX, SERIES_MAX,
    SERIES_PLACE, SeriesPurpose, SeriesReset, SeriesSnapshot,
};
pub use state::NumberSeries;
pub use template::{SEQUENCE_WIDTH_MAX, TEMPLATE_BYTES_MAX, Template};
