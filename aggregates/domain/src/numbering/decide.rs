//! The rules of number series.

use super::command::NumberSeriesCommand;
use super::event::NumberSeriesEvent;
use super::refusal::NumberSeriesRefusal;
use super::series::{
    FIRST_NUMBER_MAX, NUMBER_CHARACTERS_MAX, SERIES_MAX, SERIES_PLACE, SeriesSnapshot,
};
use super::state::NumberSeries;
use crate::decider::{ClaimChange, ClaimKey, Decision};

type Outcome = Result<Decision<NumberSeriesEvent>, NumberSeriesRefusal>;

pub(super) fn decide(series: &NumberSeries, command: &NumberSeriesCommand) -> Outcome {
    match command {
        NumberSeriesCommand::Define {
            series: wanted,
            others,
        } => define(series, wanted, others),
    }
}

fn define(series: &NumberSeries, wanted: &SeriesSnapshot, others: &[SeriesSnapshot]) -> Outcome {
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
    if others.len() >= SERIES_MAX {
        return Err(NumberSeriesRefusal::TooManySeries);
    }
    if others.iter().any(|other| wanted.shares_numbers_with(other)) {
        return Err(NumberSeriesRefusal::NumbersShared);
    }
    Ok(
        Decision::event(NumberSeriesEvent::SeriesDefined(wanted.clone()))
            .with_claim(ClaimChange::Take(wanted.claim_key()))
            .with_claim(ClaimChange::Take(place_after(others))),
    )
}

/// The place among a tenant's series that is given once: of two series that are defined side by
/// side, without knowing of each other, one is refused.
fn place_after(others: &[SeriesSnapshot]) -> ClaimKey {
    ClaimKey {
        kind: SERIES_PLACE.to_owned(),
        value: others.len().saturating_add(1).to_string(),
    }
}
