//! Telemetry as a process has it. There is one subscriber to a process, so there is one test.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by a panic"
)]

mod receiver;

use std::time::Duration;

use invoiceapp_observe::client::{called, found, table};
use invoiceapp_observe::metrics::metrics;
use invoiceapp_observe::span::{follow, link};
use invoiceapp_observe::{TraceContext, metrics};
use invoiceapp_telemetry::{Export, Identity, Lines, Options, start};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prometheus::Registry;
use prost::Message;
use receiver::{Receiver, free_address};
use secrecy::SecretString;
use tracing::Instrument;

const CAUSE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// More spans than may wait.
const TOO_MANY: usize = 20_000;

fn options(base: &str) -> Options {
    Options {
        identity: Identity {
            name: "invoiceapp-test".to_owned(),
            version: "1.2.3",
            instance: "one".to_owned(),
        },
        lines: Lines {
            filter: "info".to_owned(),
            json: true,
            colours: false,
        },
        export: Export {
            traces: Some(format!("{base}/v1/traces")),
            logs: Some(format!("{base}/v1/logs")),
            metrics: Some(format!("{base}/v1/metrics")),
            timeout: Duration::from_secs(1),
            headers: vec![("authorization".to_owned(), SecretString::from("Bearer t"))],
            ..Export::default()
        },
    }
}

fn dropped() -> u64 {
    let dropped = &metrics().telemetry_dropped;
    dropped.with_label_values(&["traces"]).get()
}

#[tokio::test]
async fn what_cannot_be_sent_is_dropped_and_counted_and_the_rest_arrives() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .unwrap();
    let address = free_address();
    let mut telemetry = start(options(&format!("http://{address}"))).unwrap();
    let registry = Registry::new();
    metrics::register(&registry).unwrap();
    telemetry.send_metrics(registry).unwrap();

    // Nobody receives: whoever works is not held up, and knows afterwards what got lost.
    for _ in 0..TOO_MANY {
        let _span = tracing::info_span!(target: "invoiceapp", "lost").entered();
    }
    assert!(dropped() > 0);

    let receiver = Receiver::default();
    receiver.listen(address);
    // What was kept comes first; behind it there is room again.
    while !receiver.has_heard("/v1/traces", b"late") {
        let _span = tracing::info_span!(target: "invoiceapp", "late").entered();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    work().await;
    telemetry.end().await;

    assert_spans(&receiver);
    assert_log_records(&receiver);
    let sent = receiver.received("/v1/metrics");
    let sent = ExportMetricsServiceRequest::decode(sent.last().unwrap().2.clone()).unwrap();
    let metrics = &sent.resource_metrics[0].scope_metrics[0].metrics;
    assert!(
        metrics
            .iter()
            .any(|metric| metric.name == "invoiceapp_telemetry_dropped_total"),
        "{metrics:?}"
    );
}

/// A request with a tenant, a line, a read that fails, and a batch that is linked to it; then two looks
/// for work, of which one finds some.
async fn work() {
    let request = tracing::info_span!(
        target: "invoiceapp",
        "request",
        service = "invoice",
        tenant = tracing::field::Empty,
    );
    follow(&request, TraceContext::parse(CAUSE));
    request.record("tenant", "acme");
    async {
        let batch = tracing::info_span!(target: "invoiceapp", parent: None, "batch");
        link(&batch, [TraceContext::current().unwrap()]);
        tokio::task::yield_now().await;
        tracing::info!(target: "invoiceapp", answer = 42, "worked");
        tracing::info!(target: "hyper", "a sender's own line");
        let read = async { Err::<(), ()>(()) };
        let read = called(table("postgresql", "SELECT", "events"), read).await;
        assert!(read.is_err());
    }
    .instrument(request)
    .await;
    let cause = |found: &Option<u8>| found.and_then(|_| TraceContext::parse(CAUSE));
    for (collection, work) in [("jobs", Some(1)), ("nothing", None)] {
        let look = async { Ok::<_, ()>(work) };
        let looked = found(("sqlite", "UPDATE", collection), look, cause).await;
        assert_eq!(looked, Ok(work));
    }
}

fn assert_spans(receiver: &Receiver) {
    let mut spans: Vec<Span> = Vec::new();
    for (_, authorization, body) in receiver.received("/v1/traces") {
        assert_eq!(authorization, "Bearer t");
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        for of_resource in request.resource_spans {
            let resource = format!("{:?}", of_resource.resource);
            for fact in ["invoiceapp-test", "1.2.3", "service.instance.id"] {
                assert!(resource.contains(fact), "{resource}");
            }
            spans.extend(of_resource.scope_spans.into_iter().flat_map(|it| it.spans));
        }
    }
    assert_looks_for_work(&spans);
    let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let request = named("request");
    let cause = TraceContext::parse(CAUSE).unwrap();
    assert_eq!(hex(&request.trace_id), cause.trace_id());
    assert_eq!(hex(&request.parent_span_id), cause.span_id());
    let batch = named("batch");
    assert_ne!(batch.trace_id, request.trace_id);
    assert_eq!(batch.links[0].trace_id, request.trace_id);
    assert_eq!(batch.links[0].span_id, request.span_id);
    let read = named("SELECT events");
    assert_eq!(read.parent_span_id, request.span_id);
    assert_eq!(read.kind(), SpanKind::Client);
    assert_eq!(read.status.as_ref().unwrap().code(), StatusCode::Error);
    let facts = format!("{:?}", read.attributes);
    for fact in [
        ("db.system.name", "postgresql"),
        ("db.operation.name", "SELECT"),
        ("db.collection.name", "events"),
        ("error.type", "call_failed"),
    ] {
        let is_said = facts.contains(fact.0) && facts.contains(fact.1);
        assert!(is_said, "{fact:?}: {facts}");
    }
}

fn assert_looks_for_work(spans: &[Span]) {
    let mut looks = spans.iter().filter(|span| span.name.starts_with("UPDATE "));
    let look = looks.next().unwrap();
    assert_eq!(look.name, "UPDATE jobs");
    let cause = TraceContext::parse(CAUSE).unwrap();
    assert_eq!(hex(&look.trace_id), cause.trace_id());
    assert_eq!(hex(&look.parent_span_id), cause.span_id());
    assert!(look.start_time_unix_nano <= look.end_time_unix_nano);
    assert_eq!(looks.next(), None, "looks that find nothing are not shown");
}

fn assert_log_records(receiver: &Receiver) {
    let mut records = Vec::new();
    for (_, _, body) in receiver.received("/v1/logs") {
        let request = ExportLogsServiceRequest::decode(body).unwrap();
        for of_resource in request.resource_logs {
            let scopes = of_resource.scope_logs.into_iter();
            records.extend(scopes.flat_map(|scope| scope.log_records));
        }
    }
    let said = |text: &str| {
        let is_it = |record: &&_| format!("{record:?}").contains(text);
        records.iter().find(is_it)
    };
    let worked = said("worked").unwrap();
    let cause = TraceContext::parse(CAUSE).unwrap();
    assert_eq!(hex(&worked.trace_id), cause.trace_id());
    let attributes = format!("{:?}", worked.attributes);
    for fact in ["invoice", "acme", "42"] {
        assert!(attributes.contains(fact), "{attributes}");
    }
    assert!(said("a sender's own line").is_none());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
