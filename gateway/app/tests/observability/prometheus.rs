//! A Prometheus of the test's own, with the stack's configuration and rules, but in a hurry.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use invoiceapp_parts::variable;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::EVENTUALLY;
use crate::files::{listed, read};
use crate::full::Place;

/// The program under a keeper that ends it when the test's process ends, however that does.
const KEEPER: &str = r#""$@" >/dev/null 2>"$0" & child=$!; echo "$child"; exec >&-
    cat >/dev/null; kill "$child" 2>/dev/null; wait"#;
const PORT: u16 = 9090;
/// How long an alert's condition must hold here, instead of minutes.
const FOR: &str = "for: 2s";
/// What a busy machine alone can set off, when a moment is enough.
const OF_SPEED: [&str; 6] = [
    "JournalCommitSlow",
    "JournalQueueGrowing",
    "RelayLagging",
    "ProjectionLagging",
    "ReactorLagging",
    "JobsStuck",
];
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// It ends when this is dropped.
pub(crate) struct Prometheus {
    keeper: Child,
    http: reqwest::Client,
    url: String,
    folder: TempDir,
}

impl Prometheus {
    /// Starts it, and waits until it answers. Targets: role, and `host:port`.
    pub(crate) async fn start(place: &Place, targets: &[(&str, String)]) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        std::fs::create_dir_all(folder.path().join("targets")).unwrap();
        std::fs::create_dir_all(folder.path().join("rules")).unwrap();
        write_targets(&folder, targets);
        for file in listed("compose/observability/alerts", ".yaml") {
            let rules = read(&format!("compose/observability/alerts/{file}"));
            std::fs::write(folder.path().join("rules").join(&file), in_a_hurry(&rules)).unwrap();
        }
        let config = read("compose/observability/prometheus.yaml")
            .replace("@DATA@", &path)
            .replace("@RULES@", &format!("{path}/rules"))
            .replace("scrape_interval: 5s", "scrape_interval: 1s")
            .replace("scrape_timeout: 4s", "scrape_timeout: 1s")
            .replace("evaluation_interval: 15s", "evaluation_interval: 1s")
            .replace("refresh_interval: 10s", "refresh_interval: 1s");
        std::fs::write(folder.path().join("prometheus.yaml"), config).unwrap();
        let address = format!("{}:{PORT}", place.address());
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER])
            .arg(folder.path().join("log"))
            .arg(variable("STACK_PROMETHEUS_PROGRAM"))
            .arg(format!("--config.file={path}/prometheus.yaml"))
            .arg(format!("--storage.tsdb.path={path}/data"))
            .arg(format!("--web.listen-address={address}"))
            .arg("--enable-feature=exemplar-storage")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut keeper = keeper.spawn().unwrap();
        let mut pid = String::new();
        let stdout = keeper.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut pid).unwrap();
        let prometheus = Self {
            keeper,
            http: reqwest::Client::new(),
            url: format!("http://{address}"),
            folder,
        };
        prometheus.ready().await;
        prometheus
    }

    /// Reads other targets from now on.
    pub(crate) fn set_targets(&self, targets: &[(&str, String)]) {
        write_targets(&self.folder, targets);
    }

    async fn ready(&self) {
        let begun = Instant::now();
        let address = format!("{}/-/ready", self.url);
        while !self
            .http
            .get(&address)
            .send()
            .await
            .is_ok_and(|it| it.status() == 200)
        {
            let log = self.folder.path().join("log");
            let log = || std::fs::read_to_string(&log).unwrap_or_default();
            assert!(
                begun.elapsed() < EVENTUALLY,
                "Prometheus is not ready: {}",
                log()
            );
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let request = self.http.get(format!("{}{path}", self.url)).query(query);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["status"], "success", "{query:?}: {answer}");
        answer["data"].clone()
    }

    /// The values that an expression has now; those that are no number left out.
    pub(crate) async fn values(&self, expression: &str) -> Vec<Value> {
        let data = self.get("/api/v1/query", &[("query", expression)]).await;
        let found = data["result"].as_array().unwrap().iter();
        found
            .filter(|it| it["value"][1] != "NaN")
            .cloned()
            .collect()
    }

    /// The exemplars behind the series of an expression: the trace, and the span in it.
    pub(crate) async fn exemplars(&self, expression: &str) -> Vec<(String, String)> {
        let query = [("query", expression)];
        let data = self.get("/api/v1/query_exemplars", &query).await;
        let series = data.as_array().unwrap().iter();
        let exemplars = series.flat_map(|it| it["exemplars"].as_array().unwrap());
        let label = |it: &Value, name| it["labels"][name].as_str().unwrap().to_owned();
        exemplars
            .map(|it| (label(it, "trace_id"), label(it, "span_id")))
            .collect()
    }

    /// Rules that cannot be evaluated, with the reason.
    pub(crate) async fn broken_rules(&self) -> Vec<String> {
        let data = self.get("/api/v1/rules", &[]).await;
        let groups = data["groups"].as_array().unwrap().iter();
        let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
        let broken = rules.filter(|rule| rule["health"] != "ok");
        broken
            .map(|rule| format!("{} {}: {}", rule["name"], rule["health"], rule["lastError"]))
            .collect()
    }

    /// Alerts that fire now: name and role.
    pub(crate) async fn firing(&self) -> Vec<(String, String)> {
        let data = self.get("/api/v1/alerts", &[]).await;
        let alerts = data["alerts"].as_array().unwrap().iter();
        let firing = alerts.filter(|alert| alert["state"] == "firing");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        firing
            .map(|alert| {
                (
                    text(&alert["labels"]["alertname"]),
                    text(&alert["labels"]["role"]),
                )
            })
            .collect()
    }

    /// Waits until no alert fires but those of speed: all is well.
    pub(crate) async fn await_quiet(&self) {
        let begun = Instant::now();
        loop {
            let mut firing = self.firing().await;
            firing.retain(|(name, _)| !OF_SPEED.contains(&name.as_str()));
            if firing.is_empty() {
                return;
            }
            assert!(
                begun.elapsed() < EVENTUALLY,
                "all is well, and yet: {firing:?}"
            );
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Waits until an alert fires, or does not any more.
    pub(crate) async fn await_alert(&self, name: &str, role: &str, is_wanted: bool) {
        let wanted = (name.to_owned(), role.to_owned());
        let begun = Instant::now();
        loop {
            let firing = self.firing().await;
            if firing.contains(&wanted) == is_wanted {
                return;
            }
            let waited = begun.elapsed();
            assert!(
                waited < 2 * EVENTUALLY,
                "{wanted:?} wanted: {is_wanted}; firing: {firing:?}"
            );
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Whole or not at all: it is read while it is written.
fn write_targets(folder: &TempDir, targets: &[(&str, String)]) {
    let targets: Vec<Value> = targets
        .iter()
        .map(|(role, address)| json!({"targets": [address], "labels": {"role": role}}))
        .collect();
    let unfinished = folder.path().join("targets.new");
    std::fs::write(&unfinished, serde_json::to_string(&targets).unwrap()).unwrap();
    std::fs::rename(unfinished, folder.path().join("targets/roles.json")).unwrap();
}

/// The same rules, whose conditions need to hold for a moment only.
fn in_a_hurry(rules: &str) -> String {
    let lines = rules.lines().map(|line| {
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        if text.starts_with("for: ") {
            format!("{indent}{FOR}")
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}
