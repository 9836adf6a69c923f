//! What a process sends to the receivers of traces, logs and metrics, and what of it leads where.

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::api::{Client, EVENTUALLY, organization};
use crate::receiver::Receiver;
use crate::system::{System, Way};

/// Pause between two looks at what has arrived.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// What an invoice's way to its recipient shows in a trace.
const SPANS: [&str; 12] = [
    "POST /api/v1/invoices/{id}/send",
    "journal append",
    "journal commit",
    "SELECT events",
    "project documents",
    "plan pdf",
    "plan pdf batch",
    "INSERT jobs",
    "UPDATE jobs",
    "job pdf",
    "plan mail",
    "job mail",
];
/// What it shows besides where there are servers.
const SPANS_OF_SERVERS: [&str; 5] = [
    "relay takeover",
    "relay batch",
    "UPDATE feeds",
    "S3/PutObject",
    "SMTP send",
];
/// Exports of metrics, one a second, that are as long as anybody waits between two looks for work.
const QUIET_EXPORTS: usize = 7;
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACE_NOT_SAMPLED: &str = "4bf92f3577b34da6a3ce929d0e0e4737";

/// Waits until all of it has arrived that an invoice which was sent leaves behind.
pub(crate) async fn the_way_of_an_invoice_arrived(receiver: &Receiver, way: Way) {
    for span in SPANS {
        arrived(receiver, "traces", span).await;
    }
    if way == Way::Full {
        for span in SPANS_OF_SERVERS {
            arrived(receiver, "traces", span).await;
        }
    }
    arrived(receiver, "logs", "request").await;
    for metric in [
        "invoiceapp_http_requests_total",
        "invoiceapp_journal_head_position",
        "invoiceapp_mail_deliveries_total",
        "process_resident_memory_bytes",
    ] {
        arrived(receiver, "metrics", metric).await;
    }
}

async fn arrived(receiver: &Receiver, signal: &str, wanted: impl AsRef<[u8]>) {
    let begun = Instant::now();
    while !receiver.has(signal, &wanted) {
        let wanted = String::from_utf8_lossy(wanted.as_ref());
        assert!(begun.elapsed() < EVENTUALLY, "no {wanted} in {signal}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

#[tokio::test]
async fn a_system_without_work_sends_no_traces() {
    let (_server, receiver) = System::start_observed(Way::Embedded).await;
    let begun = Instant::now();
    while receiver.count_since_last("metrics", "traces") < QUIET_EXPORTS {
        assert!(begun.elapsed() < EVENTUALLY, "looking for work is traced");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// The lines of a histogram's buckets that name a trace.
pub(crate) fn exemplars(metrics: &str, histogram: &str) -> Vec<String> {
    let begin = format!("{histogram}_bucket{{");
    let lines = metrics.lines().filter(|line| line.starts_with(&begin));
    lines
        .filter(|line| line.contains("# {trace_id="))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn a_bucket_of_a_histogram_names_a_trace_that_arrives() {
    let (server, receiver) = System::start_observed(Way::Embedded).await;
    let admin = Client::admin(&server).await;
    for (path, trace, flags) in [
        ("/organization", TRACE, "01"),
        ("/products", TRACE_NOT_SAMPLED, "00"),
    ] {
        let request = match path {
            "/organization" => admin.request(Method::PUT, path).json(&organization()),
            _ => admin.request(Method::GET, path),
        };
        let traceparent = format!("00-{trace}-00f067aa0ba902b7-{flags}");
        let request = request.header("traceparent", traceparent);
        admin.send(request).await.expect(200);
    }
    let metrics = server.metrics().await;
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    let of_requests = exemplars(&metrics, "invoiceapp_http_request_duration_seconds");
    let ours = of_requests.iter().filter(|line| line.contains(TRACE));
    let routes: Vec<&String> = ours.filter(|it| it.contains("/organization")).collect();
    assert!(!routes.is_empty(), "{of_requests:#?}");
    let of_commits = exemplars(&metrics, "invoiceapp_journal_commit_duration_seconds");
    assert!(!of_commits.is_empty(), "{metrics}");
    assert!(!metrics.contains(TRACE_NOT_SAMPLED), "{metrics}");
    let trace = u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes();
    for signal in ["traces", "metrics"] {
        arrived(&receiver, signal, trace).await;
    }
}
