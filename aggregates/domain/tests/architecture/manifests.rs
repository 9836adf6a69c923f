//! Rules about manifests: the direction of dependencies, the place of drivers, one list of versions.

use toml::{Table, Value};

use crate::assert_none;
use crate::workspace::{Manifest, manifests};

const PREFIX: &str = "invoiceapp-";

/// A name, and the names that are allowed with it.
type Row = (&'static str, &'static str);

/// Which of our crates each crate may depend on. A new edge is a decision about the architecture:
/// it belongs in an ADR first, and here second.
const ALLOWED: [Row; 23] = [
    ("domain", ""),
    ("parts", ""),
    ("observe", ""),
    ("schemas", "domain"),
    ("avro", "domain schemas parts"),
    ("journal", "domain observe schemas parts"),
    ("access", "domain parts"),
    ("http", "domain observe schemas journal access"),
    ("projections", "domain observe schemas journal"),
    ("mongo", "domain observe schemas journal projections parts"),
    (
        "redis",
        "domain observe schemas journal access projections parts",
    ),
    (
        "service",
        "domain observe schemas journal access http projections",
    ),
    ("runtime", "domain observe schemas journal parts"),
    ("relay", "domain observe schemas avro journal runtime parts"),
    ("identity", "domain schemas journal access runtime parts"),
    ("objects", "domain observe parts"),
    (
        "pdf",
        "domain observe schemas journal access http runtime objects",
    ),
    (
        "media",
        "domain schemas journal access http runtime objects",
    ),
    (
        "mail",
        "domain observe schemas journal access http runtime objects parts",
    ),
    ("authorizer", "domain observe access http projections parts"),
    ("bff", "domain observe access http parts"),
    ("telemetry", "observe"),
    ("app", COMPOSED),
];

/// The composition root knows everything; nothing knows it.
const COMPOSED: &str = "domain schemas journal access http projections service runtime objects pdf \
                        media mail authorizer bff avro mongo redis relay identity observe telemetry parts";

/// The adapter crates in which each driver may appear; none for a driver that is not in use yet.
const DRIVERS: [Row; 17] = [
    ("sqlx", "journal projections runtime relay authorizer app"),
    ("rusqlite", "journal"),
    ("sqlite-es", ""),
    ("postgres-es", ""),
    ("rdkafka", "relay"),
    ("apache-avro", "avro"),
    ("mongodb", "mongo"),
    ("redis", "redis"),
    ("lettre", "mail"),
    ("object_store", "objects"),
    (
        "reqwest",
        "parts objects avro identity access authorizer bff telemetry",
    ),
    ("opentelemetry_sdk", "telemetry"),
    ("opentelemetry-otlp", "telemetry"),
    ("opentelemetry-proto", "telemetry"),
    ("keycloak", "identity"),
    ("printpdf", "pdf"),
    ("lopdf", "pdf media"),
];

/// Drivers with which tests and benches look at the system from outside, or measure a peer.
const DRIVERS_IN_TESTS: [Row; 5] = [
    ("postgres-es", "journal"),
    ("sqlite-es", "journal"),
    ("reqwest", "app"),
    ("rdkafka", "app"),
    ("lopdf", "app"),
];

const TEST_TABLE: &str = "dev-dependencies";
const TABLES: [&str; 3] = ["dependencies", "build-dependencies", TEST_TABLE];

/// The names allowed with a name; `None` when the table does not have it.
fn allowed(rows: &[Row], key: &str) -> Option<Vec<&'static str>> {
    let row = rows.iter().find(|(name, _)| *name == key)?;
    Some(row.1.split_whitespace().collect())
}

