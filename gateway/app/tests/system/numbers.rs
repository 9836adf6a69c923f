//! The number register: what a series has given, in order, and what became of it.

use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Client, draft, id, organization};
use crate::system::{System, Way};

/// Issues a draft as it is; the answer's token comes with it.
async fn issue(client: &Client, body: Value) -> (Value, String) {
    let invoice = client.post("/invoices", draft()).await.expect(201);
    let answer = client
        .post(&format!("/invoices/{}/issue", id(&invoice)), body)
        .await;
    let token = answer.header("consistency-token").to_owned();
    (answer.expect(200), token)
}

fn rows(page: &Value, field: &str) -> Vec<String> {
    let data = page["data"].as_array().unwrap().iter();
    data.map(|row| row[field].as_str().unwrap().to_owned())
        .collect()
}

async fn user_with(server: &System, admin: &Client, permission: &str) -> Client {
    let code = permission.replace('.', "-");
    let email = server.address(&code);
    let role = json!({"code": code, "name": "Reader", "permissions": [permission]});
    admin.post("/roles", role).await.expect(201);
    let user = json!({
        "email": email, "first_name": "Ada", "last_name": "Reader",
        "password": "correct horse battery", "roles": [code]
    });
    let answer = admin.post("/users", user).await;
    let token = answer.header("consistency-token").to_owned();
    answer.expect(201);
    admin.get_after("/users", &token).await.expect(200);
    Client::login(server, &email, "correct horse battery").await
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn the_register_shows_every_number_in_order_and_what_became_of_it(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    admin.put("/organization", organization()).await.expect(200);
    let series = admin.get("/number-series/INV").await.expect(200);
    assert_eq!(series["last_number"], Value::Null);
    let mut issued = Vec::new();
    for body in [
        json!({"issue_date": "2020-01-17"}),
        json!({"issue_date": "2020-01-18"}),
        json!({}),
    ] {
        issued.push(issue(&admin, body).await.0);
    }
    let payment = json!({"amount": "1.00", "paid_on": "2020-01-20", "method": "cash"});
    let path = format!("/invoices/{}/payments", id(&issued[1]));
    let paid = admin.post(&path, payment).await;
    let token = paid.header("consistency-token").to_owned();
    paid.expect(201);

    let path = "/number-series/INV/numbers";
    let whole = admin.get_after(&format!("{path}?count=true"), &token).await;
    let whole = whole.expect(200);
    let numbers: Vec<_> = issued
        .iter()
        .map(|invoice| invoice["number"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(rows(&whole, "number"), numbers);
    assert_eq!(whole["total"], 3);
    assert_eq!(whole["next_cursor"], Value::Null);
    assert_eq!(
        rows(&whole, "settlement_status"),
        ["unpaid", "partially_paid", "unpaid"]
    );
    let second = &whole["data"][1];
    assert_eq!(second["invoice_id"], issued[1]["id"]);
    assert_eq!(second["issue_date"], "2020-01-18");
    assert_eq!(second["document_status"], "issued");
    assert_eq!(
        (&second["period"], &second["sequence"]),
        (&json!("2020"), &json!(2))
    );
    // Not before the payment; its document may have been rendered since.
    let paid_at: u64 = token.parse().unwrap();
    assert!(second["position"].as_u64().unwrap() >= paid_at, "{second}");

    let mut paged = Vec::new();
    let mut next = format!("{path}?limit=1");
    loop {
        let page = admin.get(&next).await.expect(200);
        paged.extend(rows(&page, "number"));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        next = format!("{path}?limit=1&cursor={cursor}");
    }
    assert_eq!(paged, numbers);

    let series = admin.get("/number-series/INV").await.expect(200);
    assert_eq!(series["last_number"], json!(numbers[2]));
    let all = admin.get("/number-series").await.expect(200);
    let last = all["data"].as_array().unwrap().iter();
    let last: Vec<_> = last
        .map(|series| (&series["code"], &series["last_number"]))
        .collect();
    assert!(last.contains(&(&json!("INV"), &json!(numbers[2]))));
    assert!(last.contains(&(&json!("CN"), &Value::Null)));
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn the_register_is_for_those_who_manage_series_or_audit_and_for_series_that_exist(
    #[case] way: Way,
) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    for permission in ["series.manage", "audit.read"] {
        let reader = user_with(&server, &admin, permission).await;
        let page = reader.get("/number-series/CN/numbers").await.expect(200);
        assert_eq!(page, json!({"data": [], "next_cursor": null}));
    }
    let stranger = user_with(&server, &admin, "product.get_all").await;
    stranger
        .get("/number-series/CN/numbers")
        .await
        .expect_problem(403, "permission_denied");
    for unknown in ["NONE", "not a code"] {
        admin
            .get(&format!("/number-series/{unknown}/numbers"))
            .await
            .expect_problem(404, "not_found");
    }
    for query in ["cursor=tampered", "limit=0", "order=desc"] {
        let path = format!("/number-series/CN/numbers?{query}");
        admin.get(&path).await.expect(400);
    }
}

fn series(code: &str, template: &str) -> Value {
    json!({"code": code, "template": template, "reset": "never", "for": "invoice"})
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn no_two_series_give_one_number(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    // One after the other, each before the views have been waited for.
    for branch in ["SHOP1", "SHOP2", "SHOP3"] {
        let series = series(branch, "{PREFIX}{SEQ:4}");
        admin.post("/number-series", series).await.expect(201);
    }
    // INV gives INV-2026-00001 as well.
    let shared = series("Y26", "INV-2026-{SEQ:5}");
    let refused = admin.post("/number-series", shared).await;
    refused.expect_problem(409, "number_format_taken");
    let twin = series("SHOP4", "SHOP1-{SEQ:9}");
    let refused = admin.post("/number-series", twin).await;
    refused.expect_problem(409, "number_format_taken");
    let again = series("SHOP1", "{PREFIX}{SEQ:6}");
    let refused = admin.post("/number-series", again).await;
    refused.expect_problem(409, "series_code_taken");
    // Side by side, without knowing of each other: never two that overlap.
    let definitions = (1..=4).map(|index| {
        let template = format!("R{}{{SEQ:2}}", &"1111"[..index]);
        let series = series(&format!("R-{index}"), &template);
        admin.post("/number-series", series)
    });
    let answers = futures::future::join_all(definitions).await;
    let defined = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(defined.count(), 1, "{answers:?}");
    assert!(
        answers
            .iter()
            .all(|it| it.status == 201 || it.status == 409)
    );
}
