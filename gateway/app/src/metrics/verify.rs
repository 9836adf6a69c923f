//! The journal's chain, recomputed slowly in the background, so that damage is noticed before
//! somebody asks for what is damaged.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_journal::port::{Head, JournalError};
use invoiceapp_journal::verify::{Chain, verify};
use invoiceapp_schemas::RecordedEvent;
use prometheus::{IntGauge, Opts};
use tokio_util::sync::CancellationToken;

use super::ProcessMetrics;

/// Pause between two pages of a recomputation, so that it takes little from whoever works.
const PAGE_PAUSE: Duration = Duration::from_millis(500);
/// Events of one page.
const PAGE_EVENTS: usize = 500;
/// Pause between two recomputations.
const PAUSE: Duration = Duration::from_hours(1);
/// Pause after one that the journal did not answer.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_mins(1);

/// A journal that is read slowly.
struct Slow(Arc<dyn Chain + Send + Sync>);

#[async_trait]
impl Chain for Slow {
    async fn chain_head(&self) -> Result<Head, JournalError> {
        self.0.chain_head().await
    }

    async fn chain_page(
        &self,
        after_position: u64,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, JournalError> {
        tokio::time::sleep(PAGE_PAUSE).await;
        let limit = limit.min(PAGE_EVENTS);
        self.0.chain_page(after_position, limit).await
    }
}

/// Recomputes the chain again and again until cancelled.
///
/// # Errors
/// When the metrics are there already.
pub(crate) fn verify_slowly(
    journal: Arc<dyn Chain + Send + Sync>,
    metrics: &ProcessMetrics,
    cancel: CancellationToken,
) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let failed = IntGauge::with_opts(Opts::new(
        "invoiceapp_journal_verify_failed",
        "1 after the chain was recomputed and found damaged.",
    ))?;
    let verified = IntGauge::with_opts(Opts::new(
        "invoiceapp_journal_verified_position",
        "Position up to which the chain was recomputed last and found right.",
    ))?;
    metrics.add(Box::new(failed.clone()))?;
    metrics.add(Box::new(verified.clone()))?;
    let slow = Slow(journal);
    Ok(async move {
        let rounds = async {
            loop {
                tokio::time::sleep(round(&slow, &failed, &verified).await).await;
            }
        };
        cancel.run_until_cancelled(rounds).await;
    })
}

/// One recomputation; the pause after it.
async fn round(journal: &Slow, failed: &IntGauge, verified: &IntGauge) -> Duration {
    let show = |position: u64| verified.set(i64::try_from(position).unwrap_or(i64::MAX));
    match verify(journal, |position, _head| show(position)).await {
        Ok(verification) => match verification.fault {
            None => {
                failed.set(0);
                show(verification.head.position);
                tracing::info!(
                    position = verification.head.position,
                    "the journal is whole"
                );
                PAUSE
            }
            Some(fault) => {
                failed.set(1);
                let position = fault.position;
                tracing::error!(position, reason = fault.reason, "the journal is damaged");
                PAUSE
            }
        },
        Err(error) => {
            tracing::warn!(%error, "the journal could not be verified");
            PAUSE_AFTER_FAILURE
        }
    }
}
