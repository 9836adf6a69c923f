//! How far everything is behind the journal, what waits and what is parked: the newest reading.

use std::sync::Arc;

use invoiceapp_runtime::JobState;
use jiff::Timestamp;
use prometheus::core::Collector;
use tokio::sync::watch;

use super::asked::{Families, Name, collector as asked, number};
use crate::reading::{Leadership, ReactorReading, Reading, RelayReading, ViewFacts, ViewReading};

const PROJECTION_LAG_EVENTS: Name = (
    "invoiceapp_projection_lag_events",
    "Events that the view has not seen.",
);
const PROJECTION_LAG_SECONDS: Name = (
    "invoiceapp_projection_lag_seconds",
    "Age of the oldest event that the view has not seen.",
);
const PROJECTION_PARKED: Name = (
    "invoiceapp_projection_parked_keys",
    "Streams that could not be folded and wait for a person.",
);
const PROJECTION_PARKED_OLDEST: Name = (
    "invoiceapp_projection_parked_oldest_seconds",
    "Age of the oldest event at which a stream is parked.",
);
const RELAY_LAG_EVENTS: Name = (
    "invoiceapp_relay_lag_events",
    "Events that are not published yet.",
);
const RELAY_LAG_SECONDS: Name = (
    "invoiceapp_relay_lag_seconds",
    "Age of the oldest event that is not published yet.",
);
const RELAY_LEADER: Name = (
    "invoiceapp_relay_leader",
    "1 where this process publishes, 0 where it stands by.",
);
const RELAY_HALTED: Name = (
    "invoiceapp_relay_halted",
    "1 while an event cannot be published.",
);
const JOBS: Name = ("invoiceapp_jobs", "Unfinished jobs.");
const JOBS_OLDEST: Name = (
    "invoiceapp_jobs_oldest_seconds",
    "Time since the oldest unfinished job of the state was planned.",
);
const REACTOR_LAG: Name = (
    "invoiceapp_reactor_lag_events",
    "Events that are not planned yet.",
);
const REACTOR_LAG_SECONDS: Name = (
    "invoiceapp_reactor_lag_seconds",
    "Age of the oldest event that is not planned yet.",
);
const REACTOR_PARKED: Name = (
    "invoiceapp_reactor_parked_keys",
    "Jobs that wait for a person, each with the later ones of its key behind it.",
);
const REACTOR_PARKED_OLDEST: Name = (
    "invoiceapp_reactor_parked_oldest_seconds",
    "Time since the oldest parked job was planned.",
);

const NAMES: [Name; 14] = [
    PROJECTION_LAG_EVENTS,
    PROJECTION_LAG_SECONDS,
    PROJECTION_PARKED,
    PROJECTION_PARKED_OLDEST,
    RELAY_LAG_EVENTS,
    RELAY_LAG_SECONDS,
    RELAY_LEADER,
    RELAY_HALTED,
    JOBS,
    JOBS_OLDEST,
    REACTOR_LAG,
    REACTOR_LAG_SECONDS,
    REACTOR_PARKED,
    REACTOR_PARKED_OLDEST,
];

/// The states of jobs that are not finished.
const UNFINISHED: [JobState; 4] = [
    JobState::Planned,
    JobState::Running,
    JobState::Waiting,
    JobState::Parked,
];

/// Shows the newest reading. What could not be read has no series, rather than a wrong one.
pub(super) fn collector(newest: watch::Receiver<Option<Arc<Reading>>>) -> Box<dyn Collector> {
    asked(&NAMES, move |families| {
        let reading = newest.borrow().clone();
        if let Some(reading) = reading {
            show(&reading, families);
        }
    })
}

fn show(reading: &Reading, families: &mut Families) {
    views(&reading.views, families);
    if let Some(relay) = reading.relay.as_ref().and_then(|relay| relay.known()) {
        relay_of(relay, families);
    }
    if let Some(reactors) = reading.reactors.known() {
        reactors_of(reactors, reading.at, families);
    }
}

