//! Exemplars: of each bucket of a histogram the newest value that was measured within a sampled trace,
//! and which trace that was, so that a point on a chart leads to one of the requests behind it.
//!
//! Like the counters they belong to the process: whoever shows a histogram asks for its exemplars by
//! the histogram's name and labels. Outside of a sampled trace nothing is kept, and nothing is paid.

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{HistogramOpts, HistogramVec};

use crate::clock::now;
use crate::context::TraceContext;

/// Most series that have exemplars, so that a label that grows would not grow this, too.
const SERIES_MAX: usize = 4_096;

/// A value that was measured within a trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exemplar {
    /// The trace, and the span in it.
    pub trace: TraceContext,
    /// The value, in the unit of its histogram.
    pub value: f64,
    /// When it was measured.
    pub at: SystemTime,
}

/// The newest of each bucket, by the bucket's place among the bounds.
type Buckets = BTreeMap<usize, Exemplar>;

/// The exemplars of histograms.
#[derive(Debug, Default)]
pub struct Exemplars(Mutex<HashMap<String, Buckets>>);

/// The exemplars of this process.
pub fn exemplars() -> &'static Exemplars {
    static EXEMPLARS: LazyLock<Exemplars> = LazyLock::new(Exemplars::default);
    &EXEMPLARS
}

impl Exemplars {
    /// Keeps a value in place of the one before in its bucket, when its trace is sampled.
    pub fn keep(
        &self,
        histogram: &str,
        labels: &[(&str, &str)],
        bucket: usize,
        value: f64,
        trace: Option<TraceContext>,
    ) {
        let Some(trace) = trace.filter(TraceContext::is_sampled) else {
            return;
        };
        let exemplar = Exemplar {
            trace,
            value,
            at: now(),
        };
        let key = key(histogram, labels.iter().copied());
        let mut kept = self.kept();
        if kept.len() < SERIES_MAX || kept.contains_key(&key) {
            kept.entry(key).or_default().insert(bucket, exemplar);
        }
    }

    /// The exemplars of a histogram with these labels, those of smaller values first.
    #[must_use]
    pub fn of<'a>(
        &self,
        histogram: &str,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Vec<Exemplar> {
        let kept = self.kept();
        let buckets = kept.get(&key(histogram, labels));
        buckets.map_or_else(Vec::new, |buckets| buckets.values().copied().collect())
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Buckets>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a series is kept under, in whatever order its labels are named.
fn key<'a>(histogram: &str, labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut labels: Vec<_> = labels.into_iter().collect();
    labels.sort_unstable();
    let mut key = histogram.to_owned();
    for part in labels.into_iter().flat_map(|(name, value)| [name, value]) {
        key.push('\0');
        key.push_str(part);
    }
    key
}

/// A histogram whose buckets have exemplars.
#[derive(Debug, Clone)]
pub struct TracedHistogram {
    name: &'static str,
    labels: &'static [&'static str],
    bounds: &'static [f64],
    values: HistogramVec,
}

impl TracedHistogram {
    /// A histogram of that name with these labels and upper bounds.
    ///
    /// # Errors
    /// When a name breaks the grammar of metrics.
    pub fn new(
        (name, help): (&'static str, &'static str),
        labels: &'static [&'static str],
        bounds: &'static [f64],
    ) -> Result<Self, prometheus::Error> {
        let options = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        Ok(Self {
            name,
            labels,
            bounds,
            values: HistogramVec::new(options, labels)?,
        })
    }

    /// Counts a value that was measured within a trace, or within none.
    pub fn observe(&self, values: &[&str], value: f64, trace: Option<TraceContext>) {
        self.values.with_label_values(values).observe(value);
        if trace.is_some() {
            let labels: Vec<(&str, &str)> = self
                .labels
                .iter()
                .copied()
                .zip(values.iter().copied())
                .collect();
            let bucket = self.bounds.partition_point(|bound| *bound < value);
            exemplars().keep(self.name, &labels, bucket, value, trace);
        }
    }
}

impl Collector for TracedHistogram {
    fn desc(&self) -> Vec<&Desc> {
        self.values.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.values.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(number: u128, is_sampled: bool) -> Option<TraceContext> {
        TraceContext::new(number, 7, is_sampled)
    }

    fn values(exemplars: &[Exemplar]) -> Vec<(f64, u128)> {
        let value = |it: &Exemplar| (it.value, it.trace.trace_number());
        exemplars.iter().map(value).collect()
    }

    #[test]
    fn of_each_bucket_the_newest_sampled_value_is_kept() {
        const BOUNDS: [f64; 2] = [1.0, 2.0];
        let about = ("kept_seconds", "Kept.");
        let histogram = TracedHistogram::new(about, &["route", "method"], &BOUNDS).unwrap();
        for (value, trace) in [
            (0.5, trace(1, true)),
            (1.0, trace(2, true)),
            (0.25, trace(3, false)),
            (0.75, None),
            (9.0, trace(4, true)),
        ] {
            histogram.observe(&["/a", "GET"], value, trace);
        }
        histogram.observe(&["/b", "GET"], 1.5, trace(5, true));
        let of = |route| exemplars().of("kept_seconds", [("method", "GET"), ("route", route)]);
        assert_eq!(values(&of("/a")), [(1.0, 2), (9.0, 4)]);
        assert_eq!(values(&of("/b")), [(1.5, 5)]);
        assert_eq!(of("/c"), []);
        let counted = histogram.collect()[0]
            .get_metric()
            .iter()
            .map(|series| series.get_histogram().get_sample_count())
            .sum::<u64>();
        assert_eq!(counted, 6, "each is counted, whatever its trace");
    }

    #[test]
    fn series_beyond_the_limit_have_no_exemplars() {
        let kept = Exemplars::default();
        let name = |number: usize| format!("series_{number}");
        for number in 0..=SERIES_MAX {
            kept.keep(&name(number), &[], 0, 1.0, trace(1, true));
        }
        kept.keep(&name(0), &[], 0, 2.0, trace(2, true));
        assert_eq!(values(&kept.of(&name(0), [])), [(2.0, 2)]);
        assert_eq!(kept.of(&name(SERIES_MAX), []), []);
    }
}
