//! What a process sends to the receivers of traces, logs and metrics: everything that happened, and
//! nothing of whom it happened to.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::api::{Answer, Client, EVENTUALLY, draft, id, organization};
use crate::receiver::Receiver;
use crate::server::{Data, Server};

/// Pause between two looks at what has arrived.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// What an invoice's way to its recipient shows in a trace.
const SPANS: [&str; 8] = [
    "POST /api/v1/invoices/{id}/send",
    "journal append",
    "journal commit",
    "project documents",
    "plan pdf",
    "job pdf",
    "plan mail",
    "job mail",
];

#[tokio::test]
async fn the_way_of_an_invoice_is_sent_and_nothing_of_its_words() {
    let (receiver, address) = Receiver::start().await;
    let server = Server::start_with(Data::new(), |command| {
        command
            .env("INVOICEAPP_TELEMETRY__ENDPOINT", &address)
            .env("INVOICEAPP_TELEMETRY__METRICS_INTERVAL_SECONDS", "1")
            .env("INVOICEAPP_LOG__FILTER", "debug");
    });
    let admin = Client::admin(&server).await;
    let mut seller = organization();
    seller["legal_name"] = json!("canary-seller");
    admin.put("/organization", seller).await.expect(200);
    let mut body = draft();
    body["buyer"]["name"] = json!("canary-buyer");
    body["buyer"]["email"] = json!("canary-buyer@default.example");
    let invoice = admin.post("/invoices", body).await.expect(201);
    let path = format!("/invoices/{}", id(&invoice));
    let message = json!({"message": "canary-message"});
    admin
        .post(&format!("{path}/send"), message)
        .await
        .expect(202);
    let sent = |answer: &Answer| answer.status == 200 && answer.json()["delivery_status"] == "sent";
    admin.eventually(&path, sent).await;
    admin.get("/invoices?q=canary-query").await.expect(200);

    for span in SPANS {
        arrived(&receiver, "traces", span).await;
    }
    arrived(&receiver, "logs", "request").await;
    for metric in [
        "invoiceapp_http_requests_total",
        "invoiceapp_journal_head_position",
        "invoiceapp_mail_deliveries_total",
        "process_resident_memory_bytes",
    ] {
        arrived(&receiver, "metrics", metric).await;
    }
    for signal in ["traces", "logs", "metrics"] {
        assert!(!receiver.has(signal, "canary"), "{signal}");
    }
}

async fn arrived(receiver: &Receiver, signal: &str, text: &str) {
    let begun = Instant::now();
    while !receiver.has(signal, text) {
        assert!(begun.elapsed() < EVENTUALLY, "no {text} in {signal}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
