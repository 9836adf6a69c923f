//! The main job, from an empty system to a paid invoice.

use mail_parser::{MessageParser, MimeHeaders};
use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Answer, Client, buyer, draft, id, organization};
use crate::system::{System, Way};

fn minor_sum(rows: &Value, field: &str) -> i64 {
    let text = |row: &Value| row[field].as_str().unwrap().replace('.', "");
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| text(row).parse::<i64>().unwrap())
        .sum()
}

/// A buyer whose mails are told from those of others.
fn buyer_at(email: &str) -> Value {
    let mut buyer = buyer();
    buyer["email"] = json!(email);
    buyer
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn an_invoice_goes_from_draft_to_paid(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let kunde = server.address("kunde");
    let seller = admin.put("/organization", organization()).await.expect(200);
    assert_eq!(seller["legal_name"], "Schreinerei Ahorn GmbH");

    let product = admin
        .post(
            "/products",
            json!({
                "sku": "LEG-1", "name": "Table leg", "unit_code": "C62",
                "vat": {"category": "S", "rate": "19"},
                "prices": [{"currency": "EUR", "unit_price": "19.99"}]
            }),
        )
        .await
        .expect(201);

    let created = admin
        .post(
            "/invoices",
            json!({
                "buyer": buyer_at(&kunde), "currency": "EUR", "net_days": 30,
                "lines": [{"product_id": product["id"], "quantity": "3"}]
            }),
        )
        .await;
    assert_eq!(created.header("etag"), "\"1\"");
    let invoice = created.expect(201);
    assert_eq!(invoice["status"], "draft");
    assert_eq!(invoice["number"], Value::Null);
    assert_eq!(invoice["totals"]["payable"], "71.36");
    let path = format!("/invoices/{}", id(&invoice));

    let issued = admin
        .post(&format!("{path}/issue"), json!({}))
        .await
        .expect(200);
    assert_eq!(issued["status"], "open");
    assert!(
        issued["number"].as_str().unwrap().ends_with("00001"),
        "{}",
        issued["number"]
    );
    assert_eq!(issued["lines"][0]["unit_price"], "19.99");
    assert_eq!(issued["lines"][0]["price_version"], 1);
    assert_eq!(issued["totals"]["tax"], "11.39");
    assert_eq!(minor_sum(&issued["tax_breakdown"], "tax_amount"), 1139);

    let sent = admin.post(&format!("{path}/send"), json!({})).await;
    let token = sent.header("consistency-token").to_owned();
    sent.expect(202);
    admin.get_after(&path, &token).await.expect(200);

    let pdf = admin
        .eventually(&format!("{path}/pdf"), |answer| answer.status == 200)
        .await;
    assert_eq!(pdf.header("content-type"), "application/pdf");
    assert_eq!(pdf.header("x-content-type-options"), "nosniff");
    assert!(pdf.bytes.starts_with(b"%PDF-"));

    let delivered = |answer: &Answer| answer.json()["delivery_status"] == "sent";
    admin.eventually(&path, delivered).await;
    let mails = server.mails().await;
    assert_eq!(mails.len(), 1);
    let mail = MessageParser::default().parse(&mails[0]).unwrap();
    assert_eq!(
        mail.to().unwrap().first().unwrap().address().unwrap(),
        kunde
    );
    let attached = mail.attachments().next().unwrap();
    assert!(attached.is_content_type("application", "pdf"));
    assert_eq!(
        attached.contents(),
        pdf.bytes,
        "the mail carries the stored document"
    );

    let part = json!({"amount": "50.00", "paid_on": "2026-11-20", "method": "transfer", "reference": "A1"});
    let partial = admin
        .post(&format!("{path}/payments"), part)
        .await
        .expect(201);
    assert_eq!(partial["settlement_status"], "partially_paid");
    assert_eq!(partial["totals"]["balance"], "21.36");
    let too_much = json!({"amount": "21.37", "paid_on": "2026-11-20", "method": "transfer", "reference": "A2"});
    admin
        .post(&format!("{path}/payments"), too_much)
        .await
        .expect_problem(409, "overpayment");
    let rest =
        json!({"amount": "21.36", "paid_on": "2026-11-21", "method": "cash", "reference": "A3"});
    let paid = admin.post(&format!("{path}/payments"), rest).await;
    let token = paid.header("consistency-token").to_owned();
    let paid = paid.expect(201);
    assert_eq!(paid["status"], "paid");
    assert_eq!(paid["totals"]["balance"], "0.00");

    let read = admin.get_after(&path, &token).await.expect(200);
    assert_eq!(read["status"], "paid");
    let history = admin.get(&format!("{path}/history")).await.expect(200);
    let types: Vec<&str> = history["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    assert!(
        types.contains(&"InvoiceIssued") && types.contains(&"PaymentRecorded"),
        "{types:?}"
    );

    let dashboard = admin.get_after("/dashboard", &token).await.expect(200);
    assert!(dashboard.to_string().contains("EUR"), "{dashboard}");
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn sending_a_draft_issues_it_and_a_reversed_payment_opens_it_again(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    admin.put("/organization", organization()).await.expect(200);
    let invoice = admin.post("/invoices", draft()).await.expect(201);
    let path = format!("/invoices/{}", id(&invoice));
    let sent = admin
        .post(
            &format!("{path}/send"),
            json!({"recipients": [server.address("a"), server.address("b")], "locale": "fr"}),
        )
        .await
        .expect(202);
    assert_eq!(sent["status"], "open");
    assert_ne!(sent["number"], Value::Null);
    admin
        .eventually(&path, |answer| answer.json()["delivery_status"] == "sent")
        .await;
    assert_eq!(server.mails().await.len(), 2);

    let all =
        json!({"amount": "71.36", "paid_on": "2026-11-20", "method": "card", "reference": "R"});
    let paid = admin
        .post(&format!("{path}/payments"), all)
        .await
        .expect(201);
    assert_eq!(paid["status"], "paid");
    let payment = paid["payments"][0]["id"].as_str().unwrap();
    let reversed = admin
        .delete(&format!("{path}/payments/{payment}"))
        .await
        .expect(200);
    assert_eq!(reversed["status"], "open");
    assert_eq!(reversed["totals"]["balance"], "71.36");
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn states_refuse_what_they_do_not_allow(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let invoice = admin.post("/invoices", draft()).await.expect(201);
    let path = format!("/invoices/{}", id(&invoice));
    admin
        .post(&format!("{path}/issue"), json!({}))
        .await
        .expect_problem(409, "seller_incomplete");
    admin.put("/organization", organization()).await.expect(200);
    let payment =
        json!({"amount": "1.00", "paid_on": "2026-11-20", "method": "cash", "reference": "x"});
    let refused = admin
        .post(&format!("{path}/payments"), payment)
        .await
        .expect_problem(409, "invoice_not_issued");
    assert!(
        refused["available_actions"]
            .as_array()
            .unwrap()
            .contains(&json!("issue")),
        "{refused}"
    );
    let unknown = json!({"series": "NOPE"});
    admin
        .post(&format!("{path}/issue"), unknown)
        .await
        .expect_problem(409, "series_unknown");

    let issued = admin
        .post(
            &format!("{path}/issue"),
            json!({"issue_date": "2026-11-20"}),
        )
        .await;
    assert_eq!(issued.expect(200)["issue_date"], "2026-11-20");
    admin
        .post(&format!("{path}/issue"), json!({}))
        .await
        .expect_problem(409, "invoice_not_draft");
    admin
        .patch(&path, json!({"note": "late"}))
        .await
        .expect_problem(409, "invoice_not_draft");
    let reason = json!({"reason": "mistake"});
    admin
        .post(&format!("{path}/discard"), reason.clone())
        .await
        .expect_problem(409, "invoice_not_draft");

    let other = admin.post("/invoices", draft()).await.expect(201);
    let earlier = json!({"issue_date": "2026-11-19"});
    let other_path = format!("/invoices/{}", id(&other));
    admin
        .post(&format!("{other_path}/issue"), earlier)
        .await
        .expect_problem(409, "issue_date_before_last");
    let discarded = admin
        .post(&format!("{other_path}/discard"), reason)
        .await
        .expect(200);
    assert_eq!(discarded["status"], "discarded");

    let empty = json!({"buyer": buyer(), "currency": "EUR", "lines": []});
    let empty = admin.post("/invoices", empty).await.expect(201);
    admin
        .post(&format!("/invoices/{}/issue", id(&empty)), json!({}))
        .await
        .expect_problem(409, "invoice_has_no_lines");
}

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn a_draft_is_changed_line_by_line(#[case] way: Way) {
    let server = System::start(way).await;
    let admin = Client::admin(&server).await;
    let invoice = admin.post("/invoices", draft()).await.expect(201);
    let path = format!("/invoices/{}", id(&invoice));
    let line = json!({"name": "Board", "quantity": "2", "unit_price": "10.005", "vat": {"category": "S", "rate": "7"}});
    let with_line = admin.post(&format!("{path}/lines"), line).await.expect(201);
    assert_eq!(with_line["lines"][1]["net_amount"], "20.01");
    let line_id = with_line["lines"][1]["id"].as_str().unwrap().to_owned();
    let changed = json!({"name": "Board", "quantity": "1", "unit_price": "10", "vat": {"category": "S", "rate": "7"}});
    let changed = admin
        .put(&format!("{path}/lines/{line_id}"), changed)
        .await
        .expect(200);
    assert_eq!(changed["lines"][1]["net_amount"], "10.00");
    let removed = admin
        .delete(&format!("{path}/lines/{line_id}"))
        .await
        .expect(200);
    assert_eq!(removed["lines"].as_array().unwrap().len(), 1);
    let patched = admin
        .patch(
            &path,
            json!({"note": "Thank you", "purchase_order": "PO-7", "net_days": 10}),
        )
        .await
        .expect(200);
    assert_eq!(patched["note"], "Thank you");
    let allowance = json!({"allowances": [{"reason": "Loyal customer", "percent": "10", "vat": {"category": "S", "rate": "19"}}]});
    let cheaper = admin.patch(&path, allowance).await.expect(200);
    assert_eq!(cheaper["totals"]["allowances"], "6.00");
    assert_eq!(cheaper["totals"]["tax_exclusive"], "53.97");
}
