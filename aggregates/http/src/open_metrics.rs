//! The OpenMetrics text format: what Prometheus' own format says, and the exemplars, which that one has
//! no place for. The registry's library writes no other format than its own.

use std::fmt::{self, Display, Write};
use std::time::UNIX_EPOCH;

use axum::http::{HeaderMap, header};
use invoiceapp_observe::exemplars::{Exemplar, exemplars};
use prometheus::proto::{Metric, MetricFamily, MetricType};

/// What this is, in an answer.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const MEDIA_TYPE: &str = "application/openmetrics-text";
/// What the sample of a counter is called beyond its family.
const COUNTER_SUFFIX: &str = "_total";

/// Whether this format is among those that a client takes. One that takes both gets this one.
pub(crate) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(is_this)
}

fn is_this(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let is_named = parts
        .next()
        .is_some_and(|name| name.eq_ignore_ascii_case(MEDIA_TYPE));
    is_named
        && parts.all(|parameter| match parameter.split_once('=') {
            Some(("version", version)) => version == "1.0.0",
            Some(("q", weight)) => weight.parse().is_ok_and(|weight: f32| weight > 0.0),
            _ => true,
        })
}

/// The whole exposition.
///
/// # Errors
/// When a family cannot be written.
pub(crate) fn text(families: &[MetricFamily]) -> Result<String, fmt::Error> {
    let mut text = String::new();
    for family in families {
        write_family(&mut text, family)?;
    }
    text.push_str("# EOF\n");
    Ok(text)
}

fn write_family(out: &mut String, family: &MetricFamily) -> fmt::Result {
    let of_counter = family.name().strip_suffix(COUNTER_SUFFIX);
    let (name, kind) = match (family.get_field_type(), of_counter) {
        (MetricType::COUNTER, Some(name)) => (name, "counter"),
        (MetricType::GAUGE, _) => (family.name(), "gauge"),
        (MetricType::HISTOGRAM, _) => (family.name(), "histogram"),
        // Nothing of ours makes the others.
        _ => (family.name(), "unknown"),
    };
    writeln!(out, "# HELP {name} {}", Escaped(family.help()))?;
    writeln!(out, "# TYPE {name} {kind}")?;
    for metric in family.get_metric() {
        match family.get_field_type() {
            MetricType::HISTOGRAM => write_histogram(out, name, metric)?,
            MetricType::COUNTER => {
                let value = Number(metric.get_counter().get_value());
                write_sample(out, family.name(), metric, value)?;
            }
            MetricType::GAUGE => {
                let value = Number(metric.get_gauge().get_value());
                write_sample(out, name, metric, value)?;
            }
            MetricType::SUMMARY | MetricType::UNTYPED => {}
        }
    }
    Ok(())
}

fn write_histogram(out: &mut String, name: &str, metric: &Metric) -> fmt::Result {
    let histogram = metric.get_histogram();
    let labels = metric.get_label().iter();
    let traced = exemplars().of(name, labels.map(|label| (label.name(), label.value())));
    let finite = histogram
        .get_bucket()
        .iter()
        .map(|bucket| (bucket.upper_bound(), bucket.cumulative_count()))
        .filter(|(bound, _)| bound.is_finite());
    let count = histogram.get_sample_count();
    let mut lower = f64::NEG_INFINITY;
    for (bound, below) in finite.chain([(f64::INFINITY, count)]) {
        write_name(out, name, "_bucket", metric, Some(bound))?;
        write!(out, " {below}")?;
        let here = |it: &&Exemplar| lower < it.value && it.value <= bound;
        if let Some(exemplar) = traced.iter().find(here) {
            write_exemplar(out, exemplar)?;
        }
        out.push('\n');
        lower = bound;
    }
    write_name(out, name, "_count", metric, None)?;
    writeln!(out, " {count}")?;
    write_name(out, name, "_sum", metric, None)?;
    writeln!(out, " {}", Number(histogram.get_sample_sum()))
}

fn write_exemplar(out: &mut String, exemplar: &Exemplar) -> fmt::Result {
    let trace = exemplar.trace;
    let (trace_id, span_id, value) = (trace.trace_id(), trace.span_id(), Number(exemplar.value));
    write!(
        out,
        " # {{trace_id=\"{trace_id}\",span_id=\"{span_id}\"}} {value}"
    )?;
    if let Ok(since) = exemplar.at.duration_since(UNIX_EPOCH) {
        write!(out, " {}.{:03}", since.as_secs(), since.subsec_millis())?;
    }
    Ok(())
}

fn write_sample(out: &mut String, name: &str, metric: &Metric, value: Number) -> fmt::Result {
    write_name(out, name, "", metric, None)?;
    writeln!(out, " {value}")
}

/// A sample's name and labels; a bucket's upper bound is one of them.
fn write_name(
    out: &mut String,
    name: &str,
    suffix: &str,
    metric: &Metric,
    bound: Option<f64>,
) -> fmt::Result {
    write!(out, "{name}{suffix}")?;
    let mut before = '{';
    for label in metric.get_label() {
        write!(
            out,
            "{before}{}=\"{}\"",
            label.name(),
            Escaped(label.value())
        )?;
        before = ',';
    }
    if let Some(bound) = bound {
        write!(out, "{before}le=\"{}\"", Bound(bound))?;
        before = ',';
    }
    if before == ',' {
        out.push('}');
    }
    Ok(())
}

/// A value.
struct Number(f64);

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            value => write!(f, "{value}"),
        }
    }
}

/// A bucket's upper bound: always with a point, so that a bound is one label whoever writes it.
struct Bound(f64);

impl Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("+Inf"),
            bound => write!(f, "{bound:?}"),
        }
    }
}

/// A text without whatever would end it.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
