//! No secret and no personal data where an operator or a monitoring system looks.

use rstest::rstest;
use serde_json::{Value, json};

use crate::api::{Answer, Client, draft, id, organization};
use crate::system::{System, Way};
use crate::telemetry::{exemplars, the_way_of_an_invoice_arrived};

/// Part of every personal fact and password in this test.
const CANARY: &str = "canary";
/// The histograms that name traces.
const TRACED: [&str; 4] = [
    "invoiceapp_http_request_duration_seconds",
    "invoiceapp_journal_commit_duration_seconds",
    "invoiceapp_job_duration_seconds",
    "invoiceapp_consistency_wait_seconds",
];
/// How a token begins: the encoding of `{"`.
const TOKEN: &str = "eyJ";

#[rstest]
#[case::embedded(Way::Embedded)]
#[ignore = "wants the stack: everything"]
#[case::full(Way::Full)]
#[tokio::test]
async fn canaries_do_not_show_up_in_logs_traces_metrics_headers_or_errors(#[case] way: Way) {
    let (server, receiver) = System::start_observed(way).await;
    let admin = Client::admin(&server).await;
    let mut said = users(&server, &admin).await;
    said += &invoices(&server, &admin).await;

    the_way_of_an_invoice_arrived(&receiver, way).await;
    let metrics = server.metrics().await;
    for histogram in TRACED {
        let found = exemplars(&metrics, histogram);
        assert!(!found.is_empty(), "{histogram}: {metrics}");
    }
    let mut secrets = server.secrets();
    secrets.extend([CANARY, TOKEN].map(str::to_owned));
    let texts = [
        ("log", server.log()),
        ("metrics", metrics),
        ("topics", server.record_headers().await),
        ("answers", said),
    ];
    assert!(texts[0].1.contains("request"), "nothing is logged");
    for secret in &secrets {
        for (place, text) in &texts {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret} in {place}: {line:?}");
        }
        for signal in ["traces", "logs", "metrics"] {
            assert!(!receiver.has(signal, secret), "{secret} in {signal}");
        }
    }
}

/// The head of an answer, and the whole of one that is an error: what may be kept by anybody in between.
fn shown(answer: &Answer) -> String {
    let body = match answer.status.is_success() {
        true => String::new(),
        false => String::from_utf8_lossy(&answer.bytes).into_owned(),
    };
    format!("{:?}\n{body}\n", answer.headers)
}

/// Users come, log in and fail to; the heads and errors that they got.
async fn users(server: &System, admin: &Client) -> String {
    let password = "canary-password-1";
    let email = server.address("canary-mail");
    let user = json!({
        "email": email, "first_name": "canary-first", "last_name": "x",
        "password": password, "roles": ["accountant"]
    });
    let made = admin.post("/users", user.clone()).await;
    let taken = admin.post("/users", user).await;
    let mut said = shown(&made) + &shown(&taken);
    made.expect(201);
    taken.expect_problem(409, "email_taken");
    let is_found = |answer: &Answer| {
        let found = &answer.json()["data"];
        found.as_array().is_some_and(|found| !found.is_empty())
    };
    admin.eventually("/users?q=canary", is_found).await;
    let user = Client::login(server, &email, password).await;
    let me = user.get("/auth/me").await;
    said += &shown(&me);
    me.expect(200);
    let anonymous = Client::anonymous(server);
    let refused = anonymous.try_login(&email, "canary-wrong").await;
    said += &shown(&refused);
    refused.expect_problem(401, "unauthenticated");
    said
}

/// An invoice is sent, one is searched and one is refused; the heads and errors that came back.
async fn invoices(server: &System, admin: &Client) -> String {
    let mut seller = organization();
    seller["legal_name"] = json!("canary-seller");
    admin.put("/organization", seller).await.expect(200);
    let mut body = draft();
    body["buyer"]["name"] = json!("canary-buyer");
    body["buyer"]["email"] = json!(server.address("canary-buyer"));
    let made = admin.post("/invoices", body).await;
    let mut said = shown(&made);
    let path = format!("/invoices/{}", id(&made.expect(201)));
    let message = json!({"message": "canary-message"});
    let sent = admin.post(&format!("{path}/send"), message).await;
    said += &shown(&sent);
    let token = sent.header("consistency-token").to_owned();
    sent.expect(202);
    admin.get_after(&path, &token).await.expect(200);
    let is_sent =
        |answer: &Answer| answer.status == 200 && answer.json()["delivery_status"] == "sent";
    admin.eventually(&path, is_sent).await;
    let found = admin.get("/invoices?q=canary-query").await;
    said += &shown(&found);
    found.expect(200);
    // An unknown field is named in the answer to whoever sent it, but nothing of a value is.
    let malformed = json!({"currency": "EUR", "note": 5, "canary_field": "canary-value"});
    let invalid: Value = admin.post("/invoices", malformed).await.expect(400);
    assert!(!invalid.to_string().contains("canary-value"), "{invalid}");
    said
}
