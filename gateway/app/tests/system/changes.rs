//! Changes of a draft, field by field, and what a product fills in.

use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Client, draft, id, organization};
use crate::system::{System, Way};

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn what_is_null_is_empty_afterwards(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let mut body = draft();
    body["net_days"] = json!(30);
    body["allowances"] = json!([{"reason": "Loyal customer", "percent": "50", "vat": {"category": "S", "rate": "19"}}]);
    body["charges"] =
        json!([{"reason": "Carriage", "amount": "5", "vat": {"category": "S", "rate": "19"}}]);
    body["prepaid"] = json!("3.00");
    body["rounding"] = json!("0.01");
    let invoice = admin.post("/invoices", body).await.expect(201);
    let path = format!("/invoices/{}", id(&invoice));
    for field in ["allowances", "charges"] {
        let changed = admin.patch(&path, json!({field: null})).await.expect(200);
        assert_eq!(changed[field], json!([]), "{field}");
    }
    admin
        .patch(&path, json!({"prepaid": null}))
        .await
        .expect(200);
    let plain = admin.patch(&path, json!({"rounding": null})).await;
    let plain = plain.expect(200);
    assert_eq!(plain["totals"]["prepaid"], "0.00");
    assert_eq!(plain["totals"]["rounding"], "0.00");
    assert_eq!(plain["totals"]["payable"], plain["totals"]["tax_inclusive"]);
    // It is net days that the draft has: a date that it has not cannot go.
    let changed = admin
        .patch(&path, json!({"due_date": null}))
        .await
        .expect(200);
    assert_eq!(changed["version"], plain["version"]);
    let emptied = admin.patch(&path, json!({"lines": null})).await.expect(200);
    assert_eq!(emptied["lines"], json!([]));
    let lines = json!({"lines": draft()["lines"]});
    admin.patch(&path, lines).await.expect(200);
    admin.put("/organization", organization()).await.expect(200);
    let issue = json!({"issue_date": "2026-01-01"});
    let issued = admin
        .post(&format!("{path}/issue"), issue)
        .await
        .expect(200);
    assert_eq!(issued["due_date"], "2026-01-31");
}

#[tokio::test]
async fn an_amount_may_be_as_large_as_its_currency_allows() {
    let server = System::start(Way::Embedded).await;
    let admin = Client::admin(&server).await;
    let mut body = draft();
    body["currency"] = json!("VND");
    body["lines"] = json!([{"name": "Ship", "quantity": "1", "unit_price": "5000000000000", "vat": {"category": "Z", "rate": "0"}}]);
    body["prepaid"] = json!("1000000000000");
    let invoice = admin.post("/invoices", body.clone()).await.expect(201);
    assert_eq!(invoice["totals"]["payable"], "4000000000000");
    body["prepaid"] = json!("9000000000000001");
    let refused = admin.post("/invoices", body.clone()).await;
    refused.expect_problem(400, "invalid_amount");
    body["prepaid"] = json!("1.5");
    let refused = admin.post("/invoices", body).await;
    refused.expect_problem(400, "invalid_amount");
}

fn of_product(product: &Value, price_mode: &str) -> Value {
    let mut body = draft();
    body["price_mode"] = json!(price_mode);
    body["lines"] = json!([{"product_id": product["id"], "quantity": "100"}]);
    body
}

#[tokio::test]
async fn a_product_has_prices_with_tax_and_without() {
    let server = System::start(Way::Embedded).await;
    let admin = Client::admin(&server).await;
    let product = json!({
        "sku": "S-1", "name": "Screw", "vat": {"category": "S", "rate": "19"},
        "prices": [
            {"currency": "EUR", "unit_price": "100", "price_mode": "net"},
            {"currency": "EUR", "unit_price": "119", "price_mode": "gross"}
        ]
    });
    let product = admin.post("/products", product).await.expect(201);
    for (price_mode, unit_price, version) in [("net", "100.00", 1), ("gross", "119.00", 2)] {
        let body = of_product(&product, price_mode);
        let invoice = admin.post("/invoices", body).await.expect(201);
        assert_eq!(invoice["lines"][0]["unit_price"], unit_price);
        assert_eq!(invoice["lines"][0]["price_version"], version);
        assert_eq!(invoice["totals"]["payable"], "11900.00");
    }
    // The product's price is for one.
    let mut body = of_product(&product, "net");
    body["lines"][0]["price_base_quantity"] = json!("100");
    let refused = admin.post("/invoices", body.clone()).await;
    let refused = refused.expect_problem(400, "invalid_value");
    assert_eq!(
        refused["errors"][0]["pointer"],
        "/lines/0/price_base_quantity"
    );
    body["lines"][0]["unit_price"] = json!("99");
    let invoice = admin.post("/invoices", body).await.expect(201);
    assert_eq!(invoice["lines"][0]["price_version"], Value::Null);
    // A price without tax is not the catalogue's once it is one with tax.
    let invoice = admin.post("/invoices", of_product(&product, "net")).await;
    let path = format!("/invoices/{}", id(&invoice.expect(201)));
    let change = json!({"price_mode": "gross"});
    let changed = admin.patch(&path, change).await.expect(200);
    assert_eq!(changed["totals"]["payable"], "10000.00");
    assert_eq!(changed["lines"][0]["price_version"], Value::Null);
}

#[tokio::test]
async fn every_error_of_a_draft_is_named_at_once() {
    let server = System::start(Way::Embedded).await;
    let admin = Client::admin(&server).await;
    let mut body = draft();
    body["lines"] = json!([{"quantity": "1"}]);
    body["prepaid"] = json!("1.234");
    body["due_date"] = json!("2026-12-31");
    body["net_days"] = json!(10);
    let refused = admin.post("/invoices", body.clone()).await;
    let refused = refused.expect_problem(400, "missing_field");
    let pointers = |problem: &Value| {
        let errors = problem["errors"].as_array().unwrap().iter();
        let pointers = errors.map(|error| error["pointer"].as_str().unwrap().to_owned());
        pointers.collect::<Vec<_>>()
    };
    let all = [
        "/lines/0/name",
        "/lines/0/unit_price",
        "/lines/0/vat",
        "/prepaid",
        "/net_days",
    ];
    assert_eq!(pointers(&refused), all);
    let invoice = admin.post("/invoices", draft()).await.expect(201);
    body.as_object_mut().unwrap().remove("buyer");
    let path = format!("/invoices/{}", id(&invoice));
    let refused = admin.patch(&path, body).await;
    assert_eq!(pointers(&refused.expect(400)), all);
}
