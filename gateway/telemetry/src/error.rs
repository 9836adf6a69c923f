//! Why telemetry cannot be set up.

use thiserror::Error;

/// Telemetry cannot be set up as it was asked for.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The filter of lines cannot be parsed.
    #[error("the filter of log lines is not valid")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The share of kept traces is not one.
    #[error("the sample ratio is not between 0 and 1")]
    SampleRatio,
    /// A header's name or value cannot be sent.
    #[error("the header {name} cannot be sent")]
    Header {
        /// Its name; the value may be a secret.
        name: String,
    },
    /// The client of the receivers cannot be made.
    #[error("telemetry cannot be sent from here")]
    Client(#[from] reqwest::Error),
    /// A receiver's address is not one.
    #[error("the address of a telemetry receiver is not valid")]
    Endpoint(#[from] opentelemetry_otlp::ExporterBuildError),
    /// A thread of its own cannot be had.
    #[error("a thread for telemetry cannot be started")]
    Thread(#[from] std::io::Error),
    /// The process has a subscriber already.
    #[error("telemetry is set up already")]
    Installed(#[from] tracing_subscriber::util::TryInitError),
}
