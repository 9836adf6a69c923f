//! Puts the layers together, and takes them apart again.

use std::time::Duration;

use opentelemetry::trace::TracerProvider;
use opentelemetry::{KeyValue, global};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use prometheus::Registry;
use tokio::sync::oneshot;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::client::Client;
use crate::error::TelemetryError;
use crate::filter::{Seen, Spans};
use crate::lines::{LineLayer, to_stderr};
use crate::logs::SentLines;
use crate::metrics::{Destination, Sender};
use crate::options::{Identity, Options};
use crate::room::Room;
use crate::{logs, spans};

/// Longest time that the end of a process waits for what has not been sent.
pub const FLUSH_TIME_MAX: Duration = Duration::from_secs(5);

/// What the system calls itself.
const OURS: &str = "invoiceapp";

/// Telemetry at work. To be [ended](Self::end) last.
#[must_use = "what has not been sent is lost when nobody ends it"]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    logs: Option<SdkLoggerProvider>,
    metrics: Option<Destination>,
    sender: Option<Sender>,
}

/// Installs the process's one subscriber and begins to send, where that is asked for. TLS wants the
/// process's crypto provider to be installed before.
///
/// # Errors
/// [`TelemetryError`].
pub fn start(options: Options) -> Result<Telemetry, TelemetryError> {
    let Options {
        identity,
        lines,
        export,
    } = options;
    if !(0.0..=1.0).contains(&export.sample_ratio) {
        return Err(TelemetryError::SampleRatio);
    }
    let client = export.is_on().then(|| Client::new(&export)).transpose()?;
    let (mut traces, mut logs, mut metrics) = (None, None, None);
    let (spans_room, lines_room) = (Room::of("traces"), Room::of("logs"));
    if let Some(client) = client {
        let resource = resource(&identity);
        if let Some(endpoint) = &export.traces {
            let ratio = export.sample_ratio;
            let room = spans_room.clone();
            traces = Some(spans::provider(endpoint, &client, ratio, room, &resource)?);
        }
        if let Some(endpoint) = &export.logs {
            let room = lines_room.clone();
            logs = Some(logs::provider(endpoint, &client, room, &resource)?);
        }
        metrics = export.metrics.map(|endpoint| Destination {
            endpoint,
            client,
            resource: facts(&identity).into(),
            interval: export.metrics_interval,
        });
    }
    let on_stderr = LineLayer {
        service: identity.name,
        json: lines.json,
        colours: lines.colours,
        write: to_stderr(),
    };
    let sent_spans = traces.as_ref().map(|provider| {
        OpenTelemetryLayer::new(provider.tracer(OURS))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(Spans(spans_room))
    });
    let sent_lines = logs.as_ref();
    let sent_lines = sent_lines.map(|provider| SentLines::new(provider, lines_room));
    if let Some(provider) = &traces {
        // For spans that are made without a layer: those of calls to servers.
        global::set_tracer_provider(provider.clone());
    }
    tracing_subscriber::registry()
        .with(sent_spans)
        .with(on_stderr)
        .with(sent_lines)
        .with(Seen(EnvFilter::try_new(&lines.filter)?))
        .try_init()?;
    Ok(Telemetry {
        traces,
        logs,
        metrics,
        sender: None,
    })
}

fn facts(identity: &Identity) -> [(&'static str, String); 4] {
    [
        ("service.namespace", OURS.to_owned()),
        ("service.name", identity.name.clone()),
        ("service.version", identity.version.to_owned()),
        ("service.instance.id", identity.instance.clone()),
    ]
}

fn resource(identity: &Identity) -> Resource {
    let facts = facts(identity).map(|(name, value)| KeyValue::new(name, value));
    Resource::builder_empty().with_attributes(facts).build()
}

impl Telemetry {
    /// Telemetry that goes nowhere, for a tool that runs for a moment.
    pub const fn none() -> Self {
        Self {
            traces: None,
            logs: None,
            metrics: None,
            sender: None,
        }
    }

    /// Sends what a registry shows from now on, where metrics are sent.
    ///
    /// # Errors
    /// [`TelemetryError::Thread`].
    pub fn send_metrics(&mut self, registry: Registry) -> Result<(), TelemetryError> {
        if let Some(destination) = self.metrics.take() {
            self.sender = Some(Sender::start(destination, registry)?);
        }
        Ok(())
    }

    /// Sends what has not been sent, for at most [`FLUSH_TIME_MAX`].
    pub async fn end(self) {
        let (done, ended) = oneshot::channel();
        // Not the runtime's threads: those would be waited for, however long they take.
        let spawned = std::thread::Builder::new().spawn(move || {
            self.flush();
            let _ = done.send(());
        });
        if spawned.is_ok() {
            let _ = tokio::time::timeout(FLUSH_TIME_MAX, ended).await;
        }
    }

    fn flush(self) {
        let Self {
            traces,
            logs,
            sender,
            ..
        } = self;
        // Side by side: a receiver that does not answer takes no time from another.
        std::thread::scope(|scope| {
            if let Some(sender) = sender {
                scope.spawn(|| sender.stop());
            }
            if let Some(traces) = traces {
                scope.spawn(move || traces.shutdown_with_timeout(FLUSH_TIME_MAX));
            }
            if let Some(logs) = logs {
                scope.spawn(move || logs.shutdown_with_timeout(FLUSH_TIME_MAX));
            }
        });
    }
}
