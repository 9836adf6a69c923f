//! The two forms of `/metrics`, over a socket.

use std::net::SocketAddr;

use invoiceapp_http::metrics::metrics_router;
use invoiceapp_http::server::{HttpListener, ServerLimits};
use invoiceapp_http::testing::TestIssuer;
use invoiceapp_observe::TraceContext;
use invoiceapp_observe::exemplars::TracedHistogram;
use prometheus::{IntCounterVec, IntGauge, Opts, Registry};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const NOT_SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4737-00f067aa0ba902b7-00";
/// What Prometheus sends, version 3 and version 2.
const PROMETHEUS: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
    application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,\
    text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
const PROMETHEUS_2: &str = "application/openmetrics-text;version=1.0.0,\
    application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

const OPEN: &str = r##"# HELP doors_open Doors, \"open\".
# TYPE doors_open gauge
doors_open 2
# HELP sold Sold.
# TYPE sold counter
sold_total{to="a\\b \"c\"\nd"} 3
# HELP took_seconds Took.
# TYPE took_seconds histogram
took_seconds_bucket{route="/a",le="0.5"} 1
took_seconds_bucket{route="/a",le="1.0"} 2 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7"} 0.75 AT
took_seconds_bucket{route="/a",le="+Inf"} 3 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736",span_id="00f067aa0ba902b7"} 9 AT
took_seconds_count{route="/a"} 3
took_seconds_sum{route="/a"} 10
# EOF
"##;

fn registry() -> Registry {
    let registry = Registry::new();
    let sold = IntCounterVec::new(Opts::new("sold_total", "Sold."), &["to"]).unwrap();
    let doors = IntGauge::new("doors_open", "Doors, \"open\".").unwrap();
    let about = ("took_seconds", "Took.");
    let took = TracedHistogram::new(about, &["route"], &[0.5, 1.0]).unwrap();
    registry.register(Box::new(sold.clone())).unwrap();
    registry.register(Box::new(doors.clone())).unwrap();
    registry.register(Box::new(took.clone())).unwrap();
    sold.with_label_values(&["a\\b \"c\"\nd"]).inc_by(3);
    doors.set(2);
    for (value, trace) in [(0.25, NOT_SAMPLED), (0.75, SAMPLED), (9.0, SAMPLED)] {
        took.observe(&["/a"], value, TraceContext::parse(trace));
    }
    registry
}

/// The answer's head and body.
async fn scrape(accept: Option<&str>) -> (String, String) {
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = HttpListener::bind(address).await.unwrap();
    let (address, stop) = (listener.address(), CancellationToken::new());
    let router = metrics_router(registry());
    tokio::spawn(listener.serve(
        router,
        ServerLimits::default(),
        TestIssuer::new().ambient,
        stop.clone(),
    ));
    let accept = accept.map_or(String::new(), |types| format!("Accept: {types}\r\n"));
    let request =
        format!("GET /metrics HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{accept}\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    stop.cancel();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// An exposition whose exemplars say that they have a time, but not which.
fn without_times(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(" # {") {
        None => format!("{line}\n"),
        Some(_) => {
            let (exemplar, time) = line.rsplit_once(' ').unwrap();
            let seconds: f64 = time.parse().unwrap();
            assert!(seconds > 1.0e9, "{line}");
            format!("{exemplar} AT\n")
        }
    });
    lines.collect()
}

#[rstest]
#[case::prometheus(PROMETHEUS)]
#[case::prometheus_2(PROMETHEUS_2)]
#[case::without_a_version("text/plain, Application/OpenMetrics-Text")]
#[tokio::test]
async fn whoever_takes_open_metrics_gets_it_with_exemplars(#[case] accept: &str) {
    let (head, body) = scrape(Some(accept)).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let content_type =
        "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n";
    assert!(head.contains(content_type), "{head}");
    assert_eq!(without_times(&body), OPEN);
}

#[rstest]
#[case::nothing(None)]
#[case::anything(Some("*/*"))]
#[case::text(Some("text/plain;version=0.0.4"))]
#[case::another_version(Some("application/openmetrics-text;version=0.0.1"))]
#[case::refused(Some("application/openmetrics-text;version=1.0.0;q=0, */*"))]
#[case::a_longer_name(Some("application/openmetrics-text2"))]
#[tokio::test]
async fn everybody_else_gets_prometheus_own_format(#[case] accept: Option<&str>) {
    let (head, body) = scrape(accept).await;
    assert!(
        head.contains("content-type: text/plain; version=0.0.4\r\n"),
        "{head}"
    );
    for line in [
        "# TYPE sold_total counter\n",
        "took_seconds_bucket{route=\"/a\",le=\"1\"} 2\n",
        "took_seconds_sum{route=\"/a\"} 10\n",
    ] {
        assert!(body.contains(line), "{body}");
    }
    assert!(!body.contains("trace_id"), "{body}");
}
