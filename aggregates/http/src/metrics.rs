//! Rate, errors and duration of requests, per route. Labels are bounded: service names, methods
//! and route patterns of the program, and status codes; nothing that a client sends.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{BoxError, Router};
use invoiceapp_observe::TraceContext;
use invoiceapp_observe::exemplars::TracedHistogram;
use prometheus::{IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use crate::code::Code;
use crate::open_metrics;
use crate::problem::Problem;

/// Upper bounds of the duration buckets, in seconds.
const DURATION_BUCKETS_SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// The metrics of every service in the process; cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    requests: IntCounterVec,
    durations: TracedHistogram,
    in_flight: IntGaugeVec,
}

impl HttpMetrics {
    /// Makes the metrics and registers them. Once per registry.
    ///
    /// # Errors
    /// When the registry already has metrics of these names.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new("invoiceapp_http_requests_total", "Requests answered."),
            &["service", "method", "route", "status"],
        )?;
        let durations = TracedHistogram::new(
            (
                "invoiceapp_http_request_duration_seconds",
                "Time from the request's headers to the answer's headers.",
            ),
            &["service", "method", "route"],
            &DURATION_BUCKETS_SECONDS,
        )?;
        let in_flight = IntGaugeVec::new(
            Opts::new(
                "invoiceapp_http_requests_in_flight",
                "Requests being served.",
            ),
            &["service"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        registry.register(Box::new(in_flight.clone()))?;
        Ok(Self {
            requests,
            durations,
            in_flight,
        })
    }

    pub(crate) fn begin(&self, service: &str) -> InFlight {
        let gauge = self.in_flight.with_label_values(&[service]);
        gauge.inc();
        InFlight(gauge)
    }

    pub(crate) fn record(&self, service: &str, request: &Answered<'_>) {
        let Answered { method, route, .. } = *request;
        self.requests
            .with_label_values(&[service, method, route, request.status.as_str()])
            .inc();
        let seconds = request.duration.as_secs_f64();
        self.durations
            .observe(&[service, method, route], seconds, request.trace);
    }
}

/// A request that was answered.
#[derive(Debug)]
pub(crate) struct Answered<'a> {
    pub(crate) method: &'static str,
    pub(crate) route: &'a str,
    pub(crate) status: StatusCode,
    pub(crate) duration: Duration,
    /// Its span, where spans are exported.
    pub(crate) trace: Option<TraceContext>,
}

/// Counts a request as being served until it is dropped, also when the client goes away.
#[derive(Debug)]
pub(crate) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// `GET /metrics`: in OpenMetrics for whoever asks for that, which has exemplars, and otherwise in
/// Prometheus' text format. For a listener that only operators reach.
pub fn metrics_router(registry: Registry) -> Router {
    let answer = move |headers: HeaderMap| std::future::ready(exposition(&registry, &headers));
    Router::new().route("/metrics", get(answer))
}

fn exposition(registry: &Registry, headers: &HeaderMap) -> Response {
    let families = registry.gather();
    let (content_type, written) = if open_metrics::is_asked_for(headers) {
        let text = open_metrics::text(&families);
        (open_metrics::CONTENT_TYPE, text.map_err(BoxError::from))
    } else {
        let text = TextEncoder::new().encode_to_string(&families);
        (prometheus::TEXT_FORMAT, text.map_err(BoxError::from))
    };
    match written {
        Ok(text) => {
            // One address, two forms.
            let headers = [
                (header::CONTENT_TYPE, content_type),
                (header::VARY, "accept"),
            ];
            (headers, text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            Problem::new(Code::InternalError).into_response()
        }
    }
}
