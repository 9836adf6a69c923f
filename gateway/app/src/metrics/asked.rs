//! Metrics whose values are asked for when they are gathered. A series whose subject is gone is gone
//! with it, and nothing has to be kept in step.

use std::collections::HashMap;

use prometheus::core::{Collector, Desc};
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType,
};

/// A name, and what is measured by it.
pub(super) type Name = (&'static str, &'static str);

/// The families that a collector gathers.
#[derive(Default)]
pub(super) struct Families(Vec<MetricFamily>);

impl Families {
    /// A family of gauges: labels and value of each.
    pub(super) fn gauges<const N: usize>(
        &mut self,
        name: Name,
        labels: [&'static str; N],
        values: impl IntoIterator<Item = ([String; N], f64)>,
    ) {
        let metrics = values.into_iter().map(|(of, value)| {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            let mut metric = Metric::from_label(pairs(labels, of));
            metric.set_gauge(gauge);
            metric
        });
        self.put(name, MetricType::GAUGE, metrics.collect());
    }

    /// A gauge without labels.
    pub(super) fn gauge(&mut self, name: Name, value: f64) {
        self.gauges(name, [], [([], value)]);
    }

    /// A family of counters.
    pub(super) fn counters<const N: usize>(
        &mut self,
        name: Name,
        labels: [&'static str; N],
        values: impl IntoIterator<Item = ([String; N], u64)>,
    ) {
        let metrics = values.into_iter().map(|(of, value)| {
            let mut counter = Counter::default();
            counter.set_value(number(value));
            let mut metric = Metric::from_label(pairs(labels, of));
            metric.set_counter(counter);
            metric
        });
        self.put(name, MetricType::COUNTER, metrics.collect());
    }

    /// A histogram: upper bounds with the values between each and the one before, their number and sum.
    pub(super) fn histogram(&mut self, name: Name, buckets: &[(f64, u64)], count: u64, sum: f64) {
        let mut below = 0_u64;
        let buckets = buckets.iter().map(|(bound, values)| {
            below = below.saturating_add(*values);
            let mut bucket = Bucket::default();
            bucket.set_upper_bound(*bound);
            bucket.set_cumulative_count(below);
            bucket
        });
        let mut histogram = Histogram::default();
        histogram.set_bucket(buckets.collect());
        histogram.set_sample_count(count);
        histogram.set_sample_sum(sum);
        let mut metric = Metric::default();
        metric.set_histogram(histogram);
        self.put(name, MetricType::HISTOGRAM, vec![metric]);
    }

    fn put(&mut self, (name, help): Name, kind: MetricType, metrics: Vec<Metric>) {
        if metrics.is_empty() {
            return;
        }
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(kind);
        family.set_metric(metrics);
        self.0.push(family);
    }
}

fn pairs<const N: usize>(names: [&'static str; N], values: [String; N]) -> Vec<LabelPair> {
    let pair = |(name, value): (&str, String)| {
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value);
        pair
    };
    names.into_iter().zip(values).map(pair).collect()
}

/// A whole number as a metric has it. Above 2^53 it is not exact, and nothing here counts so far.
#[expect(
    clippy::cast_precision_loss,
    reason = "a metric's value is a float by the exposition's definition"
)]
pub(super) const fn number(value: u64) -> f64 {
    value as f64
}

/// Asks when it is gathered.
struct Asked<F> {
    descriptions: Vec<Desc>,
    ask: F,
}

impl<F: Fn(&mut Families) + Send + Sync> Collector for Asked<F> {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut families = Families::default();
        (self.ask)(&mut families);
        families.0
    }
}

/// A collector of families of these names.
pub(super) fn collector<F>(names: &[Name], ask: F) -> Box<dyn Collector>
where
    F: Fn(&mut Families) + Send + Sync + 'static,
{
    let described = names
        .iter()
        .map(|(name, help)| Desc::new((*name).into(), (*help).into(), vec![], HashMap::new()));
    Box::new(Asked {
        // A name that is not one is not registered, and a test asks for every name.
        descriptions: described.filter_map(Result::ok).collect(),
        ask,
    })
}
