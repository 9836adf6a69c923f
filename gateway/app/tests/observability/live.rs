//! A running system of the full stack, seen through the dashboards, the alerts and one trace.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use invoiceapp_parts::variable;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Client, EVENTUALLY, draft, id, organization};
use crate::exemplars::every_point_leads_to_a_trace;
use crate::files::{dashboards, rule_expressions, selectors};
use crate::full::{Installation, Place, RoleProcess};
use crate::prometheus::Prometheus;
use crate::server::{Data, Server};

/// One process for each role, as in production.
const PROCESSES: [&[&str]; 10] = [
    &["relay"],
    &["projector"],
    &["user-access"],
    &["product"],
    &["invoice"],
    &["authorizer"],
    &["pdf"],
    &["media"],
    &["mail"],
    &["bff"],
];
const PROJECTOR: &[&str] = &["projector"];
/// Where the embedded system beside them shows its metrics.
const EMBEDDED_MANAGEMENT_PORT: u16 = 3391;
/// Whose spans one invoice that is sent must have in its trace.
const TRACED: [&str; 6] = [
    "invoiceapp-bff",
    "invoiceapp-invoice",
    "invoiceapp-relay",
    "invoiceapp-projector",
    "invoiceapp-pdf",
    "invoiceapp-mail",
];
/// How many times the story is told, at most, until every panel shows something.
const ROUNDS_MAX: usize = 20;
/// Pause between two looks.
pub(crate) const LOOK_INTERVAL: Duration = Duration::from_secs(1);
const LOG_FILTER: &str = "info";

/// A system at work, and what looks at it.
pub(crate) struct Watched {
    installation: Installation,
    processes: Vec<RoleProcess>,
    pub(crate) prometheus: Prometheus,
    admin: Client,
    http: reqwest::Client,
}

impl Watched {
    async fn start() -> Self {
        let mut installation = Installation::make("observability", LOG_FILTER).await;
        let collector = variable("STACK_OTLP_URL");
        for (key, value) in [
            ("TELEMETRY__ENDPOINT", collector.as_str()),
            ("TELEMETRY__METRICS__ENABLED", "false"),
        ] {
            installation
                .settings
                .push((key.to_owned(), value.to_owned()));
        }
        let processes: Vec<RoleProcess> = PROCESSES
            .iter()
            .map(|roles| installation.start(roles))
            .collect();
        let place = installation.place;
        let prometheus = Prometheus::start(&place, &targets(&place)).await;
        for process in &processes {
            process.ready().await;
        }
        let door = installation.tenant().await;
        let admin = Client::admin(&door).await;
        admin.put("/organization", organization()).await.expect(200);
        let http = reqwest::Client::new();
        Self {
            installation,
            processes,
            prometheus,
            admin,
            http,
        }
    }

    /// A draft becomes an invoice, a document and a mail, and a query waits for it. The whole is one
    /// trace, whose id the caller gives.
    async fn story(&self, trace: &str) {
        let invoice = self.admin.post("/invoices", draft()).await.expect(201);
        let path = format!("/invoices/{}", id(&invoice));
        let send = self.admin.request(Method::POST, &format!("{path}/send"));
        let send = send
            .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
            .json(&json!({}));
        let sent = self.admin.send(send).await;
        let token = sent.header("consistency-token").to_owned();
        sent.expect(202);
        self.admin.get_after(&path, &token).await.expect(200);
        let delivered = |answer: &crate::api::Answer| answer.json()["delivery_status"] == "sent";
        self.admin.eventually(&path, delivered).await;
        // What a rule refuses is counted, too.
        let again = self.admin.post(&format!("{path}/issue"), json!({})).await;
        assert_eq!(again.status, 409);
    }

    /// What an expression of a dashboard shows.
    async fn shown(&self, server: &str, expression: &str) -> usize {
        if server == "prometheus" {
            self.prometheus.values(expression).await.len()
        } else {
            self.lines(expression).await.len()
        }
    }

    /// The lines that Loki finds.
    async fn lines(&self, expression: &str) -> Vec<Value> {
        let address = format!("{}/loki/api/v1/query_range", variable("STACK_LOKI_URL"));
        let request = self
            .http
            .get(address)
            .query(&[("query", expression), ("since", "15m")]);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, 200, "{expression}: {text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["data"]["result"].as_array().unwrap().clone()
    }