fn short(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

/// Every `(table, dependency, value)` of a manifest, target-specific tables included.
fn dependencies(manifest: &Manifest) -> Vec<(&'static str, String, Value)> {
    let targets = manifest.table.get("target").and_then(Value::as_table);
    let targets = targets
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    let mut found = Vec::new();
    for table in std::iter::once(&manifest.table).chain(targets) {
        for kind in TABLES {
            for (name, value) in table
                .get(kind)
                .and_then(Value::as_table)
                .into_iter()
                .flatten()
            {
                found.push((kind, name.clone(), value.clone()));
            }
        }
    }
    found
}

fn edge_violations(manifests: &[Manifest]) -> Vec<String> {
    let mut violations = Vec::new();
    for manifest in manifests {
        let name = short(&manifest.name);
        let Some(list) = allowed(&ALLOWED, name) else {
            violations.push(format!("{name} is not in the table of allowed edges"));
            continue;
        };
        for (_, dependency, _) in dependencies(manifest) {
            // A crate names itself to turn on a feature for its own tests.
            let ours = dependency.strip_prefix(PREFIX).filter(|ours| *ours != name);
            if let Some(ours) = ours.filter(|ours| !list.contains(ours)) {
                violations.push(format!("{name} -> {ours}"));
            }
        }
    }
    violations
}

fn driver_violations(manifests: &[Manifest]) -> Vec<String> {
    let mut violations = Vec::new();
    for manifest in manifests {
        let name = short(&manifest.name);
        for (table, dependency, _) in dependencies(manifest) {
            let Some(adapters) = allowed(&DRIVERS, &dependency) else {
                continue;
            };
            let tests = allowed(&DRIVERS_IN_TESTS, &dependency).unwrap_or_default();
            let in_test = table == TEST_TABLE && tests.contains(&name);
            if !adapters.contains(&name) && !in_test {
                violations.push(format!("{name} names {dependency} in its {table}"));
            }
        }
    }
    violations
}

fn version_violations(manifests: &[Manifest]) -> Vec<String> {
    let mut violations = Vec::new();
    for manifest in manifests {
        let name = short(&manifest.name);
        for (table, dependency, value) in dependencies(manifest) {
            let inherited = value.get("workspace").and_then(Value::as_bool) == Some(true);
            if !inherited {
                violations.push(format!(
                    "{name} declares {dependency} itself in its {table}"
                ));
            }
        }
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            let field = manifest
                .table
                .get("package")
                .and_then(|package| package.get(key));
            if field.and_then(|value| value.get("workspace")).is_none() {
                violations.push(format!(
                    "{name} does not take package.{key} from the workspace"
                ));
            }
        }
        let lints = manifest
            .table
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        if lints.and_then(Value::as_bool) != Some(true) {
            violations.push(format!("{name} does not take its lints from the workspace"));
        }
    }
    violations
}

/// A crate may only allow what stands above it in the table, so the table itself has no cycle.
fn order_violations(rows: &[Row]) -> Vec<String> {
    let mut above: Vec<&str> = Vec::new();
    let mut violations = Vec::new();
    for (name, list) in rows {
        let unknown = list
            .split_whitespace()
            .filter(|crate_name| !above.contains(crate_name));
        violations.extend(unknown.map(|crate_name| format!("{name} -> {crate_name}")));
        above.push(name);
    }
    violations
}

#[test]
fn crates_depend_on_each_other_only_as_the_design_allows() {
    assert_none(
        "dependencies point one way; an edge that the table does not allow needs an ADR",
        &edge_violations(&manifests()),
    );
}

#[test]
fn the_table_of_allowed_edges_has_no_cycle() {
    assert_none(
        "a crate may only depend on crates above it in the table",
        &order_violations(&ALLOWED),
    );
}

#[test]
fn drivers_appear_only_in_their_adapter_crates() {
    assert_none(
        "a driver crate is named only by the adapter crates listed for it",
        &driver_violations(&manifests()),
    );
}

#[test]
fn versions_and_lints_stand_only_in_the_root_manifest() {
    assert_none(
        "members inherit versions, package fields and lints from the root manifest",
        &version_violations(&manifests()),
    );
}

fn planted(name: &str, tables: &str) -> Manifest {
    Manifest {
        name: format!("{PREFIX}{name}"),
        table: tables.parse().unwrap(),
    }
}

#[test]
fn a_planted_edge_is_caught_in_every_kind_of_table() {
    let upward = "invoiceapp-app.workspace = true\n";
    for table in [
        "dependencies",
        "dev-dependencies",
        "target.'cfg(unix)'.build-dependencies",
    ] {
        let manifest = planted("bff", &format!("[{table}]\n{upward}"));
        assert_eq!(edge_violations(&[manifest]), ["bff -> app"], "{table}");
    }
    assert_eq!(edge_violations(&[planted("stranger", "")]).len(), 1);
}

#[test]
fn a_planted_cycle_is_caught() {
    assert_eq!(order_violations(&[("a", "b"), ("b", "a")]), ["a -> b"]);
}

#[test]
fn a_planted_driver_is_caught() {
    let manifest = planted("service", "[dependencies]\nsqlx.workspace = true");
    assert_eq!(
        driver_violations(&[manifest]),
        ["service names sqlx in its dependencies"]
    );
    assert!(
        driver_violations(&[planted("journal", "[dependencies]\nsqlx.workspace = true")])
            .is_empty()
    );
    let client = "reqwest.workspace = true";
    assert!(
        driver_violations(&[planted("app", &format!("[dev-dependencies]\n{client}"))]).is_empty()
    );
    assert_eq!(
        driver_violations(&[planted("app", &format!("[dependencies]\n{client}"))]).len(),
        1
    );
}

#[test]
fn a_planted_version_is_caught() {
    let own = planted(
        "domain",
        "[dependencies]\nserde = \"1\"\nhex = { workspace = true }",
    );
    let violations = version_violations(&[own]);
    assert!(violations.contains(&"domain declares serde itself in its dependencies".to_owned()));
    assert!(!violations.iter().any(|violation| violation.contains("hex")));
    assert!(
        violations
            .iter()
            .any(|violation| violation.contains("lints"))
    );
}
