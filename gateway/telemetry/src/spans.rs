//! Spans on their way out: which are kept, how many may wait, and what becomes of the rest.

use std::time::Duration;

use opentelemetry::trace::{Link, SpanContext, SpanKind, Status, TraceId};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter as OtlpExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SamplingDecision, SamplingResult,
    SdkTracerProvider, ShouldSample, Span, SpanData, SpanExporter, SpanProcessor,
};

use crate::client::Client;
use crate::error::TelemetryError;
use crate::room::{BATCH_MAX, Room, WAITING_MAX};

/// How long a span waits for others at most before it is sent.
const GATHER_TIME: Duration = Duration::from_secs(1);
/// Most attributes, and links, of one span.
const ATTRIBUTES_MAX: u32 = 64;

/// The provider that sends to an address.
pub(crate) fn provider(
    endpoint: &str,
    client: &Client,
    ratio: f64,
    room: Room,
    resource: &Resource,
) -> Result<SdkTracerProvider, TelemetryError> {
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
    let batches = BatchSpanProcessor::builder(exporter)
        .with_batch_config(config)
        .build();
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
    Ok(SdkTracerProvider::builder()
        .with_sampler(Recording(sampler))
        .with_span_processor(Keeper { batches, room })
        .with_max_attributes_per_span(ATTRIBUTES_MAX)
        .with_max_links_per_span(ATTRIBUTES_MAX)
        .with_resource(resource.clone())
        .build())
}

/// A sampler under which spans that are not sampled are recorded all the same: at their end it shows
/// whether they failed.
#[derive(Debug, Clone)]
struct Recording(Sampler);

impl ShouldSample for Recording {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace_id: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let mut result = self
            .0
            .should_sample(parent, trace_id, name, kind, attributes, links);
        if result.decision == SamplingDecision::Drop {
            result.decision = SamplingDecision::RecordOnly;
        }
        result
    }
}

/// Lets through what is sampled or has failed, while there is room.
#[derive(Debug)]
struct Keeper<P> {
    batches: P,
    room: Room,
}

impl<P: SpanProcessor> SpanProcessor for Keeper<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, mut span: SpanData) {
        if !span.span_context.is_sampled() {
            if !matches!(span.status, Status::Error { .. }) {
                return;
            }
            span.span_context = sampled(&span.span_context);
        }
        if self.room.enter() {
            self.batches.on_end(span);
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

fn sampled(context: &SpanContext) -> SpanContext {
    SpanContext::new(
        context.trace_id(),
        context.span_id(),
        context.trace_flags().with_sampled(true),
        context.is_remote(),
        context.trace_state().clone(),
    )
}

#[derive(Debug)]
struct Exporter {
    exporter: OtlpExporter,
    room: Room,
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        self.room.send(count, self.exporter.export(batch)).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use opentelemetry::trace::{Span as _, Tracer, TracerProvider};

    use super::*;

    /// Remembers the names of what gets through, and whether it says that it is sampled.
    #[derive(Debug, Clone, Default)]
    struct Through(Arc<Mutex<Vec<(String, bool)>>>);

    impl SpanProcessor for Through {
        fn on_start(&self, _span: &mut Span, _context: &Context) {}

        fn on_end(&self, span: SpanData) {
            let is_sampled = span.span_context.is_sampled();
            self.0.lock().unwrap().push((span.name.into(), is_sampled));
        }

        fn force_flush(&self) -> OTelSdkResult {
            Ok(())
        }

        fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
            Ok(())
        }
    }

    #[test]
    fn of_a_trace_that_is_not_sampled_only_what_failed_is_kept() {
        let through = Through::default();
        let keeper = Keeper {
            batches: through.clone(),
            room: Room::of("another test"),
        };
        let provider = SdkTracerProvider::builder()
            .with_sampler(Recording(Sampler::AlwaysOff))
            .with_span_processor(keeper)
            .build();
        let tracer = provider.tracer("test");
        tracer.start("went well").end();
        let mut failed = tracer.start("failed");
        failed.set_status(Status::error(""));
        failed.end();
        assert_eq!(*through.0.lock().unwrap(), [("failed".to_owned(), true)]);
    }
}
