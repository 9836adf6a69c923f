//! The files by themselves: whatever they name is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::files::{
    Expression, alerts, dashboards, in_tree, listed, read, recorded, rule_expressions, selectors,
    yaml,
};

/// Where metrics are registered.
const REGISTERED_IN: [&str; 3] = [
    "aggregates/http/src/metrics.rs",
    "aggregates/observe/src/metrics.rs",
    "gateway/app/src/metrics",
];
/// What every scraped process has by its library, or by being scraped.
const OF_EVERY_PROCESS: [&str; 5] = [
    "up",
    "process_cpu_seconds_total",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
];
/// Variables of Grafana's own.
const GRAFANAS_OWN: [&str; 1] = ["__rate_interval"];
/// The first version of the dashboards' form that has all that is used.
const SCHEMA_VERSION_MIN: u64 = 39;
const ROLES: [&str; 10] = [
    "invoice",
    "product",
    "user-access",
    "authorizer",
    "pdf",
    "media",
    "mail",
    "relay",
    "projector",
    "bff",
];

/// The names of metrics in the code.
fn registered() -> BTreeSet<String> {
    let mut names: BTreeSet<String> = OF_EVERY_PROCESS.map(str::to_owned).into();
    for place in REGISTERED_IN {
        let files = if in_tree(place).is_dir() {
            let files = listed(place, ".rs").into_iter();
            files.map(|file| format!("{place}/{file}")).collect()
        } else {
            vec![place.to_owned()]
        };
        for file in files {
            let text = read(&file);
            let quoted = text.split('"').skip(1).step_by(2);
            let ours = quoted.filter(|it| it.starts_with("invoiceapp_") && !it.contains(' '));
            names.extend(ours.map(str::to_owned));
        }
    }
    names
}

fn expressions() -> Vec<Expression> {
    let mut all: Vec<Expression> = dashboards()
        .iter()
        .flat_map(|dashboard| dashboard.expressions())
        .collect();
    all.extend(rule_expressions());
    all
}

/// A heading's address in a page, as GitHub makes it.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let text = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = text.chars().filter_map(|it| match it {
                ' ' => Some('-'),
                '-' | '_' => Some(it),
                it => it.is_alphanumeric().then_some(it),
            });
            kept.collect()
        })
        .collect()
}

#[test]
fn every_metric_that_is_asked_for_is_one_that_the_code_registers() {
    let registered = registered();
    let recorded = recorded();
    for expression in expressions().iter().filter(|it| it.server == "prometheus") {
        let selectors = selectors(&expression.text);
        assert!(!selectors.is_empty(), "{expression:?}");
        for selector in selectors {
            let name = selector.split('{').next().unwrap();
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .filter(|base| registered.contains(*base))
                .unwrap_or(name);
            assert!(
                registered.contains(base) || recorded.contains(name),
                "{}: nothing registers {name}",
                expression.place
            );
        }
    }
}

#[test]
fn every_panel_answers_a_question_in_a_unit() {
    let mut uids = BTreeSet::new();
    for dashboard in dashboards() {
        let (file, json) = (&dashboard.file, &dashboard.json);
        assert!(
            uids.insert(json["uid"].as_str().unwrap().to_owned()),
            "{file}"
        );
        assert!(
            json["schemaVersion"].as_u64().unwrap() >= SCHEMA_VERSION_MIN,
            "{file}"
        );
        assert!(
            json["description"].as_str().unwrap().ends_with('?')
                || json["description"].as_str().unwrap().ends_with('.'),
            "{file}"
        );
        let mut ids = BTreeSet::new();
        for panel in dashboard.panels() {
            let place = format!("{file}: {}", panel["title"]);
            assert!(
                ids.insert(panel["id"].as_u64().unwrap()),
                "{place}: its id is taken"
            );
            assert!(!panel["title"].as_str().unwrap().is_empty(), "{place}");
            let description = panel["description"].as_str().unwrap();
            assert!(description.ends_with(['.', '?']), "{place}: {description}");
            let unit = panel["fieldConfig"]["defaults"]["unit"].as_str();
            assert!(
                unit.is_some_and(|unit| !unit.is_empty()),
                "{place}: no unit"
            );
            let has_queries = panel["targets"].as_array().is_some_and(|it| !it.is_empty());
            assert!(
                has_queries || panel["type"] == "alertlist",
                "{place}: no query"
            );
        }
    }
}

