//! Log records on their way out.

use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry_otlp::{LogExporter as OtlpExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{
    BatchConfigBuilder, BatchLogProcessor, LogBatch, LogExporter, LogProcessor, SdkLogRecord,
    SdkLoggerProvider,
};

use crate::client::Client;
use crate::error::TelemetryError;
use crate::room::{BATCH_MAX, Room, WAITING_MAX};

/// How long a record waits for others at most before it is sent.
const GATHER_TIME: Duration = Duration::from_secs(1);

/// The provider that sends to an address.
pub(crate) fn provider(
    endpoint: &str,
    client: &Client,
    resource: &Resource,
) -> Result<SdkLoggerProvider, TelemetryError> {
    let room = Room::of("logs");
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
