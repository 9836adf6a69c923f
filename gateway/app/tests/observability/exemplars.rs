//! From a point of a chart to the trace behind it.

use std::time::Instant;

use serde_json::Value;

use crate::api::EVENTUALLY;
use crate::files::{Expression, dashboards, yaml};
use crate::live::{LOOK_INTERVAL, Watched, as_sent};

/// The queries of panels that show exemplars.
fn with_exemplars() -> Vec<Expression> {
    let expressions = dashboards().into_iter();
    let expressions = expressions.flat_map(|dashboard| dashboard.expressions());
    expressions.filter(|it| it.has_exemplars).collect()
}

/// Prometheus has exemplars for each panel that shows them, and Jaeger a trace and span for some of them.
pub(crate) async fn every_point_leads_to_a_trace(watched: &Watched) {
    let expressions = with_exemplars();
    assert!(expressions.len() >= 5, "{expressions:?}");
    for expression in expressions {
        let begun = Instant::now();
        let sent = as_sent(&expression.text);
        while !leads_to_a_span(watched, &sent).await {
            let waited = begun.elapsed();
            assert!(waited < EVENTUALLY, "no exemplar of {}", expression.place);
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

async fn leads_to_a_span(watched: &Watched, expression: &str) -> bool {
    for (trace, span) in watched.prometheus.exemplars(expression).await {
        let found = watched.trace(&trace).await.unwrap_or_default();
        let spans = found["spans"].as_array().into_iter().flatten();
        if spans.into_iter().any(|it: &Value| it["spanID"] == *span) {
            return true;
        }
    }
    false
}

#[test]
fn a_point_is_led_by_the_label_that_the_code_writes() {
    let sources = yaml("compose/observability/grafana/provisioning/datasources/stack.yaml");
    let sources = sources["datasources"].as_vec().unwrap();
    let prometheus = sources
        .iter()
        .find(|it| it["uid"].as_str() == Some("prometheus"));
    let led = &prometheus.unwrap()["jsonData"]["exemplarTraceIdDestinations"][0];
    assert_eq!(led["name"].as_str(), Some("trace_id"));
    assert_eq!(led["datasourceUid"].as_str(), Some("tempo"));
    let traced = ["http_request", "journal_commit", "job", "consistency_wait"];
    for expression in with_exemplars() {
        let is_traced = |it: &&str| expression.text.contains(&format!("invoiceapp_{it}"));
        assert!(traced.iter().any(is_traced), "{expression:?}");
    }
}
