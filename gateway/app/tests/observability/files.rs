//! The files that an operator's tools read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

/// A query of a dashboard, or the condition of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    /// File, and panel or rule.
    pub(crate) place: String,
    /// `prometheus` or `loki`.
    pub(crate) server: String,
    pub(crate) text: String,
    /// Whether its points are to lead to traces.
    pub(crate) has_exemplars: bool,
}

/// A dashboard as Grafana reads it.
pub(crate) struct Dashboard {
    pub(crate) file: String,
    pub(crate) json: Value,
}

/// A rule that fires.
pub(crate) struct Alert {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) rule: Yaml,
}

/// A path in the tree.
pub(crate) fn in_tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(in_tree(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files of a folder that end so, in order.
pub(crate) fn listed(folder: &str, ending: &str) -> Vec<String> {
    let entries = std::fs::read_dir(in_tree(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(ending)).collect();
    assert!(!names.is_empty(), "{folder} is empty");
    names.sort();
    names
}

pub(crate) fn yaml(path: &str) -> Yaml {
    let text = read(path);
    let mut documents =
        YamlLoader::load_from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(documents.len(), 1, "{path}");
    documents.remove(0)
}

pub(crate) fn dashboards() -> Vec<Dashboard> {
    let folder = "compose/observability/grafana/dashboards";
    let dashboards = listed(folder, ".json").into_iter().map(|file| Dashboard {
        json: serde_json::from_str(&read(&format!("{folder}/{file}")))
            .unwrap_or_else(|error| panic!("{file}: {error}")),
        file,
    });
    dashboards.collect()
}

impl Dashboard {
    /// Everything but the headings.
    pub(crate) fn panels(&self) -> impl Iterator<Item = &Value> {
        let panels = self.json["panels"].as_array().unwrap().iter();
        panels.filter(|panel| panel["type"] != "row")
    }

    /// Names of the variables that can be chosen.
    pub(crate) fn variables(&self) -> BTreeSet<&str> {
        let list = self.json["templating"]["list"].as_array().unwrap();
        list.iter().map(|it| it["name"].as_str().unwrap()).collect()
    }

    pub(crate) fn expressions(&self) -> Vec<Expression> {
        let of = |panel: &Value| -> Vec<Expression> {
            let targets = panel["targets"].as_array().into_iter().flatten();
            let of_target = |target: &Value| Expression {
                place: format!("{}: {}", self.file, panel["title"].as_str().unwrap()),
                server: panel["datasource"]["uid"].as_str().unwrap().to_owned(),
                text: target["expr"].as_str().unwrap().to_owned(),
                has_exemplars: target["exemplar"] == true,
            };
            targets.map(of_target).collect()
        };
        self.panels().flat_map(of).collect()
    }
}

/// Every rule: those that fire, and those that only give a name to a value.
fn rules() -> Vec<(String, Yaml)> {
    let folder = "compose/observability/alerts";
    let mut rules = Vec::new();
    for file in listed(folder, ".yaml") {
        let groups = yaml(&format!("{folder}/{file}"));
        for group in groups["groups"].as_vec().unwrap() {
            let of_group = group["rules"].as_vec().unwrap().iter().cloned();
            rules.extend(of_group.map(|rule| (file.clone(), rule)));
        }
    }
    rules
}

pub(crate) fn alerts() -> Vec<Alert> {
    let alerts = rules().into_iter().filter_map(|(file, rule)| {
        let name = rule["alert"].as_str()?.to_owned();
        Some(Alert { file, name, rule })
    });
    alerts.collect()
}

/// Names that rules give to values.
pub(crate) fn recorded() -> BTreeSet<String> {
    let names = rules().into_iter();
    names
        .filter_map(|(_, rule)| rule["record"].as_str().map(str::to_owned))
        .collect()
}

/// The expressions of all rules.
pub(crate) fn rule_expressions() -> Vec<Expression> {
    let expression = |(file, rule): (String, Yaml)| {
        let name = rule["alert"].as_str().or(rule["record"].as_str()).unwrap();
        Expression {
            place: format!("{file}: {name}"),
            server: "prometheus".to_owned(),
            text: rule["expr"].as_str().unwrap().trim().to_owned(),
            has_exemplars: false,
        }
    };
    rules().into_iter().map(expression).collect()
}

/// The selectors of a PromQL expression, `name` or `name{labels}`, that name a metric of ours.
pub(crate) fn selectors(expression: &str) -> BTreeSet<String> {
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == ':';
    let mut found = BTreeSet::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_name) {
        let from = &rest[start..];
        let end = from.find(|it| !is_name(it)).unwrap_or(from.len());
        let (name, after) = from.split_at(end);
        rest = after;
        if name == "up" || name.starts_with("invoiceapp") || name.starts_with("process_") {
            let labels = after.strip_prefix('{').and_then(|it| it.split_once('}'));
            let labels = labels.map_or(String::new(), |(inside, _)| format!("{{{inside}}}"));
            rest = &after[labels.len()..];
            found.insert(format!("{name}{labels}"));
        } else if let Some(quoted) = after.strip_prefix('"') {
            rest = quoted.split_once('"').map_or("", |(_, after)| after);
        }
    }
    found
}
