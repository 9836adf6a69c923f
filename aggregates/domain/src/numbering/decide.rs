//! The rules of number series.

use super::command::NumberSeriesCommand;
use super::event::NumberSeriesEvent;
use super::refusal::NumberSeriesRefusal;
use super::series::{FIRST_NUMBER_MAX, NUMBER_CHARACTERS_MAX, SeriesSnapshot};
use super::state::NumberSeries;
use crate::decider::{ClaimChange, Decision};

type Outcome = Result<Decision<NumberSeriesEvent>, NumberSeriesRefusal>;

pub(super) fn decide(series: &NumberSeries, command: &NumberSeriesCommand) -> Outcome {
    match command {
        NumberSeriesCommand::Define(wanted) => define(series, wanted),
    }
}

fn define(series: &NumberSeries, wanted: &SeriesSnapshot) -> Outcome {
    if series.snapshot().is_some() {
        return Err(NumberSeriesRefusal::SeriesExists);
    }
    if !wanted.template.tells_periods_apart(wanted.reset) {
        return Err(NumberSeriesRefusal::PeriodMissing);
    }
    if wanted.template.longest("") > NUMBER_CHARACTERS_MAX {
        return Err(NumberSeriesRefusal::NumberTooLong);
    }
    if wanted.template.longest(wanted.prefix.as_str()) > NUMBER_CHARACTERS_MAX {
        return Err(NumberSeriesRefusal::PrefixTooLong);
    }
    if !(1..=FIRST_NUMBER_MAX).contains(&wanted.first_number) {
        return Err(NumberSeriesRefusal::FirstNumberOutOfRange);
    }
    Ok(
        Decision::event(NumberSeriesEvent::SeriesDefined(wanted.clone()))
            .with_claim(ClaimChange::Take(wanted.claim_key())),
    )
}
