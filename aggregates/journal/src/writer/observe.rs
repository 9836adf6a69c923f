//! What the writer counts while it works, for whoever watches it: plain numbers that only grow,
//! in no library's types, and nothing that names a tenant, a stream or a command.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use invoiceapp_observe::TraceContext;
use invoiceapp_observe::exemplars::exemplars;
use invoiceapp_observe::metrics::JOURNAL_COMMIT_SECONDS;

use crate::port::{AppendError, Committed, JournalError};

/// Upper bounds of the sizes that [`WriterFigures::batch_commands`] tells apart.
const BATCH_BOUNDS: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];
/// Upper bounds of the microseconds that [`WriterFigures::commit_micros`] tells apart.
const MICROS_BOUNDS: [u64; 13] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
    10_000_000,
];

/// What an append came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AppendOutcome {
    /// It was committed now.
    Committed,
    /// It had been committed before.
    Duplicate,
    /// Somebody else was faster.
    Conflict,
    /// Another stream holds the key.
    ClaimTaken,
    /// It is not to be written for another reason: its form, its size, its command id, its date.
    Refused,
    /// The journal could not say; the queue was full, or the engine failed.
    Unavailable,
}

impl AppendOutcome {
    /// All of them, in the order of [`WriterFigures::appends`].
    pub const ALL: [Self; 6] = [
        Self::Committed,
        Self::Duplicate,
        Self::Conflict,
        Self::ClaimTaken,
        Self::Refused,
        Self::Unavailable,
    ];

    /// Its name in a metric.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::ClaimTaken => "claim_taken",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
        }
    }

    pub(super) const fn of(answer: &Result<Committed, AppendError>) -> Self {
        match answer {
            Ok(committed) if committed.replayed => Self::Duplicate,
            Ok(_) => Self::Committed,
            Err(AppendError::VersionConflict { .. }) => Self::Conflict,
            Err(AppendError::ClaimTaken { .. }) => Self::ClaimTaken,
            Err(AppendError::Journal(
                JournalError::Unavailable { .. }
                | JournalError::Overloaded
                | JournalError::Damaged { .. },
            )) => Self::Unavailable,
            Err(
                AppendError::CommandReused
                | AppendError::SeriesDateBeforeLast { .. }
                | AppendError::TooLarge { .. }
                | AppendError::Malformed { .. },
            ) => Self::Refused,
        }
    }
}

/// How values are spread: a histogram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Each upper bound, inclusive, with the number of values up to it and above the bound before.
    pub buckets: Vec<(u64, u64)>,
    /// How many values there are, those above the last bound included.
    pub count: u64,
    /// Their sum.
    pub sum: u64,
}

/// What a writer has counted up to one moment. The numbers are read one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterFigures {
    /// Appends that were answered, by what they came to.
    pub appends: [(AppendOutcome, u64); 6],
    /// Commands per batch.
    pub batch_commands: Distribution,
    /// Time that a batch took, from its turn to be written to being kept, in microseconds.
    pub commit_micros: Distribution,
    /// Requests that have no answer yet.
    pub waiting: u64,
    /// Rounds that were lost because another writer had moved the head.
    pub lost_rounds: u64,
}

#[derive(Debug)]
struct Counts<const N: usize> {
    bounds: [u64; N],
    counts: [AtomicU64; N],
    count: AtomicU64,
    sum: AtomicU64,
}

impl<const N: usize> Counts<N> {
    fn new(bounds: [u64; N]) -> Self {
        Self {
            bounds,
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            count: AtomicU64::new(0),
            sum: AtomicU64::new(0),
        }
    }

    /// The place of the first bound that holds a value; behind all of them when none does.
    fn bucket(&self, value: u64) -> usize {
        self.bounds.partition_point(|bound| *bound < value)
    }

    fn add(&self, value: u64) {
        if let Some(counter) = self.counts.get(self.bucket(value)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn distribution(&self) -> Distribution {
        let counts = self.counts.iter().map(|it| it.load(Ordering::Relaxed));
        Distribution {
            buckets: self.bounds.into_iter().zip(counts).collect(),
            count: self.count.load(Ordering::Relaxed),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

/// The counters of one writer.
#[derive(Debug)]
pub struct WriterStats {
    appends: [AtomicU64; 6],
    batch_commands: Counts<{ BATCH_BOUNDS.len() }>,
    commit_micros: Counts<{ MICROS_BOUNDS.len() }>,
    waiting: AtomicU64,
    lost_rounds: AtomicU64,
}

impl Default for WriterStats {
    fn default() -> Self {
        Self {
            appends: std::array::from_fn(|_| AtomicU64::new(0)),
            batch_commands: Counts::new(BATCH_BOUNDS),
            commit_micros: Counts::new(MICROS_BOUNDS),
            waiting: AtomicU64::new(0),
            lost_rounds: AtomicU64::new(0),
        }
    }
}

impl WriterStats {
    /// What was counted up to now.
    #[must_use]
    pub fn figures(&self) -> WriterFigures {
        let mut appends = AppendOutcome::ALL.map(|outcome| (outcome, 0));
        for ((_, count), counter) in appends.iter_mut().zip(&self.appends) {
            *count = counter.load(Ordering::Relaxed);
        }
        WriterFigures {
            appends,
            batch_commands: self.batch_commands.distribution(),
            commit_micros: self.commit_micros.distribution(),
            waiting: self.waiting.load(Ordering::Relaxed),
            lost_rounds: self.lost_rounds.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn answered(&self, answer: &Result<Committed, AppendError>) {
        let outcome = AppendOutcome::of(answer);
        let counters = AppendOutcome::ALL.iter().zip(&self.appends);
        for (_, counter) in counters.filter(|(known, _)| **known == outcome) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A batch of so many commands was written, and that was a part of a trace, or of none.
    pub(crate) fn committed(&self, commands: usize, took: Duration, trace: Option<TraceContext>) {
        // Snapshots alone are a batch of no command.
        if commands > 0 {
            self.batch_commands
                .add(u64::try_from(commands).unwrap_or(u64::MAX));
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.commit_micros.add(micros);
        let bucket = self.commit_micros.bucket(micros);
        let seconds = Duration::from_micros(micros).as_secs_f64();
        exemplars().keep(JOURNAL_COMMIT_SECONDS, &[], bucket, seconds, trace);
    }

    pub(crate) fn entered(&self) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn left(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn lost_round(&self) {
        self.lost_rounds.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, WriterStats};

    #[test]
    fn a_value_is_counted_under_the_first_bound_that_holds_it() {
        let counts = Counts::new([1, 4]);
        for value in [1, 2, 4, 5] {
            counts.add(value);
        }
        let distribution = counts.distribution();
        assert_eq!(distribution.buckets, [(1, 1), (4, 2)]);
        assert_eq!((distribution.count, distribution.sum), (4, 12));
    }

    #[test]
    fn a_fresh_writer_has_counted_nothing() {
        let figures = WriterStats::default().figures();
        assert!(figures.appends.iter().all(|(_, count)| *count == 0));
        assert_eq!((figures.waiting, figures.lost_rounds), (0, 0));
    }
}
