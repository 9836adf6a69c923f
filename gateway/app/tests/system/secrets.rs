//! No secret and no personal data where an operator or a monitoring system looks.

use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Answer, Client, draft, id, organization};
use crate::system::{System, Way};

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn canaries_do_not_show_up_in_logs_metrics_or_errors(#[case] way: Way) {
    let server = System::start_verbose(way).await;
    let admin = Client::admin(&server).await;
    let mut seller = organization();
    seller["legal_name"] = json!("canary-seller");
    admin.put("/organization", seller).await.expect(200);
    let password = "canary-password-1";
    let email = server.address("canary-mail");
    let user = json!({
        "email": email, "first_name": "canary-first", "last_name": "x",
        "password": password, "roles": ["accountant"]
    });
    admin.post("/users", user.clone()).await.expect(201);
    let taken = admin
        .post("/users", user)
        .await
        .expect_problem(409, "email_taken");
    admin
        .eventually("/users?q=canary", |answer| {
            answer.json()["data"]
                .as_array()
                .is_some_and(|found| !found.is_empty())
        })
        .await;
    let tokens = Client::login(&server, &email, password).await;
    tokens.get("/auth/me").await.expect(200);
    let refused = Client::anonymous(&server)
        .try_login(&email, "canary-wrong")
        .await
        .expect_problem(401, "unauthenticated");
    let mut body = draft();
    body["buyer"]["name"] = json!("canary-buyer");
    body["buyer"]["email"] = json!(server.address("canary-buyer"));
    let invoice = admin.post("/invoices", body).await.expect(201);
    let path = format!("/invoices/{}", id(&invoice));
    admin
        .post(
            &format!("{path}/send"),
            json!({"message": "canary-message"}),
        )
        .await
        .expect(202);
    let sent = |answer: &Answer| answer.status == 200 && answer.json()["delivery_status"] == "sent";
    admin.eventually(&path, sent).await;
    let malformed = json!({"currency": "EUR", "note": 5, "canary_field": "canary-value"});
    let invalid = admin.post("/invoices", malformed).await.expect(400);

    let metrics = server.metrics().await;
    assert!(
        metrics.contains("invoiceapp_http_requests_total"),
        "{metrics}"
    );
    for (place, text) in [
        ("log", server.log()),
        ("metrics", metrics),
        ("topics", server.record_headers().await),
        ("error", [&taken, &refused].map(Value::to_string).concat()),
    ] {
        assert!(!text.contains("canary"), "{place}: {}", line_of(&text));
    }
    assert!(!invalid.to_string().contains("canary-value"), "{invalid}");
}

fn line_of(text: &str) -> &str {
    text.lines()
        .find(|line| line.contains("canary"))
        .unwrap_or_default()
}
