//! Problem documents, however the error came about.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Method;
use invoiceapp_domain::{ClaimKey, StreamId, StreamKind};
use invoiceapp_http::{Code, Problem};
use invoiceapp_journal::port::{AppendError, JournalError};
use rstest::rstest;

use crate::fixture::{World, tenant};

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_problems() {
    let world = World::new();
    let missing = world
        .get("/api/v1/nothing?secret=1")
        .await
        .problem(404, "not_found");
    assert_eq!(missing["instance"], "/api/v1/nothing");
    let wrong = world
        .request(Method::PUT, "/api/v1/orders")
        .body(Body::empty())
        .unwrap();
    let wrong = world.send(wrong).await;
    wrong.problem(405, "method_not_allowed");
    assert!(
        wrong.header("allow").contains("POST"),
        "{}",
        wrong.header("allow")
    );
}

#[tokio::test]
async fn a_panic_is_a_problem_that_tells_nothing() {
    let answer = World::new().get("/api/v1/panics").await;
    answer.problem(500, "internal_error");
    assert!(!String::from_utf8_lossy(&answer.bytes).contains("secret"));
}

#[tokio::test]
async fn plain_text_of_a_library_becomes_a_problem() {
    let answer = World::new().get("/api/v1/plain").await;
    answer.problem(503, "dependency_unavailable");
    assert!(!String::from_utf8_lossy(&answer.bytes).contains("secret"));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn a_problem_names_the_trace_of_its_request() {
    let world = World::new();
    let request = world.request(Method::GET, "/api/v1/nothing").header(
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    );
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    let problem = answer.problem(404, "not_found");
    assert_eq!(problem["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[test]
fn every_code_has_a_name_of_its_own() {
    let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
}

#[test]
fn every_code_that_clients_were_promised_exists() {
    let promised = "unknown_field, invalid_amount, invalid_value, missing_field, body_too_large, \
        unsupported_media_type, unauthenticated, token_expired, permission_denied, not_found, \
        invoice_not_draft, invoice_not_issued, invoice_has_no_lines, seller_incomplete, \
        buyer_incomplete, issue_date_before_last, series_unknown, overpayment, \
        invoice_has_payments, credit_exceeds_invoice, sku_taken, email_taken, product_archived, \
        currency_mismatch, system_role, last_administrator, version_mismatch, \
        idempotency_key_reused, view_behind, rate_limited, dependency_unavailable";
    let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    for code in promised.split(", ") {
        assert!(names.contains(code), "{code}");
    }
}

fn conflict() -> AppendError {
    let stream = StreamId::new(tenant(), StreamKind::Invoice, "1");
    AppendError::VersionConflict {
        stream,
        expected: 1,
        actual: 2,
    }
}

fn taken(kind: &str) -> AppendError {
    AppendError::ClaimTaken {
        key: ClaimKey {
            kind: kind.to_owned(),
            value: "x".to_owned(),
        },
    }
}

fn broken() -> AppendError {
    AppendError::Journal(JournalError::Unavailable {
        reason: "/var/lib/journal: EIO".to_owned(),
    })
}

#[rstest]
#[case(conflict(), Some(1), Code::VersionMismatch)]
#[case(conflict(), None, Code::Conflict)]
#[case(taken("sku"), None, Code::SkuTaken)]
#[case(taken("email"), None, Code::EmailTaken)]
#[case(AppendError::CommandReused, None, Code::IdempotencyKeyReused)]
#[case(broken(), None, Code::DependencyUnavailable)]
#[case(
    AppendError::Journal(JournalError::Overloaded),
    None,
    Code::DependencyUnavailable
)]
fn an_append_that_fails_has_a_code(
    #[case] error: AppendError,
    #[case] if_match: Option<u64>,
    #[case] code: Code,
) {
    assert_eq!(Problem::from_append(&error, if_match).code(), code);
}

#[test]
fn an_engine_that_fails_is_not_described_to_the_client() {
    let body = Problem::from_append(&broken(), None).body(None, None);
    let text = serde_json::to_string(&body).unwrap();
    assert!(!text.contains("EIO") && !text.contains("/var"), "{text}");
}
