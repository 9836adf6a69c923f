//! Lists: filters, pages, counts, and their stability while new documents arrive.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Client, draft, id, organization};
use crate::system::{System, Way};

async fn numbers(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/invoices?{query}")).await.expect(200);
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| row["number"].as_str().unwrap_or("draft").to_owned())
        .collect()
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn filters_find_what_they_say(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    admin.put("/organization", organization()).await.expect(200);
    let mut token = String::new();
    let mut issued = Vec::new();
    for (currency, due, buyer) in [
        ("EUR", "2020-01-31", "Early Bird"),
        ("EUR", "2999-12-31", "Late Riser"),
        ("JPY", "2999-12-31", "Tokyo KK"),
    ] {
        let mut body = draft();
        body["currency"] = json!(currency);
        body["lines"][0]["unit_price"] = json!("100");
        body["buyer"]["name"] = json!(buyer);
        if due == "2999-12-31" {
            body["due_date"] = json!(due);
        }
        let invoice = admin.post("/invoices", body).await.expect(201);
        let date = if due == "2999-12-31" {
            json!({})
        } else {
            json!({"issue_date": "2020-01-17"})
        };
        let answer = admin
            .post(&format!("/invoices/{}/issue", id(&invoice)), date)
            .await;
        token = answer.header("consistency-token").to_owned();
        issued.push(answer.expect(200));
    }
    let number = |place: usize| issued[place]["number"].as_str().unwrap().to_owned();
    admin.post("/invoices", draft()).await.expect(201);
    admin.get_after("/invoices", &token).await.expect(200);
    assert_eq!(numbers(&admin, "status=overdue").await, [number(0)]);
    assert_eq!(numbers(&admin, "status=open").await, [number(2), number(1)]);
    assert_eq!(
        numbers(&admin, &format!("number={}", number(1))).await,
        [number(1)]
    );
    assert_eq!(numbers(&admin, "currency=JPY").await, [number(2)]);
    assert_eq!(numbers(&admin, "q=riser").await, [number(1)]);
    assert_eq!(numbers(&admin, "buyer=Tokyo%20KK").await, [number(2)]);
    assert_eq!(numbers(&admin, "issued_to=2020-12-31").await, [number(0)]);
    assert_eq!(numbers(&admin, "due_before=2020-02-01").await, [number(0)]);
    assert_eq!(
        numbers(&admin, "currency=JPY&min_balance=357").await,
        [number(2)]
    );
    assert_eq!(
        numbers(&admin, "currency=JPY&min_balance=358").await,
        Vec::<String>::new()
    );
    assert_eq!(numbers(&admin, "status=draft").await, ["draft"]);
    admin.get("/invoices?colour=red").await.expect(400);
    admin
        .get("/invoices?status=levitating&limit=0")
        .await
        .expect_problem(400, "invalid_value");
    admin
        .get("/invoices?cursor=tampered")
        .await
        .expect_problem(400, "invalid_value");
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn pages_are_newest_first_and_stable_while_documents_arrive(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let mut created = Vec::new();
    let mut token = String::new();
    for _ in 0..25 {
        let answer = admin.post("/invoices", draft()).await;
        token = answer.header("consistency-token").to_owned();
        created.push(id(&answer.json()).to_owned());
    }
    let mut path = "/invoices?limit=10".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = admin.get_after(&path, &token).await.expect(200);
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| id(row).to_owned()),
        );
        admin.post("/invoices", draft()).await.expect(201);
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!(page["next_cursor"], Value::Null);
            break;
        };
        path = format!("/invoices?limit=10&cursor={cursor}");
    }
    created.reverse();
    assert_eq!(seen, created);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 25);
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn products_keep_every_price_and_an_archived_one_enters_no_draft(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let body = json!({
        "sku": "CHAIR-1", "name": "Chair", "vat": {"category": "S", "rate": "19"},
        "prices": [{"currency": "EUR", "unit_price": "49.90"}]
    });
    let product = admin.post("/products", body.clone()).await.expect(201);
    let mut same_sku = body;
    same_sku["sku"] = json!("chair-1");
    admin
        .post("/products", same_sku)
        .await
        .expect_problem(409, "sku_taken");
    let path = format!("/products/{}", id(&product));
    let price = json!({"currency": "EUR", "unit_price": "59.90"});
    admin
        .post(&format!("{path}/prices"), price)
        .await
        .expect(201);
    let line = json!({"buyer": crate::api::buyer(), "currency": "EUR", "lines": [{"product_id": id(&product), "quantity": "1"}]});
    let invoice = admin.post("/invoices", line.clone()).await.expect(201);
    assert_eq!(invoice["lines"][0]["unit_price"], "59.90");
    assert_eq!(invoice["lines"][0]["price_version"], 2);
    let mut yen = line.clone();
    yen["currency"] = json!("JPY");
    admin
        .post("/invoices", yen)
        .await
        .expect_problem(409, "currency_mismatch");
    let archived = admin.delete(&path).await;
    assert!(archived.status.is_success());
    admin
        .post("/invoices", line.clone())
        .await
        .expect_problem(409, "product_archived");
    admin
        .post(&format!("{path}/restore"), json!({}))
        .await
        .expect(200);
    let created = admin.post("/invoices", line).await;
    let token = created.header("consistency-token").to_owned();
    created.expect(201);
    let prices = admin.get_after(&format!("{path}/prices"), &token).await;
    let prices = prices.expect(200);
    assert_eq!(prices["data"].as_array().unwrap().len(), 2);
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_number_series_formats_its_numbers(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    admin.put("/organization", organization()).await.expect(200);
    let series = json!({"code": "SHOP", "template": "{PREFIX}{YYYY}/{MM}-{SEQ:4}", "prefix": "S", "reset": "month", "first_number": 100, "for": "invoice"});
    admin.post("/number-series", series).await.expect(201);
    let (mut numbers, mut token) = (Vec::new(), String::new());
    for _ in 0..2 {
        let invoice = admin.post("/invoices", draft()).await.expect(201);
        let issue = json!({"series": "SHOP", "issue_date": "2026-11-20"});
        let path = format!("/invoices/{}/issue", id(&invoice));
        let answer = admin.post(&path, issue).await;
        answer.header("consistency-token").clone_into(&mut token);
        let issued = answer.expect(200);
        numbers.push(issued["number"].as_str().unwrap().to_owned());
    }
    assert_eq!(numbers, ["S2026/11-0100", "S2026/11-0101"]);
    let read = admin.get_after("/number-series/SHOP", &token).await;
    let read = read.expect(200);
    assert_eq!(read["template"], "{PREFIX}{YYYY}/{MM}-{SEQ:4}");
    let all = admin.get_after("/number-series", &token).await.expect(200);
    assert_eq!(all["data"].as_array().unwrap().len(), 3);
}
