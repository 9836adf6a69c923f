//! Query strings, pages, cursors, ids in paths.

use axum::body::Body;
use axum::http::Method;
use invoiceapp_http::json::CalendarDate;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use crate::fixture::{World, known};

#[tokio::test]
async fn a_list_has_fifty_entries_unless_the_client_says_otherwise() {
    let world = World::new();
    let row = |answer: Value| answer["data"][0].clone();
    let first = world.get("/api/v1/orders").await.json();
    assert_eq!(row(first.clone())["limit"], 50);
    assert_eq!(first.get("total"), None);
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/orders?limit=200&count=true&cursor={cursor}");
    let next = world.get(&path).await.json();
    assert_eq!(next["total"], 1);
    let expected = json!({
        "tenant": "acme", "limit": 200, "count": true, "after": 17, "currency": null, "q": null
    });
    assert_eq!(row(next), expected);
}

#[tokio::test]
async fn a_cursor_goes_with_its_list_and_its_filters() {
    let world = World::new();
    let cursor_of = async |path: &str| {
        let page = world.get(path).await.json();
        page["next_cursor"].as_str().unwrap().to_owned()
    };
    let cursor = cursor_of("/api/v1/orders?q=leg&currency=EUR").await;
    let again = format!("/api/v1/orders?cursor={cursor}&currency=%45UR&limit=7&count=true&q=leg");
    assert_eq!(world.get(&again).await.json()["data"][0]["after"], 17);
    for path in [
        "/api/v1/orders?q=leg",
        "/api/v1/orders?q=leg&currency=USD",
        "/api/v1/drawers?q=leg&currency=EUR",
    ] {
        let answer = world.get(&format!("{path}&cursor={cursor}")).await;
        let problem = answer.problem(400, "invalid_value");
        let error = &problem["errors"][0];
        assert_eq!(error["parameter"], "cursor", "{problem}");
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains("another list"), "{problem}");
    }
}

#[tokio::test]
async fn every_bad_parameter_is_named_at_once() {
    let path = "/api/v1/orders?limit=0&cursor=x&colour=red&currency=floating&count=1&q=a&q=b";
    let problem = World::new().get(path).await.problem(400, "invalid_value");
    let mut found: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| {
            (
                error["parameter"].as_str().unwrap(),
                error["code"].as_str().unwrap(),
            )
        })
        .collect();
    found.sort_unstable();
    let expected = [
        ("colour", "unknown_field"),
        ("count", "invalid_value"),
        ("currency", "invalid_value"),
        ("cursor", "invalid_value"),
        ("limit", "invalid_value"),
        ("q", "invalid_value"),
    ];
    assert_eq!(found, expected);
}

#[rstest]
#[case("limit=201")]
#[case("limit=-1")]
#[case("limit=%2B5")]
#[case("limit=")]
#[case("limit=99999999999999999999999")]
#[case("q=%00")]
#[case("q=%ff")]
#[tokio::test]
async fn a_bad_parameter_is_the_clients_error(#[case] query: &str) {
    let answer = World::new().get(&format!("/api/v1/orders?{query}")).await;
    assert_eq!(answer.status, 400, "{query}");
}

#[tokio::test]
async fn a_document_takes_no_parameters() {
    let answer = World::new()
        .get(&format!("/api/v1/orders/{}?expand=all", known()))
        .await;
    let problem = answer.problem(400, "unknown_field");
    assert_eq!(problem["errors"][0]["parameter"], "expand");
}

#[tokio::test]
async fn a_malformed_and_an_unknown_id_look_the_same() {
    let world = World::new();
    let unknown = "/api/v1/orders/01890000-0000-7000-8000-000000000000";
    let upper = known().to_string().to_uppercase();
    let mut expected = world.get(unknown).await.problem(404, "not_found");
    for field in ["instance", "trace_id"] {
        expected[field] = Value::Null;
    }
    for id in [
        "1",
        "%20",
        "%ff",
        "..%2f",
        upper.as_str().trim_end_matches('1'),
    ] {
        let mut problem = world
            .get(&format!("/api/v1/orders/{id}"))
            .await
            .problem(404, "not_found");
        for field in ["instance", "trace_id"] {
            problem[field] = Value::Null;
        }
        assert_eq!(problem, expected, "{id}");
    }
}

#[rstest]
#[case("41", 200)]
#[case("1001", 503)]
#[case("-1", 400)]
#[case("", 400)]
#[case("+5", 400)]
#[case("99999999999999999999", 400)]
#[tokio::test]
async fn a_consistency_token_is_a_position(#[case] token: &str, #[case] status: u16) {
    let world = World::new();
    let request = world
        .request(Method::GET, "/api/v1/orders")
        .header("consistency-token", token);
    let answer = world.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, status);
    if status == 503 {
        answer.problem(503, "view_behind");
        assert_eq!(answer.header("retry-after"), "1");
    }
}

#[rstest]
#[case("2026-01-31", true)]
#[case("2024-02-29", true)]
#[case("2026-02-29", false)]
#[case("20260131", false)]
#[case("2026-1-31", false)]
#[case("2026-01-31T00:00:00", false)]
#[case("+002026-01-31", false)]
#[case("", false)]
fn a_date_has_one_spelling(#[case] text: &str, #[case] valid: bool) {
    assert_eq!(text.parse::<CalendarDate>().is_ok(), valid);
}

proptest! {
    #[test]
    fn no_query_string_gives_a_server_error(query in "[a-z0-9=&%+;/?]{0,60}") {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(World::new().get(&format!("/api/v1/orders?{query}")));
        prop_assert!(!answer.status.is_server_error(), "{query}: {}", answer.status);
    }
}
