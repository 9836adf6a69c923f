//! Bad input: a clear error that names everything at once, and nothing written.

use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Client, draft, id};
use crate::system::{System, Way};

fn pointers(problem: &Value) -> Vec<(&str, &str)> {
    let errors = problem["errors"].as_array().unwrap().iter();
    let mut found: Vec<_> = errors
        .map(|error| {
            (
                error["pointer"].as_str().unwrap(),
                error["code"].as_str().unwrap(),
            )
        })
        .collect();
    found.sort_unstable();
    found
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn all_errors_of_a_body_are_named_at_once(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let body = json!({
        "buyer": {"name": "A\u{202e}B", "address": {"line1": "x", "city": "y", "postal_code": "1", "country": "Germany"}},
        "currency": "EUR",
        "colour": "red",
        "lines": [
            {"name": "ok", "quantity": 3, "unit_price": "19.99", "vat": {"category": "S", "rate": "19"}},
            {"name": "", "quantity": "+1", "unit_price": "1e400", "vat": {"category": "Q", "rate": "19"}}
        ]
    });
    let problem = admin.post("/invoices", body).await.expect(400);
    assert_eq!(
        pointers(&problem),
        [
            ("/buyer/address/country", "invalid_value"),
            ("/buyer/name", "invalid_value"),
            ("/colour", "unknown_field"),
            ("/lines/0/quantity", "invalid_amount"),
            ("/lines/1/name", "invalid_value"),
            ("/lines/1/quantity", "invalid_amount"),
            ("/lines/1/unit_price", "invalid_amount"),
            ("/lines/1/vat/category", "invalid_value"),
        ]
    );
    let missing = admin
        .post("/invoices", json!({"lines": [{}]}))
        .await
        .expect(400);
    assert!(
        pointers(&missing).contains(&("/currency", "missing_field")),
        "{missing}"
    );
    assert_eq!(
        admin.get("/invoices?count=true").await.expect(200)["total"],
        0
    );
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn no_body_brings_the_server_down_and_none_is_half_taken(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let big = format!("{{\"note\": \"{}\"}}", "x".repeat(10 << 20));
    let cases: [(&str, Vec<u8>, &str, u16); 12] = [
        ("nothing", Vec::new(), "application/json", 400),
        ("not json", b"{".to_vec(), "application/json", 400),
        ("trailing", b"{} {}".to_vec(), "application/json", 400),
        ("not utf-8", vec![b'"', 0xff, b'"'], "application/json", 400),
        ("deep", deep.into_bytes(), "application/json", 400),
        ("big", big.into_bytes(), "application/json", 413),
        ("array", b"[]".to_vec(), "application/json", 400),
        ("null", b"null".to_vec(), "application/json", 400),
        ("number", b"1e400".to_vec(), "application/json", 400),
        (
            "twice",
            br#"{"currency":"EUR","currency":"USD"}"#.to_vec(),
            "application/json",
            400,
        ),
        (
            "form",
            b"currency=EUR".to_vec(),
            "application/x-www-form-urlencoded",
            415,
        ),
        ("xml", b"<a/>".to_vec(), "text/xml", 415),
    ];
    for (name, body, content_type, status) in cases {
        let request = admin
            .request(Method::POST, "/invoices")
            .header("Content-Type", content_type);
        // A server that refuses a body early may close before all of it is sent.
        let Ok(response) = request.body(body).send().await else {
            assert_eq!(name, "big");
            continue;
        };
        assert_eq!(response.status(), status, "{name}");
        let problem: Value = response.json().await.unwrap();
        assert!(
            problem["code"].is_string() && problem["trace_id"].is_string(),
            "{name}: {problem}"
        );
    }
    assert_eq!(
        admin.get("/invoices?count=true").await.expect(200)["total"],
        0
    );
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn wrong_values_of_every_field_are_refused(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let wrong = [
        json!(null),
        json!(true),
        json!(12),
        json!(-1.5),
        json!([]),
        json!({}),
        json!(""),
        json!("\u{0}"),
        json!("\u{200b}"),
        json!("x".repeat(20_000)),
    ];
    for field in ["buyer", "currency", "lines"] {
        for value in &wrong {
            let mut body = draft();
            body[field] = value.clone();
            let answer = admin.post("/invoices", body).await;
            let allowed =
                (field == "lines" && *value == json!([])) || (field == "buyer" && value.is_null());
            let status = answer.status.as_u16();
            assert!(
                status == 400 || (allowed && status == 201),
                "{field} = {value}: {status}"
            );
        }
    }
    for field in ["quantity", "unit_price"] {
        for text in [
            "",
            "1e3",
            "1_000",
            "+1",
            ".5",
            "5.",
            "NaN",
            "1,5",
            "0x1",
            " 1",
            "1.23456789012",
        ] {
            let mut body = draft();
            body["lines"][0][field] = json!(text);
            let problem = admin.post("/invoices", body).await.expect(400);
            let pointer = format!("/lines/0/{field}");
            assert_eq!(
                pointers(&problem),
                [(pointer.as_str(), "invalid_amount")],
                "{text}"
            );
        }
    }
    let mut minor = draft();
    minor["currency"] = json!("JPY");
    minor["prepaid"] = json!("0.5");
    admin.post("/invoices", minor).await.expect(400);
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn an_amount_that_the_server_computes_is_refused_where_it_differs(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let drafted = admin.post("/invoices", draft()).await.expect(201);
    let mut computed = draft();
    computed["totals"] =
        json!({"payable": drafted["totals"]["payable"], "tax": drafted["totals"]["tax"]});
    computed["lines"][0]["net_amount"] = drafted["lines"][0]["net_amount"].clone();
    admin.post("/invoices", computed.clone()).await.expect(201);
    computed["totals"]["payable"] = json!("1.00");
    computed["lines"][0]["net_amount"] = json!("2.00");
    let problem = admin.post("/invoices", computed).await.expect(400);
    assert_eq!(
        pointers(&problem),
        [
            ("/lines/0/net_amount", "invalid_amount"),
            ("/totals/payable", "invalid_amount")
        ]
    );
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn odd_requests_get_problem_documents(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    admin
        .get("/nothing-here")
        .await
        .expect_problem(404, "not_found");
    admin
        .get("/invoices/not-an-id")
        .await
        .expect_problem(404, "not_found");
    let wrong_method = admin.send(admin.request(Method::PUT, "/invoices")).await;
    assert_eq!(wrong_method.status, 405);
    let invoice = admin.post("/invoices", draft()).await.expect(201);
    let key = admin
        .request(Method::POST, &format!("/invoices/{}/discard", id(&invoice)))
        .header("Idempotency-Key", "x".repeat(256))
        .json(&json!({"reason": "r"}));
    assert_eq!(admin.send(key).await.status, 400);
    let future = admin
        .request(Method::GET, "/invoices")
        .header("Consistency-Token", "999999999");
    admin.send(future).await.expect_problem(503, "view_behind");
}