#[test]
fn no_panel_lies_on_another() {
    for dashboard in dashboards() {
        let edge = |panel: &Value, at: &str| panel["gridPos"][at].as_u64().unwrap();
        let mut taken = BTreeMap::new();
        for panel in dashboard.json["panels"].as_array().unwrap() {
            for x in edge(panel, "x")..edge(panel, "x") + edge(panel, "w") {
                assert!(x < 24, "{}: {}", dashboard.file, panel["title"]);
                for y in edge(panel, "y")..edge(panel, "y") + edge(panel, "h") {
                    let other = taken.insert((x, y), panel["title"].clone());
                    assert!(
                        other.is_none(),
                        "{}: {} on {other:?}",
                        dashboard.file,
                        panel["title"]
                    );
                }
            }
        }
    }
}

#[test]
fn every_variable_and_every_source_of_a_panel_exists() {
    let sources = yaml("compose/observability/grafana/provisioning/datasources/stack.yaml");
    let sources = sources["datasources"].as_vec().unwrap();
    let known: BTreeSet<&str> = sources
        .iter()
        .map(|it| it["uid"].as_str().unwrap())
        .collect();
    for dashboard in dashboards() {
        let variables = dashboard.variables();
        for panel in dashboard.panels() {
            let uid = panel["datasource"]["uid"].as_str().unwrap();
            assert!(known.contains(uid), "{}: {uid}", dashboard.file);
        }
        for expression in dashboard.expressions() {
            for used in expression.text.split('$').skip(1) {
                let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_';
                let name = used.split(|it| !is_name(it)).next().unwrap();
                // `${1}` is a part of a match, not a variable.
                let is_known =
                    name.is_empty() || variables.contains(name) || GRAFANAS_OWN.contains(&name);
                assert!(is_known, "{}: {name}", expression.place);
            }
        }
    }
}

#[test]
fn every_alert_leads_to_its_page() {
    let page = read("docs/OPERATIONS.md");
    let anchors = anchors(&page);
    let mut names = BTreeSet::new();
    for alert in alerts() {
        let place = format!("{}: {}", alert.file, alert.name);
        assert!(names.insert(alert.name.clone()), "{place}: there are two");
        let severity = alert.rule["labels"]["severity"].as_str().unwrap();
        assert!(["page", "warn"].contains(&severity), "{place}: {severity}");
        let annotations = &alert.rule["annotations"];
        for key in ["summary", "description"] {
            let text = annotations[key].as_str().unwrap_or_default();
            assert!(text.ends_with('.'), "{place}: {key} is '{text}'");
        }
        let (file, anchor) = annotations["runbook_url"]
            .as_str()
            .unwrap()
            .split_once('#')
            .unwrap();
        assert_eq!(file, "docs/OPERATIONS.md", "{place}");
        assert!(anchors.contains(anchor), "{place}: no heading {anchor}");
    }
}

#[test]
fn every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() {
    for alert in alerts() {
        let tests = yaml(&format!(
            "compose/observability/alerts/tests/{}",
            alert.file
        ));
        let looks: Vec<bool> = tests["tests"]
            .as_vec()
            .unwrap()
            .iter()
            .flat_map(|test| test["alert_rule_test"].as_vec().unwrap())
            .filter(|look| look["alertname"].as_str() == Some(&alert.name))
            .map(|look| look["exp_alerts"].as_vec().is_some())
            .collect();
        assert!(
            looks.contains(&true) && looks.contains(&false),
            "{}: {looks:?}",
            alert.name
        );
    }
}

#[test]
fn prometheus_reads_every_role_in_containers() {
    let config = yaml("compose/observability/docker/prometheus.yaml");
    let targets = config["scrape_configs"][0]["static_configs"]
        .as_vec()
        .unwrap();
    let roles: BTreeSet<&str> = targets
        .iter()
        .map(|target| target["labels"]["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ROLES.into());
}

#[test]
fn both_ways_to_run_prometheus_differ_in_addresses_only() {
    let native = yaml("compose/observability/prometheus.yaml");
    let docker = yaml("compose/observability/docker/prometheus.yaml");
    for section in ["global", "otlp"] {
        assert_eq!(native[section], docker[section], "{section}");
    }
    assert_eq!(
        native["scrape_configs"][0]["job_name"],
        docker["scrape_configs"][0]["job_name"]
    );
}
