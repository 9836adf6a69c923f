//! Bodies: every error at once, with its pointer and code.

use axum::http::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::fixture::{World, errors, known, order};

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned()))
        .collect()
}

#[tokio::test]
async fn a_good_body_becomes_types_of_the_domain() {
    let body = json!({
        "currency": "EUR", "note": null, "prepaid": "10.00", "net_days": 14,
        "lines": [{"name": " Table  leg", "quantity": "3.50"}]
    });
    let answer = World::new().create(&body).await;
    assert_eq!(
        answer.status,
        201,
        "{}",
        String::from_utf8_lossy(&answer.bytes)
    );
    let order = answer.json();
    assert_eq!(order["lines"], 1);
    assert_eq!(order["prepaid"], "10.00");
    assert_eq!(order["note"], Value::Null);
    assert_eq!(order["net_days"], 14);
}

#[tokio::test]
async fn all_errors_of_a_body_are_named_at_once() {
    let body = json!({
        "currency": "euro", "colour": "red", "prepaid": 12.5, "net_days": 70_000,
        "lines": [
            {"name": "ok", "quantity": "1"},
            {"name": "", "quantity": 3, "a/b~c": 1},
            {},
            "line",
        ],
    });
    let problem = World::new()
        .create(&body)
        .await
        .problem(400, "unknown_field");
    let expected = owned(&[
        ("/colour", "unknown_field"),
        ("/currency", "invalid_value"),
        ("/lines/1/a~1b~0c", "unknown_field"),
        ("/lines/1/name", "invalid_value"),
        ("/lines/1/quantity", "invalid_amount"),
        ("/lines/2/name", "missing_field"),
        ("/lines/2/quantity", "missing_field"),
        ("/lines/3", "invalid_value"),
        ("/net_days", "invalid_value"),
        ("/prepaid", "invalid_amount"),
    ]);
    assert_eq!(errors(&problem), expected);
}

#[rstest]
#[case::whole("3")]
#[case::negative("-3")]
#[case::fraction("3.5")]
#[case::exponent("1e400")]
#[case::huge("123456789012345678901234567890")]
#[tokio::test]
async fn a_json_number_is_not_an_amount(#[case] number: &str) {
    let body =
        format!(r#"{{"currency":"EUR","lines":[{{"name":"a","quantity":{number}}}],"x":1}}"#);
    let answer = World::new()
        .json(Method::POST, "/api/v1/orders", body)
        .await;
    let problem = answer.problem(400, "invalid_amount");
    let expected = owned(&[
        ("/lines/0/quantity", "invalid_amount"),
        ("/x", "unknown_field"),
    ]);
    assert_eq!(errors(&problem), expected);
}

#[rstest]
#[case::empty("")]
#[case::exponent("1e3")]
#[case::underscore("1_000")]
#[case::plus("+1")]
#[case::bare_point(".5")]
#[case::words("NaN")]
#[tokio::test]
async fn a_string_that_is_not_a_plain_decimal_is_not_an_amount(#[case] text: &str) {
    let body = json!({"currency": "EUR", "lines": [{"name": "a", "quantity": text}]});
    let problem = World::new()
        .create(&body)
        .await
        .problem(400, "invalid_amount");
    assert_eq!(
        errors(&problem),
        owned(&[("/lines/0/quantity", "invalid_amount")])
    );
}

#[tokio::test]
async fn a_key_that_comes_twice_is_named_beside_the_other_errors() {
    let body = r#"{"currency":"EUR","currency":"USD","lines":[{"name":"a","name":"b"}]}"#;
    let answer = World::new()
        .json(Method::POST, "/api/v1/orders", body)
        .await;
    let problem = answer.problem(400, "invalid_value");
    let expected = owned(&[
        ("/currency", "invalid_value"),
        ("/lines/0/name", "invalid_value"),
        ("/lines/0/quantity", "missing_field"),
    ]);
    assert_eq!(errors(&problem), expected);
}

#[rstest]
#[case::absent("{}", "kept")]
#[case::null(r#"{"note": null}"#, "cleared")]
#[case::value(r#"{"note": "New"}"#, "New")]
#[tokio::test]
async fn a_patch_keeps_clears_or_sets(#[case] body: &str, #[case] outcome: &str) {
    let path = format!("/api/v1/orders/{}", known());
    let answer = World::new()
        .json(Method::PATCH, &path, body.to_owned())
        .await;
    assert_eq!(answer.json()["note"], outcome);
}

#[tokio::test]
async fn a_patch_with_a_bad_value_names_it() {
    let path = format!("/api/v1/orders/{}", known());
    let answer = World::new()
        .json(Method::PATCH, &path, r#"{"note": 1, "b": 2}"#)
        .await;
    let problem = answer.problem(400, "invalid_value");
    assert_eq!(
        errors(&problem),
        owned(&[("/b", "unknown_field"), ("/note", "invalid_value")])
    );
}

#[tokio::test]
async fn an_optional_body_may_be_absent_but_not_wrong() {
    let world = World::new();
    let path = format!("/api/v1/orders/{}/issue", known());
    let bare = world
        .request(Method::POST, &path)
        .body(axum::body::Body::empty())
        .unwrap();
    assert_eq!(world.send(bare).await.status, 202);
    assert_eq!(world.json(Method::POST, &path, "{}").await.status, 202);
    world
        .json(Method::POST, &path, r#"{"serie": "A"}"#)
        .await
        .problem(400, "unknown_field");
    let form = world
        .request(Method::POST, &path)
        .body("series=A".into())
        .unwrap();
    world
        .send(form)
        .await
        .problem(415, "unsupported_media_type");
}

#[tokio::test]
async fn a_command_without_a_body_takes_none() {
    let world = World::new();
    let path = format!("/api/v1/orders/{}/lines/{}", known(), known());
    let bare = world
        .request(Method::DELETE, &path)
        .body(axum::body::Body::empty())
        .unwrap();
    assert_eq!(world.send(bare).await.status, 204);
    let full = world
        .json(Method::DELETE, &path, r#"{"force": true}"#)
        .await;
    full.problem(400, "unknown_field");
}

#[tokio::test]
async fn a_long_list_of_errors_is_cut() {
    let lines: Vec<Value> = (0..1_000).map(|_| json!({})).collect();
    let body = json!({"currency": "EUR", "lines": lines});
    let problem = World::new()
        .create(&body)
        .await
        .problem(400, "missing_field");
    assert_eq!(
        errors(&problem).len(),
        invoiceapp_http::json::BODY_ERRORS_MAX
    );
}

#[tokio::test]
async fn an_answer_never_repeats_a_value() {
    let mut body = order();
    body["currency"] = json!("sesame-4711");
    body["lines"][0]["name"] = json!("sesame\u{202e}4711");
    body["net_days"] = json!(4_711_471);
    let answer = World::new().create(&body).await;
    let text = String::from_utf8_lossy(&answer.bytes).into_owned();
    assert_eq!(answer.status, 400);
    assert!(!text.contains("4711") && !text.contains("sesame"), "{text}");
}
