//! Looks at the parts of a process once a second and writes what it sees on the health board.

use std::error::Error;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use invoiceapp_http::health::{Health, Need, PartHandle};
use tokio_util::sync::CancellationToken;

/// How often the parts are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// A server that is asked for nothing but its health is looked at once in so many looks.
const LOOKS_PER_SERVER: u32 = 5;
/// A part that does not answer in this time is failing.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

pub(super) type Failure = Box<dyn Error + Send + Sync>;
type Look = Box<dyn Fn() -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

struct Part {
    handle: PartHandle,
    reason: &'static str,
    look: Look,
    /// Looked at once in so many looks.
    every: u32,
}

/// The parts that are looked at.
pub(super) struct Watch {
    health: Health,
    parts: Vec<Part>,
}

impl Watch {
    pub(super) const fn new(health: Health) -> Self {
        Self {
            health,
            parts: Vec::new(),
        }
    }

    /// Adds a part: its name, whether the process is ready without it, what is said when it fails,
    /// and how to look at it.
    pub(super) fn part<F>(
        &mut self,
        named: (&'static str, Need, &'static str),
        look: impl Fn() -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.add(named, 1, look);
    }

    /// Adds a server whose every look is a request that nobody else needs: seldom is often enough.
    pub(super) fn server<F>(
        &mut self,
        named: (&'static str, Need, &'static str),
        look: impl Fn() -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.add(named, LOOKS_PER_SERVER, look);
    }

    fn add<F>(
        &mut self,
        (name, need, reason): (&'static str, Need, &'static str),
        every: u32,
        look: impl Fn() -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.parts.push(Part {
            handle: self.health.part(name, need),
            reason,
            look: Box::new(move || Box::pin(look())),
            every,
        });
    }

    /// Looks until cancelled.
    pub(super) async fn run(self, cancel: CancellationToken) {
        for look in (0_u32..).cycle() {
            // All at once: one that does not answer must not delay what is said of the others.
            let due = self
                .parts
                .iter()
                .filter(|part| look.is_multiple_of(part.every));
            join_all(due.map(Part::show)).await;
            tokio::select! {
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
                () = cancel.cancelled() => return,
            }
        }
    }
}

impl Part {
    async fn show(&self) {
        match tokio::time::timeout(ANSWER_TIME_MAX, (self.look)()).await {
            Ok(Ok(())) => self.handle.ready(),
            Ok(Err(error)) => {
                tracing::warn!(%error, reason = self.reason, "a part does not work");
                self.handle.failing(self.reason);
            }
            Err(_) => self.handle.failing("no answer in time"),
        }
    }
}