    /// The spans of a trace, as Jaeger has them.
    pub(crate) async fn trace(&self, trace: &str) -> Option<Value> {
        let address = format!("{}/api/traces/{trace}", variable("STACK_JAEGER_URL"));
        let answer: Value = self
            .http
            .get(address)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .ok()?;
        answer["data"].get(0).cloned()
    }

    fn stop(&mut self, roles: &[&str]) {
        self.processes.retain(|process| process.roles != roles);
    }
}

/// Where each role shows its metrics.
fn targets(place: &Place) -> Vec<(&'static str, String)> {
    let target = |roles: &&'static [&'static str]| {
        let url = place.url_of(roles[0]);
        let address = match roles[0] {
            "bff" => place.management(),
            _ => url.trim_start_matches("http://").to_owned(),
        };
        (roles[0], address)
    };
    PROCESSES.iter().map(target).collect()
}

/// An embedded system beside it: what only that has, such as a data directory, is on the dashboards too.
fn embedded(place: &Place) -> (Server, (&'static str, String)) {
    let management = format!("{}:{EMBEDDED_MANAGEMENT_PORT}", place.address());
    let server = Server::start_with(Data::new(), |command| {
        command.env("INVOICEAPP_HTTP__MANAGEMENT_LISTEN", &management);
    });
    (server, ("up", management))
}

/// An expression as Grafana would send it. Warnings are rare by nature: where a panel shows only them,
/// the test asks for every line of the same origin.
pub(crate) fn as_sent(expression: &str) -> String {
    let mut text = expression
        .replace("$__rate_interval", "1m")
        .replace("${1}", "$1")
        .replace("warn|error|fatal", "info|warn|error|fatal");
    for variable in ["$view", "$reactor", "$service"] {
        text = text.replace(variable, ".*");
    }
    text
}

/// A selector without the label by which failures are told from the rest: they need not have happened.
fn without_status(selector: &str) -> String {
    let Some((name, labels)) = selector.split_once('{') else {
        return selector.to_owned();
    };
    let labels = labels.trim_end_matches('}').split(',').map(str::trim);
    let kept: Vec<&str> = labels.filter(|it| !it.starts_with("status")).collect();
    format!("{name}{{{}}}", kept.join(","))
}

/// A trace id that no other run has.
fn fresh_trace() -> String {
    let unique = invoiceapp_parts::unique("");
    unique.trim_start_matches('_').to_owned()
}

#[tokio::test]
#[ignore = "wants the stack: Prometheus, Loki, Jaeger and all others"]
async fn an_operator_sees_the_system_and_is_called_when_the_projector_stops() {
    let mut watched = Watched::start().await;
    let trace = fresh_trace();
    watched.story(&trace).await;
    one_request_is_one_trace(&watched, &trace).await;
    a_trace_shows_what_is_read(&watched, &trace).await;
    a_trace_leads_to_its_lines(&watched, &trace).await;
    watched.prometheus.await_quiet().await;
    nobody_lags(&watched).await;
    let place = watched.installation.place;
    let (embedded, target) = embedded(&place);
    let mut targets = targets(&place);
    targets.push(target);
    watched.prometheus.set_targets(&targets);
    every_panel_shows_something(&watched).await;
    every_point_leads_to_a_trace(&watched).await;
    every_alert_looks_at_something(&watched).await;
    targets.pop();
    watched.prometheus.set_targets(&targets);
    drop(embedded);
    a_stopped_projector_calls(&mut watched).await;
}

/// When nothing happens, everybody has seen everything, also those whom the last events do not concern.
async fn nobody_lags(watched: &Watched) {
    let begun = Instant::now();
    for part in ["relay", "projection", "reactor"] {
        let lag = format!("invoiceapp_{part}_lag_seconds");
        loop {
            let of_all = watched.prometheus.values(&lag).await;
            let late = watched.prometheus.values(&format!("{lag} > 0")).await;
            if !of_all.is_empty() && late.is_empty() {
                break;
            }
            assert!(begun.elapsed() < EVENTUALLY, "{lag}: {of_all:?}");
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

async fn every_panel_shows_something(watched: &Watched) {
    let mut empty: Vec<_> = dashboards()
        .iter()
        .flat_map(|dashboard| dashboard.expressions())
        .collect();
    assert!(empty.len() > 50, "only {} queries were found", empty.len());
    for _ in 0..ROUNDS_MAX {
        let mut still = Vec::new();
        for expression in empty {
            let sent = as_sent(&expression.text);
            if watched.shown(&expression.server, &sent).await == 0 {
                still.push(expression);
            }
        }
        empty = still;
        if empty.is_empty() {
            return;
        }
        watched.story(&fresh_trace()).await;
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    panic!("nothing is shown by: {empty:#?}");
}

async fn every_alert_looks_at_something(watched: &Watched) {
    let broken = watched.prometheus.broken_rules().await;
    assert!(broken.is_empty(), "{broken:?}");
    for rule in rule_expressions() {
        for selector in selectors(&rule.text) {
            let found = watched.prometheus.values(&without_status(&selector)).await;
            assert!(!found.is_empty(), "{}: there is no {selector}", rule.place);
        }
    }
}

async fn one_request_is_one_trace(watched: &Watched, trace: &str) {
    let begun = Instant::now();
    loop {
        let found = watched.trace(trace).await.unwrap_or_default();
        let services = services_of(&found);
        let missing: Vec<&str> = TRACED
            .into_iter()
            .filter(|it| !services.contains(*it))
            .collect();
        if missing.is_empty() && loose_spans(&found).len() == 1 {
            return;
        }
        assert!(
            begun.elapsed() < EVENTUALLY,
            "not in the trace: {missing:?}; without a parent: {:#?}",
            loose_spans(&found)
        );
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// The spans of calls to PostgreSQL say so by the names of OpenTelemetry's conventions.
async fn a_trace_shows_what_is_read(watched: &Watched, trace: &str) {
    let found = watched.trace(trace).await.unwrap();
    let spans = found["spans"].as_array().unwrap().iter();
    let read = spans.filter(|span| span["operationName"] == "SELECT events");
    let read: Vec<&Value> = read.collect();
    assert!(!read.is_empty(), "{found:#}");
    for span in read {
        let tags = span["tags"].as_array().unwrap();
        for (key, value) in [
            ("span.kind", "client"),
            ("db.system.name", "postgresql"),
            ("db.operation.name", "SELECT"),
            ("db.collection.name", "events"),
        ] {
            let is_said = tags
                .iter()
                .any(|tag| tag["key"] == key && tag["value"] == value);
            assert!(is_said, "{key}: {span:#}");
        }
    }
}

fn services_of(trace: &Value) -> BTreeSet<String> {
    let processes = trace["processes"].as_object().into_iter().flatten();
    processes
        .map(|(_, process)| process["serviceName"].as_str().unwrap().to_owned())
        .collect()
}

/// The spans whose parent is not in the trace: the first one's is the caller's.
fn loose_spans(trace: &Value) -> Vec<String> {
    let spans = || trace["spans"].as_array().into_iter().flatten();
    let names: BTreeMap<&str, &str> = spans()
        .map(|span| {
            let id = span["spanID"].as_str().unwrap();
            (id, span["operationName"].as_str().unwrap())
        })
        .collect();
    let has_parent = |span: &Value| {
        let references = span["references"].as_array().into_iter().flatten();
        let mut parents = references.filter(|it| it["refType"] == "CHILD_OF");
        parents.any(|it| names.contains_key(it["spanID"].as_str().unwrap()))
    };
    spans()
        .filter(|span| !has_parent(span))
        .map(|span| span["operationName"].as_str().unwrap().to_owned())
        .collect()
}

async fn a_trace_leads_to_its_lines(watched: &Watched, trace: &str) {
    let query = format!("{{service_name=~\"invoiceapp.*\"}} | trace_id = \"{trace}\"");
    let begun = Instant::now();
    loop {
        let lines = watched.lines(&query).await;
        let of = |it: &Value| it["stream"]["service_name"].as_str().unwrap().to_owned();
        let services: BTreeSet<String> = lines.iter().map(of).collect();
        if ["invoiceapp-bff", "invoiceapp-invoice"]
            .iter()
            .all(|it| services.contains(*it))
        {
            return;
        }
        assert!(begun.elapsed() < EVENTUALLY, "lines of {services:?} only");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

async fn a_stopped_projector_calls(watched: &mut Watched) {
    watched.stop(PROJECTOR);
    watched
        .prometheus
        .await_alert("ServiceDown", "projector", true)
        .await;
    watched
        .prometheus
        .await_alert("ProjectorMissing", "", true)
        .await;
    let projector = watched.installation.start(PROJECTOR);
    projector.ready().await;
    watched.processes.push(projector);
    watched
        .prometheus
        .await_alert("ServiceDown", "projector", false)
        .await;
    watched
        .prometheus
        .await_alert("ProjectorMissing", "", false)
        .await;
}
