//! What may wait to be sent. A queue that is full drops what comes, and counts it: whoever is observed
//! never waits for whoever observes.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use invoiceapp_observe::metrics::metrics;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use prometheus::IntCounter;

/// Spans that may wait. A span weighs about one kilobyte.
pub(crate) const WAITING_MAX: usize = 8_192;
/// Most spans or records of one request.
pub(crate) const BATCH_MAX: usize = 512;

/// How long nothing is tried after a receiver has failed: encoding for nobody costs as much as
/// encoding for somebody.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(2);

/// The room of one signal.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    signal: &'static str,
    waiting: AtomicUsize,
    is_failing: AtomicBool,
    failed_at: Mutex<Option<Instant>>,
    dropped: IntCounter,
}

impl Room {
    pub(crate) fn of(signal: &'static str) -> Self {
        Self(Arc::new(Inner {
            signal,
            waiting: AtomicUsize::new(0),
            is_failing: AtomicBool::new(false),
            failed_at: Mutex::new(None),
            dropped: metrics().telemetry_dropped.with_label_values(&[signal]),
        }))
    }

    /// Whether one more may wait; if not, it is counted as dropped.
    pub(crate) fn enter(&self) -> bool {
        if self.0.waiting.fetch_add(1, Ordering::Relaxed) < WAITING_MAX {
            return true;
        }
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.0.dropped.inc();
        false
    }

    /// Sends so many, unless the receiver has failed a moment ago.
    ///
    /// # Errors
    /// What the exporter said; a timeout when nothing was tried.
    pub(crate) async fn send(
        &self,
        count: usize,
        export: impl Future<Output = OTelSdkResult>,
    ) -> OTelSdkResult {
        self.leave(count);
        if self.is_pausing(count) {
            return Err(OTelSdkError::Timeout(Duration::ZERO));
        }
        let result = export.await;
        self.sent(count, result.is_ok());
        result
    }

    /// So many are on their way.
    fn leave(&self, count: usize) {
        self.0.waiting.fetch_sub(count, Ordering::Relaxed);
    }

    /// Whether the receiver has failed a moment ago; what is on its way then is dropped and counted.
    pub(crate) fn is_pausing(&self, count: usize) -> bool {
        let failed_at = *self.failed_at();
        let is_pausing = failed_at.is_some_and(|at| at.elapsed() < PAUSE_AFTER_FAILURE);
        if is_pausing {
            self.lost(count);
        }
        is_pausing
    }

    fn failed_at(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        let failed_at = self.0.failed_at.lock();
        failed_at.unwrap_or_else(PoisonError::into_inner)
    }

    fn lost(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.0.dropped.inc_by(count);
    }

    /// Takes note of what became of them; the first failure in a row is logged, and its end.
    pub(crate) fn sent(&self, count: usize, is_sent: bool) {
        let was_failing = self.0.is_failing.swap(!is_sent, Ordering::Relaxed);
        let signal = self.0.signal;
        *self.failed_at() = (!is_sent).then(Instant::now);
        if !is_sent {
            self.lost(count);
        }
        match (was_failing, is_sent) {
            (false, false) => tracing::warn!(signal, "telemetry cannot be sent; it is dropped"),
            (true, true) => tracing::info!(signal, "telemetry is sent again"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_room_drops_and_counts() {
        let room = Room::of("a test");
        assert!((0..WAITING_MAX).all(|_| room.enter()));
        assert!(!room.enter());
        assert_eq!(room.0.dropped.get(), 1);
        room.leave(BATCH_MAX);
        assert!(room.enter());
        assert!(!room.is_pausing(1));
        room.sent(BATCH_MAX, false);
        assert_eq!(room.0.dropped.get(), 513);
        assert!(room.is_pausing(2), "nothing is tried again at once");
        assert_eq!(room.0.dropped.get(), 515);
        room.sent(BATCH_MAX, true);
        assert!(!room.is_pausing(1));
    }
}
