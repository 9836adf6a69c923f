//! Where a reading is taken: every part is asked at once and has a time to answer, so that one which
//! hangs hides nothing of the others.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use invoiceapp_domain::Ambient;
use invoiceapp_journal::verify::Chain;
use invoiceapp_projections::ViewStore;
use invoiceapp_projections::hot::HotStore;
use invoiceapp_projections::store::PARKED_KEYS_MAX;
use invoiceapp_relay::{LeaseTable, Phase, RelayStatus};
use invoiceapp_runtime::JobStore;
use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    JournalReading, Lag, Leadership, ReactorReading, Read, Reading, RelayReading, ViewFacts,
    ViewReading,
};

/// A part that does not answer in this time is not read.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

type Failure = Box<dyn Error + Send + Sync>;

/// The parts that are read.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) ambient: Arc<dyn Ambient>,
    pub(crate) journal: Arc<dyn Chain + Send + Sync>,
    pub(crate) views: Vec<ViewSource>,
    pub(crate) jobs: Option<Arc<dyn JobStore>>,
    /// The reactors that are of interest; nothing for all of them.
    pub(crate) reactors: Option<Vec<&'static str>>,
    pub(crate) relay: Option<RelaySource>,
}

/// A view, and what made it.
#[derive(Clone)]
pub(crate) enum ViewSource {
    /// The documents.
    Documents(Arc<dyn ViewStore>),
    /// What stands before them.
    Hot(Arc<dyn HotStore>),
}

/// The relay's lease, and what a relay of this process says of itself.
#[derive(Debug, Clone)]
pub(crate) struct RelaySource {
    pub(crate) leases: LeaseTable,
    /// The journal's name in the table of leases.
    pub(crate) journal: String,
    pub(crate) status: Option<watch::Receiver<RelayStatus>>,
}

impl Sources {
    /// Reads everything, in no more time than the slowest part may take.
    pub(crate) async fn read(&self) -> Reading {
        let head = within(self.head()).await;
        let at = self.ambient.now();
        let position = head.known().map(|it| it.position);
        let views = join_all(self.views.iter().map(|view| self.view(view, position)));
        let reactors = within(self.reactors(position));
        let relay = async {
            match &self.relay {
                Some(relay) => Some(within(self.relay(relay, position)).await),
                None => None,
            }
        };
        let (views, reactors, relay) = futures::join!(views, reactors, relay);
        Reading {
            at,
            journal: head,
            views,
            reactors,
            relay,
        }
    }

    async fn head(&self) -> Result<JournalReading, Failure> {
        let head = self.journal.chain_head().await?;
        Ok(JournalReading {
            position: head.position,
        })
    }

    async fn view(&self, source: &ViewSource, head: Option<u64>) -> ViewReading {
        let facts = async {
            match source {
                ViewSource::Documents(store) => self.documents(store.as_ref(), head).await,
                ViewSource::Hot(store) => self.hot(store.as_ref(), head).await,
            }
        };
        ViewReading {
            view: source.name(),
            generation: generation(),
            facts: within(facts).await,
        }
    }

    async fn documents(
        &self,
        store: &dyn ViewStore,
        head: Option<u64>,
    ) -> Result<ViewFacts, Failure> {
        let position = store.checkpoint().await?;
        let parked = store.parked(PARKED_KEYS_MAX).await?;
        let parked_oldest = match parked.first() {
            Some(first) => Some(self.age_after(first.position.saturating_sub(1)).await?),
            None => None,
        };
        Ok(ViewFacts {
            position,
            lag: self.lag(position, head).await?,
            parked: u64::try_from(parked.len()).unwrap_or(u64::MAX),
            parked_oldest,
        })
    }

    async fn hot(&self, store: &dyn HotStore, head: Option<u64>) -> Result<ViewFacts, Failure> {
        let mark = store.mark().await?;
        let position = mark.map_or(0, |mark| mark.position);
        Ok(ViewFacts {
            position,
            lag: self.lag(position, head).await?,
            // What is parked is parked in the documents.
            parked: 0,
            parked_oldest: None,
        })
    }

    async fn reactors(&self, head: Option<u64>) -> Result<Vec<ReactorReading>, Failure> {
        let Some(jobs) = &self.jobs else {
            return Ok(Vec::new());
        };
        let mut reactors = Vec::new();
        for status in jobs.backlog().await? {
            let name = status.reactor.as_str();
            let is_wanted = |wanted: &Vec<&str>| wanted.contains(&name);
            if self.reactors.as_ref().is_none_or(is_wanted) {
                reactors.push(ReactorReading {
                    lag: self.lag(status.position, head).await?,
                    reactor: status.reactor,
                    position: status.position,
                    jobs: status.counts,
                });
            }
        }
        Ok(reactors)
    }

    async fn relay(
        &self,
        source: &RelaySource,
        head: Option<u64>,
    ) -> Result<RelayReading, Failure> {
        let lease = source.leases.look(&source.journal).await?;
        let position = lease.map_or(0, |lease| lease.position);
        let status = source.status.as_ref().map(|status| status.borrow().clone());
        let (halted_at, problem) = match status.as_ref().map(|status| &status.phase) {
            Some(Phase::Halted { position, reason }) => (Some(*position), Some(reason.clone())),
            Some(Phase::Failing { reason }) => (None, Some(reason.clone())),
            Some(Phase::Waiting | Phase::Publishing) | None => (None, None),
        };
        let leadership = match lease {
            Some(lease) if lease.is_ours => Leadership::Leader,
            Some(lease) if lease.is_held => Leadership::Standby,
            Some(_) | None => Leadership::Vacant,
        };
        Ok(RelayReading {
            leadership,
            epoch: lease.map_or(0, |lease| lease.epoch),
            position,
            lag: self.lag(position, head).await?,
            halted_at,
            problem,
            sent: status.map(|status| status.sent),
        })
    }

    /// How far a position is behind the head.
    async fn lag(&self, position: u64, head: Option<u64>) -> Result<Lag, Failure> {
        let head = head.ok_or("the journal cannot be read")?;
        if head <= position {
            return Ok(Lag::default());
        }
        Ok(Lag {
            events: head.saturating_sub(position),
            age: self.age_after(position).await?,
        })
    }

    /// How long ago the event after a position was recorded.
    async fn age_after(&self, position: u64) -> Result<Duration, Failure> {
        let next = self.journal.chain_page(position, 1).await?;
        let recorded_at = next.first().map(|event| event.recorded_at);
        Ok(age(self.ambient.now(), recorded_at))
    }
}

impl ViewSource {
    /// The view's name.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Documents(_) => "documents",
            Self::Hot(_) => "hot",
        }
    }
}

/// The generation of the views that this program makes.
pub(crate) fn generation() -> String {
    crate::embedded::definition()
}

/// How long ago something was; nothing when it was not, or will be.
fn age(now: Timestamp, then: Option<Timestamp>) -> Duration {
    let age = then.map(|then| now.duration_since(then));
    age.and_then(|age| Duration::try_from(age).ok())
        .unwrap_or_default()
}

async fn within<T>(answer: impl Future<Output = Result<T, Failure>>) -> Read<T> {
    let problem = match tokio::time::timeout(ANSWER_TIME_MAX, answer).await {
        Ok(Ok(value)) => return Read::Known(value),
        Ok(Err(error)) => with_causes(error.as_ref()),
        Err(_) => "no answer in time".to_owned(),
    };
    Read::Unknown { problem }
}

/// An error with what it came of.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
