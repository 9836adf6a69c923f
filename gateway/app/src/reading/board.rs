//! Reads once a second, writes what it reads on the health board, and hands it to whoever wants it.

use std::sync::Arc;
use std::time::Duration;

use invoiceapp_http::health::{Health, Need, PartFact, PartFacts, PartHandle};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Lag, ReactorReading, Read, Reading, RelayReading, Sources, ViewFacts};

/// How often it is read.
const READ_INTERVAL: Duration = Duration::from_secs(1);
/// What is farther behind than this is shown as failing.
const LAG_AGE_MAX: Duration = Duration::from_secs(60);

/// The reader and its parts of the board. None of them is needed for a process to be ready: what is
/// behind catches up, and what is parked waits for a person.
pub(crate) struct Readings {
    sources: Sources,
    views: Vec<PartHandle>,
    reactors: Vec<(&'static str, PartHandle)>,
    relay: Option<PartHandle>,
    newest: watch::Sender<Option<Arc<Reading>>>,
}

impl Readings {
    /// A reader of these sources.
    pub(crate) fn new(sources: Sources, health: &Health) -> Self {
        let part = |name| health.part(name, Need::Soft);
        let views = sources.views.iter();
        let reactors = sources.reactors.iter().flatten();
        Self {
            views: views.map(|view| part(view_part(view.name()))).collect(),
            reactors: reactors
                .map(|name| (*name, part(reactor_part(name))))
                .collect(),
            relay: sources.relay.as_ref().map(|_| part("relay")),
            newest: watch::Sender::new(None),
            sources,
        }
    }

    /// The newest reading, and every one that comes; nothing before the first.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<Arc<Reading>>> {
        self.newest.subscribe()
    }

    /// Reads until cancelled.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        while cancel.run_until_cancelled(self.read()).await.is_some() {
            tokio::select! {
                () = tokio::time::sleep(READ_INTERVAL) => {}
                () = cancel.cancelled() => return,
            }
        }
    }

    /// Reads once.
    pub(crate) async fn read(&self) {
        let reading = self.sources.read().await;
        for (view, handle) in reading.views.iter().zip(&self.views) {
            show_view(handle, &view.facts);
        }
        for (name, handle) in &self.reactors {
            match &reading.reactors {
                Read::Unknown { .. } => handle.failing("the jobs cannot be read"),
                Read::Known(reactors) => match reactors.iter().find(|it| it.reactor == *name) {
                    Some(reactor) => show_reactor(handle, reactor, reading.at),
                    None => handle.failing("it is not registered"),
                },
            }
        }
        if let (Some(handle), Some(relay)) = (&self.relay, &reading.relay) {
            show_relay(handle, relay);
        }
        self.newest.send_replace(Some(Arc::new(reading)));
    }
}

fn view_part(view: &str) -> &'static str {
    match view {
        "hot" => "hot projection",
        _ => "projection",
    }
}

fn reactor_part(reactor: &str) -> &'static str {
    match reactor {
        "pdf" => "pdf reactor",
        "media" => "media reactor",
        "mail" => "mail reactor",
        "identity" => "identity reactor",
        _ => "reactor",
    }
}

fn show_view(handle: &PartHandle, view: &Read<ViewFacts>) {
    let Read::Known(view) = view else {
        return handle.failing("it cannot be read");
    };
    let mut facts = facts_of(view.position, view.lag);
    facts.insert("parked", PartFact::Number(view.parked));
    if let Some(age) = view.parked_oldest {
        facts.insert("parked_oldest_seconds", PartFact::Number(age.as_secs()));
    }
    let parked = (view.parked > 0).then_some("a stream is parked");
    handle.measured(parked.or(late(view.lag)), facts);
}

fn show_reactor(handle: &PartHandle, reactor: &ReactorReading, now: Timestamp) {
    let mut facts = facts_of(reactor.position, reactor.lag);
    facts.insert("jobs", PartFact::Number(reactor.unfinished()));
    facts.insert("parked", PartFact::Number(reactor.parked()));
    if let Some(oldest) = reactor.oldest() {
        let age = now.duration_since(oldest).as_secs();
        let age = u64::try_from(age).unwrap_or_default();
        facts.insert("oldest_seconds", PartFact::Number(age));
    }
    let parked = (reactor.parked() > 0).then_some("a job is parked");
    handle.measured(parked.or(late(reactor.lag)), facts);
}

fn show_relay(handle: &PartHandle, relay: &Read<RelayReading>) {
    let Read::Known(relay) = relay else {
        return handle.failing("its lease cannot be read");
    };
    let mut facts = facts_of(relay.position, relay.lag);
    facts.insert("leadership", PartFact::Word(relay.leadership.as_str()));
    if let Some(position) = relay.halted_at {
        facts.insert("halted_at", PartFact::Number(position));
    }
    let failure = match (relay.halted_at, &relay.problem) {
        (Some(_), _) => Some("an event cannot be published"),
        (None, Some(_)) => Some("it cannot publish"),
        (None, None) => late(relay.lag),
    };
    handle.measured(failure, facts);
}

fn facts_of(position: u64, lag: Lag) -> PartFacts {
    PartFacts::from([
        ("position", PartFact::Number(position)),
        ("lag_events", PartFact::Number(lag.events)),
        ("lag_seconds", PartFact::Number(lag.age.as_secs())),
    ])
}

fn late(lag: Lag) -> Option<&'static str> {
    (lag.age > LAG_AGE_MAX).then_some("it is far behind")
}
