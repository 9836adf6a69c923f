//! The journal's writer: its head, its batches, what commands come to.

use invoiceapp_journal::writer::observe::Distribution;
use invoiceapp_observe::metrics::JOURNAL_COMMIT_SECONDS;
use prometheus::core::Collector;

use super::WatchedWriter;
use super::asked::{Name, collector as asked, number};

const HEAD: Name = (
    "invoiceapp_journal_head_position",
    "Position of the newest event that this process knows.",
);
const APPENDS: Name = (
    "invoiceapp_journal_appends_total",
    "Appends: committed, duplicate, conflict, claim_taken, refused, unavailable.",
);
const BATCH: Name = (
    "invoiceapp_journal_batch_commands",
    "Commands per committed batch.",
);
const COMMIT: Name = (
    JOURNAL_COMMIT_SECONDS,
    "Time from taking a batch off the queue to answering it.",
);
const QUEUE: Name = (
    "invoiceapp_journal_queue_commands",
    "Commands that wait for the writer.",
);
const LOST_ROUNDS: Name = (
    "invoiceapp_journal_lost_rounds_total",
    "Batches that had to be decided again because another process wrote first.",
);
const RETRIES: Name = (
    "invoiceapp_command_retries_total",
    "Commands that were decided again after a conflict.",
);

const NAMES: [Name; 7] = [HEAD, APPENDS, BATCH, COMMIT, QUEUE, LOST_ROUNDS, RETRIES];

/// Microseconds in a second.
const MICROSECONDS: f64 = 1_000_000.0;

/// Shows what the writer counts.
pub(super) fn collector(writer: WatchedWriter) -> Box<dyn Collector> {
    asked(&NAMES, move |families| {
        let figures = writer.stats.figures();
        families.gauge(HEAD, number(*writer.head.borrow()));
        let appends = figures.appends.iter();
        families.counters(
            APPENDS,
            ["outcome"],
            appends.map(|(outcome, count)| ([outcome.as_str().to_owned()], *count)),
        );
        let (buckets, sum) = in_units(&figures.batch_commands, 1.0);
        families.histogram(BATCH, &buckets, figures.batch_commands.count, sum);
        let (buckets, sum) = in_units(&figures.commit_micros, MICROSECONDS);
        families.histogram(COMMIT, &buckets, figures.commit_micros.count, sum);
        families.gauge(QUEUE, number(figures.waiting));
        families.counters(LOST_ROUNDS, [], [([], figures.lost_rounds)]);
        families.counters(RETRIES, [], [([], writer.executor.conflict_retries())]);
    })
}

/// A distribution's bounds and sum in the unit of its metric, which is so many of its own. Divided, not
/// multiplied by a fraction, so that a bound is the number that a person would write.
#[expect(
    clippy::float_arithmetic,
    reason = "a metric's bounds are floats by the exposition's definition; no amount is computed"
)]
fn in_units(distribution: &Distribution, unit: f64) -> (Vec<(f64, u64)>, f64) {
    let buckets = distribution.buckets.iter();
    let buckets = buckets.map(|(bound, count)| (number(*bound) / unit, *count));
    (buckets.collect(), number(distribution.sum) / unit)
}