fn views(views: &[ViewReading], families: &mut Families) {
    let read = || {
        let known = |view: &'_ ViewReading| view.facts.known().is_some();
        views.iter().filter(move |view| known(view))
    };
    let per_generation = |value: fn(&ViewFacts) -> f64| {
        read().filter_map(move |view| {
            let facts = view.facts.known()?;
            Some((
                [view.view.to_owned(), view.generation.clone()],
                value(facts),
            ))
        })
    };
    let per_view = |value: fn(&ViewFacts) -> f64| {
        // Parked streams are the documents'; what stands before them parks none.
        read()
            .filter(|view| view.view == "documents")
            .filter_map(move |view| {
                let facts = view.facts.known()?;
                Some(([view.view.to_owned()], value(facts)))
            })
    };
    let labels = ["view", "generation"];
    families.gauges(
        PROJECTION_LAG_EVENTS,
        labels,
        per_generation(|facts| number(facts.lag.events)),
    );
    families.gauges(
        PROJECTION_LAG_SECONDS,
        labels,
        per_generation(|facts| facts.lag.age.as_secs_f64()),
    );
    families.gauges(
        PROJECTION_PARKED,
        ["view"],
        per_view(|facts| number(facts.parked)),
    );
    families.gauges(
        PROJECTION_PARKED_OLDEST,
        ["view"],
        per_view(|facts| facts.parked_oldest.map_or(0.0, |age| age.as_secs_f64())),
    );
}

fn relay_of(relay: &RelayReading, families: &mut Families) {
    families.gauge(RELAY_LAG_EVENTS, number(relay.lag.events));
    families.gauge(RELAY_LAG_SECONDS, relay.lag.age.as_secs_f64());
    let leads = relay.leadership == Leadership::Leader;
    families.gauge(RELAY_LEADER, number(leads.into()));
    families.gauge(RELAY_HALTED, number(relay.halted_at.is_some().into()));
}

fn reactors_of(reactors: &[ReactorReading], now: Timestamp, families: &mut Families) {
    let per_state = |value: fn(&ReactorReading, JobState, Timestamp) -> f64| {
        reactors.iter().flat_map(move |reactor| {
            UNFINISHED.into_iter().map(move |state| {
                let labels = [reactor.reactor.clone(), state.as_str().to_owned()];
                (labels, value(reactor, state, now))
            })
        })
    };
    let labels = ["reactor", "state"];
    families.gauges(
        JOBS,
        labels,
        per_state(|reactor, state, _| number(count(reactor, state))),
    );
    families.gauges(JOBS_OLDEST, labels, per_state(oldest_seconds));
    let per_reactor = |value: fn(&ReactorReading, Timestamp) -> f64| {
        reactors
            .iter()
            .map(move |reactor| ([reactor.reactor.clone()], value(reactor, now)))
    };
    families.gauges(
        REACTOR_LAG,
        ["reactor"],
        per_reactor(|reactor, _| number(reactor.lag.events)),
    );
    families.gauges(
        REACTOR_LAG_SECONDS,
        ["reactor"],
        per_reactor(|reactor, _| reactor.lag.age.as_secs_f64()),
    );
    families.gauges(
        REACTOR_PARKED,
        ["reactor"],
        per_reactor(|reactor, _| number(reactor.parked())),
    );
    families.gauges(
        REACTOR_PARKED_OLDEST,
        ["reactor"],
        per_reactor(|reactor, now| oldest_seconds(reactor, JobState::Parked, now)),
    );
}

fn count(reactor: &ReactorReading, state: JobState) -> u64 {
    let found = reactor.jobs.iter().find(|it| it.state == state);
    found.map_or(0, |it| it.count)
}

fn oldest_seconds(reactor: &ReactorReading, state: JobState, now: Timestamp) -> f64 {
    let found = reactor.jobs.iter().find(|it| it.state == state);
    let oldest = found.and_then(|it| it.oldest);
    oldest.map_or(0.0, |oldest| {
        now.duration_since(oldest).as_secs_f64().max(0.0)
    })
}
