//! Rate, errors and duration of requests, per route. Labels are bounded: service names, methods
//! and route patterns of the program, and status codes; nothing that a client sends.

use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::code::Code;
use crate::problem::Problem;

/// Upper bounds of the duration buckets, in seconds.
const DURATION_BUCKETS_SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// The metrics of every service in the process; cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpMetrics {
    requests: IntCounterVec,
    durations: HistogramVec,
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
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "invoiceapp_http_request_duration_seconds",
                "Time from the request's headers to the answer's headers.",
            )
            .buckets(DURATION_BUCKETS_SECONDS.to_vec()),
            &["service", "method", "route"],
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

    pub(crate) fn record(
        &self,
        service: &str,
        method: &str,
        route: &str,
        status: StatusCode,
        duration: Duration,
    ) {
        self.requests
            .with_label_values(&[service, method, route, status.as_str()])
            .inc();
        self.durations
            .with_label_values(&[service, method, route])
            .observe(duration.as_secs_f64());
    }
}

/// Counts a request as being served until it is dropped, also when the client goes away.
#[derive(Debug)]
pub(crate) struct InFlight(IntGauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// `GET /metrics` in the Prometheus text format. For a listener that only operators reach.
pub fn metrics_router(registry: Registry) -> Router {
    Router::new().route(
        "/metrics",
        get(move || {
            let registry = registry.clone();
            async move {
                let mut text = Vec::new();
                match TextEncoder::new().encode(&registry.gather(), &mut text) {
                    Ok(()) => {
                        ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response()
                    }
                    Err(error) => {
                        tracing::error!(%error, "metrics cannot be written");
                        Problem::new(Code::InternalError).into_response()
                    }
                }
            }
        }),
    )
}
