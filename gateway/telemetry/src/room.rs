//! What may wait to be sent. A queue that is full drops what comes, and counts it: whoever is observed
//! never waits for whoever observes. While a receiver has failed there is no room at all, and what is
//! observed is told so before it makes anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use invoiceapp_observe::metrics::metrics;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use prometheus::IntCounter;

/// Spans that may wait. A span weighs about one kilobyte.
pub(crate) const WAITING_MAX: usize = 8_192;
/// Most spans or records of one request.
pub(crate) const BATCH_MAX: usize = 512;

/// How long nothing is tried after a receiver has failed, twice as long each time that it fails
/// again: making and encoding for nobody costs as much as for somebody.
const PAUSE_FIRST: Duration = Duration::from_secs(2);
/// The longest of these pauses, and with it the longest time from the return of a receiver until it
/// is noticed.
const PAUSE_MAX: Duration = Duration::from_secs(16);

/// The room of one signal.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    signal: &'static str,
    waiting: AtomicUsize,
    dropped: IntCounter,
    /// Whether the last request has failed. The rest is of interest only then.
    is_failing: AtomicBool,
    began: Instant,
    /// In milliseconds since it began.
    next_try: AtomicU64,
    pause: AtomicU64,
    /// How many may still enter for the next try.
    trial: AtomicUsize,
}

impl Room {
    pub(crate) fn of(signal: &'static str) -> Self {
        Self(Arc::new(Inner {
            signal,
            waiting: AtomicUsize::new(0),
            dropped: metrics().telemetry_dropped.with_label_values(&[signal]),
            is_failing: AtomicBool::new(false),
            began: Instant::now(),
            next_try: AtomicU64::new(0),
            pause: AtomicU64::new(0),
            trial: AtomicUsize::new(0),
        }))
    }

    /// Whether whatever would be made now could not be sent: it need not be made, and is counted as
    /// dropped.
    pub(crate) fn refuses(&self) -> bool {
        let refuses =
            self.is_failing() && (self.is_pausing() || self.0.trial.load(Ordering::Relaxed) == 0);
        if refuses {
            self.0.dropped.inc();
        }
        refuses
    }

    /// Whether one more may wait; if not, it is counted as dropped.
    pub(crate) fn enter(&self) -> bool {
        if self.has_place() {
            return true;
        }
        self.0.dropped.inc();
        false
    }

    fn has_place(&self) -> bool {
        if self.is_failing() && (self.is_pausing() || !self.is_on_trial()) {
            return false;
        }
        let has_place = self.0.waiting.fetch_add(1, Ordering::Relaxed) < WAITING_MAX;
        if !has_place {
            self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        has_place
    }

    fn is_failing(&self) -> bool {
        self.0.is_failing.load(Ordering::Relaxed)
    }

    fn is_pausing(&self) -> bool {
        self.now() < self.0.next_try.load(Ordering::Relaxed)
    }

    /// Takes one of the places for the next try.
    fn is_on_trial(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        let trial = &self.0.trial;
        trial
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .is_ok()
    }

    fn now(&self) -> u64 {
        milliseconds(self.0.began.elapsed())
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
        if self.is_failing() {
            if self.is_pausing() {
                self.lost(count);
                return Err(OTelSdkError::Timeout(Duration::ZERO));
            }
            // Until it is known what has become of these, there is no need of more.
            self.0.trial.store(0, Ordering::Relaxed);
        }
        let result = export.await;
        self.sent(count, result.is_ok());
        result
    }

    /// So many are on their way.
    fn leave(&self, count: usize) {
        self.0.waiting.fetch_sub(count, Ordering::Relaxed);
    }

    fn lost(&self, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        self.0.dropped.inc_by(count);
    }

    /// Takes note of what became of them; the first failure in a row is logged, and its end.
    pub(crate) fn sent(&self, count: usize, is_sent: bool) {
        if !is_sent {
            self.lost(count);
            self.pause();
        }
        let was_failing = self.0.is_failing.swap(!is_sent, Ordering::Relaxed);
        let signal = self.0.signal;
        match (was_failing, is_sent) {
            (false, false) => tracing::warn!(signal, "telemetry cannot be sent; it is dropped"),
            (true, true) => tracing::info!(signal, "telemetry is sent again"),
            _ => {}
        }
    }

    /// Before it is said that it fails, so that nobody finds a pause of before.
    fn pause(&self) {
        let first = milliseconds(PAUSE_FIRST);
        let pause = match self.is_failing() {
            true => self.0.pause.load(Ordering::Relaxed).saturating_mul(2),
            false => first,
        };
        let pause = pause.clamp(first, milliseconds(PAUSE_MAX));
        let next_try = self.now().saturating_add(pause);
        self.0.pause.store(pause, Ordering::Relaxed);
        self.0.next_try.store(next_try, Ordering::Relaxed);
        self.0.trial.store(BATCH_MAX, Ordering::Relaxed);
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As if the pause were over.
    fn wait(room: &Room) {
        room.0.next_try.store(0, Ordering::Relaxed);
    }

    #[test]
    fn a_full_room_drops_and_counts() {
        let room = Room::of("a test");
        assert!((0..WAITING_MAX).all(|_| room.enter()));
        assert!(!room.enter());
        assert_eq!(room.0.dropped.get(), 1);
        room.leave(BATCH_MAX);
        assert!(room.enter());
        assert!(!room.refuses(), "what is made may find a place");
    }

    #[test]
    fn nothing_is_made_for_a_receiver_that_has_failed() {
        let room = Room::of("a failing test");
        assert!(room.enter());
        room.sent(1, false);
        assert!(
            room.refuses() && !room.enter(),
            "nothing is tried again at once"
        );
        assert_eq!(room.0.dropped.get(), 3);
        wait(&room);
        assert!(!room.refuses());
        assert!((0..BATCH_MAX).all(|_| room.enter()), "one request's worth");
        assert!(
            room.refuses() && !room.enter(),
            "and no more until it is answered"
        );
        room.sent(BATCH_MAX, true);
        assert!(!room.refuses() && room.enter());
    }

    #[test]
    fn the_pauses_grow_to_their_limit_and_begin_anew() {
        let room = Room::of("a pausing test");
        let pauses = |room: &Room| {
            room.sent(1, false);
            room.0.pause.load(Ordering::Relaxed)
        };
        let grown: Vec<u64> = (0..5).map(|_| pauses(&room)).collect();
        assert_eq!(grown, [2_000, 4_000, 8_000, 16_000, 16_000]);
        room.sent(1, true);
        assert_eq!(pauses(&room), 2_000);
    }
}
