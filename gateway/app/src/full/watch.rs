//! Looks at the parts of a process once a second and writes what it sees on the health board.

use std::error::Error;
use std::time::Duration;

use futures::future::{BoxFuture, join_all};
use invoiceapp_http::health::{Health, Need, PartHandle};
use tokio_util::sync::CancellationToken;

/// How often the parts are looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// A part that does not answer in this time is failing.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(2);

type Failure = Box<dyn Error + Send + Sync>;
type Look = Box<dyn Fn() -> BoxFuture<'static, Result<(), Failure>> + Send + Sync>;

struct Part {
    handle: PartHandle,
    reason: &'static str,
    look: Look,
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
        (name, need, reason): (&'static str, Need, &'static str),
        look: impl Fn() -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        self.parts.push(Part {
            handle: self.health.part(name, need),
            reason,
            look: Box::new(move || Box::pin(look())),
        });
    }

    /// Looks until cancelled.
    pub(super) async fn run(self, cancel: CancellationToken) {
        loop {
            // All at once: one that does not answer must not delay what is said of the others.
            join_all(self.parts.iter().map(Part::show)).await;
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
