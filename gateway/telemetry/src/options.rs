//! What there is to say about telemetry before anything else has started.

use std::time::Duration;

use secrecy::SecretString;

/// Everything that [`crate::start`] wants to know.
#[derive(Debug)]
pub struct Options {
    /// Who speaks.
    pub identity: Identity,
    /// The lines on stderr.
    pub lines: Lines,
    /// What is sent, and where; by default nothing.
    pub export: Export,
}

/// The resource that everything sent belongs to.
#[derive(Debug, Clone)]
pub struct Identity {
    /// `service.name`: `invoiceapp-relay`.
    pub name: String,
    /// `service.version`.
    pub version: &'static str,
    /// `service.instance.id`: another one for each process.
    pub instance: String,
}

/// How lines are written on stderr.
#[derive(Debug, Clone)]
pub struct Lines {
    /// A tracing filter: `info`, `warn,invoiceapp_journal=debug`. It holds for what is sent too.
    pub filter: String,
    /// One JSON object a line; text for people otherwise.
    pub json: bool,
    /// Colours, for text.
    pub colours: bool,
}

/// Where each signal goes, over OTLP (`http/protobuf`).
#[derive(Debug, Clone)]
pub struct Export {
    /// Full address of the traces' receiver; nothing to send none.
    pub traces: Option<String>,
    /// Full address of the logs' receiver.
    pub logs: Option<String>,
    /// Full address of the metrics' receiver.
    pub metrics: Option<String>,
    /// Which part of the traces that begin here is kept, from 0 to 1. A trace that began elsewhere
    /// is kept as it was decided there. Spans that failed are always kept.
    pub sample_ratio: f64,
    /// Longest time of one request to a receiver.
    pub timeout: Duration,
    /// Pause between two exports of metrics.
    pub metrics_interval: Duration,
    /// Headers of every request to a receiver, for its access control.
    pub headers: Vec<(String, SecretString)>,
}

impl Default for Export {
    fn default() -> Self {
        Self {
            traces: None,
            logs: None,
            metrics: None,
            sample_ratio: 1.0,
            timeout: Duration::from_secs(3),
            metrics_interval: Duration::from_secs(15),
            headers: Vec::new(),
        }
    }
}

impl Export {
    /// Whether anything is sent at all.
    pub(crate) const fn is_on(&self) -> bool {
        self.traces.is_some() || self.logs.is_some() || self.metrics.is_some()
    }
}
