//! Metrics over OTLP: what `/metrics` shows, sent from time to time. The names, labels and units are
//! the same on both ways, because both read the same registry.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use invoiceapp_observe::exemplars::{self, exemplars};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Exemplar, Gauge, Histogram, HistogramDataPoint, Metric,
    NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, exemplar, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prometheus::Registry;
use prometheus::proto::{self, MetricFamily, MetricType};
use prost::Message;

use crate::client::Client;
use crate::error::TelemetryError;
use crate::room::Room;

const CUMULATIVE: i32 = AggregationTemporality::Cumulative as i32;

/// The thread that sends.
#[derive(Debug)]
pub(crate) struct Sender {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

/// Where and as whom.
pub(crate) struct Destination {
    pub(crate) endpoint: String,
    pub(crate) client: Client,
    pub(crate) resource: Vec<(&'static str, String)>,
    pub(crate) interval: Duration,
}

impl Sender {
    pub(crate) fn start(to: Destination, registry: Registry) -> Result<Self, TelemetryError> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || run(&to, &registry, &stopped))?;
        Ok(Self { stop, thread })
    }

    /// Sends once more, and ends.
    pub(crate) fn stop(self) {
        drop(self.stop);
        // A panic there is on stderr already.
        let _ = self.thread.join();
    }
}

fn run(to: &Destination, registry: &Registry, stopped: &mpsc::Receiver<()>) {
    let room = Room::of("metrics");
    let began = now();
    loop {
        let is_last = !matches!(
            stopped.recv_timeout(to.interval),
            Err(RecvTimeoutError::Timeout)
        );
        let request = request(&to.resource, &registry.gather(), began, now());
        room.sent(1, send(to, &request));
        if is_last {
            return;
        }
    }
}

fn send(to: &Destination, request: &ExportMetricsServiceRequest) -> bool {
    let mut call = to
        .client
        .http
        .post(&to.endpoint)
        .header("content-type", "application/x-protobuf")
        .body(request.encode_to_vec());
    for (name, value) in &to.client.headers {
        call = call.header(name, value);
    }
    call.send().is_ok_and(|answer| answer.status().is_success())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time of a measurement is the machine's, and decides nothing"
)]
fn now() -> u64 {
    nanoseconds(SystemTime::now())
}

fn nanoseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

/// The request for what a registry has gathered.
fn request(
    resource: &[(&'static str, String)],
    families: &[MetricFamily],
    began: u64,
    now: u64,
) -> ExportMetricsServiceRequest {
    let attributes = resource
        .iter()
        .map(|(name, value)| attribute(name, value))
        .collect();
    let at = Times { began, now };
    let metrics = families
        .iter()
        .filter_map(|family| metric_of(family, at))
        .collect();
    let scope_metrics = ScopeMetrics {
        scope: Some(InstrumentationScope {
            name: "invoiceapp".to_owned(),
            ..InstrumentationScope::default()
        }),
        metrics,
        ..ScopeMetrics::default()
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource {
                attributes,
                ..Resource::default()
            }),
            scope_metrics: vec![scope_metrics],
            ..ResourceMetrics::default()
        }],
    }
}

#[derive(Clone, Copy)]
struct Times {
    began: u64,
    now: u64,
}

fn metric_of(family: &MetricFamily, at: Times) -> Option<Metric> {
    let measured = family.get_metric();
    let numbers = |value: fn(&proto::Metric) -> f64| -> Vec<NumberDataPoint> {
        measured
            .iter()
            .map(|it| number(it, value(it), at))
            .collect()
    };
    let data = match family.get_field_type() {
        MetricType::COUNTER => metric::Data::Sum(Sum {
            data_points: numbers(|it| it.get_counter().get_value()),
            aggregation_temporality: CUMULATIVE,
            is_monotonic: true,
        }),
        MetricType::GAUGE => metric::Data::Gauge(Gauge {
            data_points: numbers(|it| it.get_gauge().get_value()),
        }),
        MetricType::HISTOGRAM => metric::Data::Histogram(Histogram {
            data_points: measured
                .iter()
                .map(|it| histogram(family.name(), it, at))
                .collect(),
            aggregation_temporality: CUMULATIVE,
        }),
        // Nothing of ours makes the others.
        MetricType::SUMMARY | MetricType::UNTYPED => return None,
    };
    Some(Metric {
        name: family.name().to_owned(),
        description: family.help().to_owned(),
        unit: unit(family.name()).to_owned(),
        data: Some(data),
        ..Metric::default()
    })
}

/// The unit that a name ends with, as UCUM writes it.
fn unit(name: &str) -> &'static str {
    match name.trim_end_matches("_total").rsplit('_').next() {
        Some("seconds") => "s",
        Some("bytes") => "By",
        _ => "1",
    }
}

