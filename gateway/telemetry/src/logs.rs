//! Log records on their way out.

use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry_appender_tracing::layer::{OpenTelemetryTracingBridge, TracingSpanAttributes};
use opentelemetry_otlp::{LogExporter as OtlpExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{
    BatchConfigBuilder, BatchLogProcessor, LogBatch, LogExporter, LogProcessor, SdkLogRecord,
    SdkLogger, SdkLoggerProvider,
};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::client::Client;
use crate::error::TelemetryError;
use crate::lines::CARRIED;
use crate::room::{BATCH_MAX, Room, WAITING_MAX};

/// How long a record waits for others at most before it is sent.
const GATHER_TIME: Duration = Duration::from_secs(1);
/// What sends telemetry itself: its own lines would never come to an end.
const SENDERS: [&str; 5] = ["hyper", "reqwest", "h2", "rustls", "opentelemetry"];

/// The provider that sends to an address.
pub(crate) fn provider(
    endpoint: &str,
    client: &Client,
    room: Room,
    resource: &Resource,
) -> Result<SdkLoggerProvider, TelemetryError> {
    let exporter = OtlpExporter::builder()
        .with_http()
        .with_http_client(client.http.clone())
        .with_headers(client.headers.clone())
        .with_endpoint(endpoint)
        .with_timeout(client.timeout)
        .build()?;
    let exporter = Exporter {
        exporter,
        room: room.clone(),
    };
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(WAITING_MAX)
        .with_max_export_batch_size(BATCH_MAX)
        .with_scheduled_delay(GATHER_TIME)
        .build();
    let batches = BatchLogProcessor::builder(exporter)
        .with_batch_config(config)
        .build();
    Ok(SdkLoggerProvider::builder()
        .with_log_processor(Keeper { batches, room })
        .with_resource(resource.clone())
        .build())
}

/// Makes records of lines, other than those of the senders, and none while nobody takes them.
pub(crate) struct SentLines {
    bridge: OpenTelemetryTracingBridge<SdkLoggerProvider, SdkLogger>,
    room: Room,
}

impl SentLines {
    pub(crate) fn new(provider: &SdkLoggerProvider, room: Room) -> Self {
        let bridge = OpenTelemetryTracingBridge::builder(provider)
            .with_tracing_span_attributes(TracingSpanAttributes::allowlist(CARRIED))
            .build();
        Self { bridge, room }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for SentLines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        self.bridge.on_new_span(attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.bridge.on_record(id, values, context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let target = event.metadata().target();
        let is_of_a_sender = SENDERS.iter().any(|sender| target.starts_with(sender));
        if !is_of_a_sender && !self.room.refuses() {
            self.bridge.on_event(event, context);
        }
    }
}

/// Lets records through while there is room.
#[derive(Debug)]
struct Keeper {
    batches: BatchLogProcessor,
    room: Room,
}

impl LogProcessor for Keeper {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        if self.room.enter() {
            self.batches.emit(record, scope);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

#[derive(Debug)]
struct Exporter {
    exporter: OtlpExporter,
    room: Room,
}

impl LogExporter for Exporter {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let count = batch.iter().count();
        self.room.send(count, self.exporter.export(batch)).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
