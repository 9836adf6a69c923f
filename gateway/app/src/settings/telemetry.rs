//! What is sent to the receivers of traces, logs and metrics, over OTLP (`http/protobuf`). Nothing is
//! sent until a receiver is named.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use config::{Config, Environment};
use invoiceapp_telemetry::Export;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

/// The receivers. The variables `OTEL_EXPORTER_OTLP_ENDPOINT` and
/// `OTEL_EXPORTER_OTLP_{TRACES,LOGS,METRICS}_ENDPOINT` count where these keys are not set.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TelemetrySettings {
    /// Base address of a receiver of all three: `http://collector:4318`.
    pub(crate) endpoint: Option<String>,
    /// Traces.
    pub(crate) traces: SignalSettings,
    /// Logs.
    pub(crate) logs: SignalSettings,
    /// Metrics; `/metrics` shows the same.
    pub(crate) metrics: SignalSettings,
    /// Which part of the traces that begin here is kept, from 0 to 1; failed spans always are.
    pub(crate) sample_ratio: f64,
    /// Longest time of one request to a receiver, in milliseconds.
    pub(crate) timeout_ms: u64,
    /// Seconds between two exports of metrics.
    pub(crate) metrics_interval_seconds: u64,
    /// Headers of every request to a receiver, such as `authorization`.
    #[schemars(with = "BTreeMap<String, String>", extend("writeOnly" = true))]
    pub(crate) headers: BTreeMap<String, SecretString>,
    /// `service.name` of what is sent [default: `invoiceapp` and the process's role].
    pub(crate) service_name: Option<String>,
}

/// One signal.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SignalSettings {
    /// False to send none of it.
    pub(crate) enabled: bool,
    /// Full address of its receiver, where it has one of its own: `http://loki:3100/otlp/v1/logs`.
    pub(crate) endpoint: Option<String>,
}

impl Default for SignalSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            endpoint: None,
        }
    }
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            traces: SignalSettings::default(),
            logs: SignalSettings::default(),
            metrics: SignalSettings::default(),
            sample_ratio: 1.0,
            timeout_ms: 3_000,
            metrics_interval_seconds: 15,
            headers: BTreeMap::new(),
            service_name: None,
        }
    }
}

/// The variables that every OpenTelemetry program knows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Standard {
    exporter_otlp_endpoint: Option<String>,
    exporter_otlp_traces_endpoint: Option<String>,
    exporter_otlp_logs_endpoint: Option<String>,
    exporter_otlp_metrics_endpoint: Option<String>,
}

impl TelemetrySettings {
    /// Where what goes.
    ///
    /// # Errors
    /// When a variable is not text.
    pub(crate) fn export(&self) -> anyhow::Result<Export> {
        let standard: Standard = Config::builder()
            .add_source(Environment::with_prefix("OTEL").prefix_separator("_"))
            .build()
            .and_then(Config::try_deserialize)
            .context("the OTEL variables are not valid")?;
        let base = self.endpoint.clone().or(standard.exporter_otlp_endpoint);
        let place = |signal: &SignalSettings, standard: Option<String>, path: &str| {
            let of_base = |base: &String| format!("{}/v1/{path}", base.trim_end_matches('/'));
            let own = signal.endpoint.clone().or(standard);
            own.or_else(|| base.as_ref().map(of_base))
                .filter(|place| signal.enabled && !place.is_empty())
        };
        Ok(Export {
            traces: place(
                &self.traces,
                standard.exporter_otlp_traces_endpoint,
                "traces",
            ),
            logs: place(&self.logs, standard.exporter_otlp_logs_endpoint, "logs"),
            metrics: place(
                &self.metrics,
                standard.exporter_otlp_metrics_endpoint,
                "metrics",
            ),
            sample_ratio: self.sample_ratio,
            timeout: Duration::from_millis(self.timeout_ms.max(1)),
            metrics_interval: Duration::from_secs(self.metrics_interval_seconds.max(1)),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        })
    }
}