fn number(measured: &proto::Metric, value: f64, at: Times) -> NumberDataPoint {
    NumberDataPoint {
        attributes: labels(measured),
        start_time_unix_nano: at.began,
        time_unix_nano: at.now,
        value: Some(number_data_point::Value::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

/// The exposition counts each bucket with all below it, OTLP each for itself.
fn histogram(name: &str, measured: &proto::Metric, at: Times) -> HistogramDataPoint {
    let histogram = measured.get_histogram();
    let mut below = 0;
    let mut bucket_counts = Vec::new();
    let mut explicit_bounds = Vec::new();
    for bucket in histogram.get_bucket() {
        let bound = bucket.upper_bound();
        if bound.is_infinite() {
            continue;
        }
        explicit_bounds.push(bound);
        bucket_counts.push(bucket.cumulative_count().saturating_sub(below));
        below = bucket.cumulative_count();
    }
    let count = histogram.get_sample_count();
    bucket_counts.push(count.saturating_sub(below));
    HistogramDataPoint {
        attributes: labels(measured),
        start_time_unix_nano: at.began,
        time_unix_nano: at.now,
        count,
        sum: Some(histogram.get_sample_sum()),
        bucket_counts,
        explicit_bounds,
        exemplars: exemplars()
            .of(name, pairs(measured))
            .iter()
            .map(exemplar)
            .collect(),
        ..HistogramDataPoint::default()
    }
}

fn exemplar(kept: &exemplars::Exemplar) -> Exemplar {
    Exemplar {
        time_unix_nano: nanoseconds(kept.at),
        trace_id: kept.trace.trace_number().to_be_bytes().to_vec(),
        span_id: kept.trace.span_number().to_be_bytes().to_vec(),
        value: Some(exemplar::Value::AsDouble(kept.value)),
        ..Exemplar::default()
    }
}

fn pairs(measured: &proto::Metric) -> impl Iterator<Item = (&str, &str)> {
    let labels = measured.get_label().iter();
    labels.map(|label| (label.name(), label.value()))
}

fn labels(measured: &proto::Metric) -> Vec<KeyValue> {
    pairs(measured)
        .map(|(name, value)| attribute(name, value))
        .collect()
}

fn attribute(name: &str, value: &str) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}

#[cfg(test)]
mod tests {
    use invoiceapp_observe::TraceContext;
    use invoiceapp_observe::exemplars::TracedHistogram;
    use prometheus::{IntCounter, IntGauge};

    use super::*;

    fn sent(registry: &Registry) -> Vec<Metric> {
        let resource = [("service.name", "invoiceapp".to_owned())];
        let mut request = request(&resource, &registry.gather(), 1, 2);
        let mut of_resource = request.resource_metrics.remove(0);
        of_resource.scope_metrics.remove(0).metrics
    }

    #[test]
    fn counters_gauges_and_histograms_keep_names_units_values_and_exemplars() {
        let registry = Registry::new();
        let sold = IntCounter::new("sold_total", "Sold.").unwrap();
        let free = IntGauge::new("disk_free_bytes", "Free.").unwrap();
        let took = TracedHistogram::new(("took_seconds", "Took."), &["route"], &[1.0, 2.0]);
        let took = took.unwrap();
        registry.register(Box::new(sold.clone())).unwrap();
        registry.register(Box::new(free.clone())).unwrap();
        registry.register(Box::new(took.clone())).unwrap();
        sold.inc_by(3);
        free.set(7);
        for value in [0.5, 1.5, 1.5] {
            took.observe(&["/a"], value, None);
        }
        took.observe(&["/a"], 9.0, TraceContext::new(11, 12, true));
        let metrics = sent(&registry);
        let named: Vec<(&str, &str)> = metrics
            .iter()
            .map(|it| (it.name.as_str(), it.unit.as_str()))
            .collect();
        assert_eq!(
            named,
            [
                ("disk_free_bytes", "By"),
                ("sold_total", "1"),
                ("took_seconds", "s")
            ]
        );
        let Some(metric::Data::Histogram(took)) = &metrics[2].data else {
            panic!("no histogram");
        };
        assert_eq!(took.data_points[0].explicit_bounds, [1.0, 2.0]);
        assert_eq!(took.data_points[0].bucket_counts, [1, 2, 1]);
        assert_eq!(took.data_points[0].count, 4);
        let [exemplar] = took.data_points[0].exemplars.as_slice() else {
            panic!("not one exemplar");
        };
        assert_eq!(exemplar.trace_id, 11_u128.to_be_bytes());
        assert_eq!(exemplar.span_id, 12_u64.to_be_bytes());
        assert_eq!(exemplar.value, Some(exemplar::Value::AsDouble(9.0)));
    }
}
