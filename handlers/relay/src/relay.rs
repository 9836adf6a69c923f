//! From the journal to the topics, by one relay at a time. The journal is the outbox: what is sent
//! is what it has after the checkpoint, in its order, and the checkpoint moves when the broker has
//! confirmed all of it.

use std::sync::Arc;
use std::time::Duration;

use invoiceapp_avro::Codec;
use invoiceapp_journal::port::Journal;
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::error::RelayError;
use crate::lease::LeaseTable;
use crate::session::Session;
use crate::settings::RelaySettings;
use crate::spans;
use crate::status::{Phase, RelayStatus};

/// A relay of one journal.
#[derive(Debug)]
pub struct Relay {
    pub(crate) settings: RelaySettings,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) codec: Codec,
    pub(crate) leases: LeaseTable,
    pub(crate) status: watch::Sender<RelayStatus>,
    /// Set once the table of leases is there.
    created: OnceCell<()>,
}

impl Relay {
    /// A relay, and how it is doing.
    #[must_use]
    pub fn new(
        settings: RelaySettings,
        journal: Arc<dyn Journal>,
        codec: Codec,
        leases: LeaseTable,
    ) -> (Self, watch::Receiver<RelayStatus>) {
        let (status, receiver) = watch::channel(RelayStatus::default());
        let relay = Self {
            settings,
            journal,
            codec,
            leases,
            status,
            created: OnceCell::new(),
        };
        (relay, receiver)
    }

    /// Publishes until cancelled: waits for the lease, works while it has it, and after every
    /// failure begins again with a look at what is there.
    pub async fn run(&self, cancel: CancellationToken) {
        let mut pause = self.settings.pause_first;
        while !cancel.is_cancelled() {
            let before = self.status.borrow().position;
            let wait = match Box::pin(self.take_part(&cancel)).await {
                Ok(()) => self.settings.lease / 3,
                Err(error) => {
                    self.report(&error);
                    let has_moved = self.status.borrow().position > before;
                    pause = match has_moved {
                        true => self.settings.pause_first,
                        false => pause.saturating_mul(2).min(self.settings.pause_max),
                    };
                    pause
                }
            };
            sleep(wait, &cancel).await;
        }
    }

    /// One session, if the lease is free.
    async fn take_part(&self, cancel: &CancellationToken) -> Result<(), RelayError> {
        let name = &self.settings.kafka.journal;
        self.created
            .get_or_try_init(|| self.leases.create())
            .await?;
        let Some(taken) = self.leases.take(name, self.settings.lease).await? else {
            self.status
                .send_modify(|status| status.phase = Phase::Waiting);
            return Ok(());
        };
        let epoch = taken.epoch;
        tracing::info!(journal = %name, epoch, position = taken.position, "the relay has the lease");
        let ended = self.work(taken, cancel).await;
        if !matches!(ended, Err(RelayError::Fenced)) {
            // What is not released runs out by itself.
            let _released = self.leases.release(name, epoch).await;
        }
        ended
    }

    async fn work(
        &self,
        taken: crate::lease::Taken,
        cancel: &CancellationToken,
    ) -> Result<(), RelayError> {
        let span = spans::of_takeover();
        let begin = Session::begin(self, taken).instrument(span.clone());
        // It only reads: there is nothing to wait for.
        let Some(begun) = cancel.run_until_cancelled(begin).await else {
            return Ok(());
        };
        let mut session = begun.inspect_err(|_| spans::not_taken_over(&span))?;
        drop(span);
        let drain_time_max = self.settings.drain_time_max;
        let ended = until_drained(session.run(cancel), cancel, drain_time_max).await;
        session.end().await;
        ended.unwrap_or_else(|| {
            // As after a crash: the next session looks at what is there.
            let journal = &self.settings.kafka.journal;
            tracing::warn!(%journal, "the broker has not confirmed everything before the shutdown");
            Ok(())
        })
    }

    fn report(&self, error: &RelayError) {
        let reason = reason_of(error);
        tracing::warn!(journal = %self.settings.kafka.journal, reason, "the relay's session ended");
        self.status.send_modify(|status| {
            status.phase = match error {
                RelayError::Unencodable { position, .. } => Phase::Halted {
                    position: *position,
                    reason,
                },
                RelayError::Fenced => Phase::Waiting,
                _ => Phase::Failing { reason },
            };
        });
    }
}

/// What the work came to; nothing when it went on for longer than that after it was told to end.
async fn until_drained<T>(
    work: impl Future<Output = T>,
    cancel: &CancellationToken,
    drain_time_max: Duration,
) -> Option<T> {
    let given_up = async {
        cancel.cancelled().await;
        tokio::time::sleep(drain_time_max).await;
    };
    tokio::select! {
        biased;
        ended = work => Some(ended),
        () = given_up => None,
    }
}

async fn sleep(wait: Duration, cancel: &CancellationToken) {
    tokio::select! {
        () = cancel.cancelled() => {}
        () = tokio::time::sleep(wait) => {}
    }
}

/// An error with its causes.
pub(crate) fn reason_of(error: &dyn std::error::Error) -> String {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        reason.push_str(": ");
        reason.push_str(&error.to_string());
        source = error.source();
    }
    reason
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_util::sync::CancellationToken;

    use super::until_drained;

    #[tokio::test]
    async fn work_that_ends_when_it_is_told_to_comes_to_something() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let ended = until_drained(cancel.cancelled(), &cancel, Duration::MAX).await;
        assert_eq!(ended, Some(()));
    }

    #[tokio::test]
    async fn work_that_never_ends_is_given_up_after_a_cancel() {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let endless = std::future::pending::<()>();
        let ended = until_drained(endless, &cancel, Duration::from_millis(1)).await;
        assert_eq!(ended, None);
    }
}
