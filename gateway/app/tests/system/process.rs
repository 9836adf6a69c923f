//! The process as an operator sees it.

use std::process::Stdio;

use serde_json::Value;

use crate::api::{Client, draft};
use crate::binary::invoiceapp;
use crate::server::Server;

#[tokio::test]
async fn a_second_process_on_the_same_data_is_refused_by_name() {
    let server = Server::start();
    let output = invoiceapp()
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(server.directory())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains(&format!("process {}", server.pid())),
        "{message}"
    );
    Client::admin(&server)
        .await
        .get("/auth/me")
        .await
        .expect(200);
}

/// What an operator does on a day like any other: look, without stopping anything.
#[tokio::test]
async fn the_journal_can_be_inspected_while_it_is_written() {
    let server = Server::start();
    let admin = Client::admin(&server).await;
    admin.post("/invoices", draft()).await.expect(201);
    let inspect = |command: &'static str| {
        let mut inspector = invoiceapp();
        inspector
            .args(["journal", command, "--json", "--data"])
            .arg(server.directory());
        let output = tokio::task::spawn_blocking(move || inspector.output().unwrap());
        async move {
            let output = output.await.unwrap();
            let message = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command}: {message}");
            serde_json::from_slice::<Value>(&output.stdout).unwrap()
        }
    };
    for command in ["status", "verify"] {
        let inspection = tokio::spawn(inspect(command));
        let mut appended = 0;
        while appended == 0 || !inspection.is_finished() {
            admin.post("/invoices", draft()).await.expect(201);
            appended += 1;
        }
        let facts = inspection.await.unwrap();
        assert!(facts["position"].as_u64().unwrap() > 0, "{facts}");
        if command == "verify" {
            assert_eq!(facts["intact"], true, "{facts}");
        }
    }
}

#[tokio::test]
async fn a_termination_signal_drains_and_exits_with_zero() {
    let server = Server::start();
    Client::admin(&server)
        .await
        .get("/auth/me")
        .await
        .expect(200);
    let (status, _data) = server.terminate();
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn health_names_every_part() {
    let server = Server::start();
    let client = Client::anonymous(&server);
    client
        .get(&format!("{}/livez", server.url()))
        .await
        .expect(200);
    let ready = client
        .get(&format!("{}/readyz", server.url()))
        .await
        .expect(200);
    for part in ["journal", "views", "jobs", "objects", "identity"] {
        assert!(
            ready.to_string().contains(part),
            "{part} is missing in {ready}"
        );
    }
}

#[tokio::test]
async fn the_served_openapi_document_is_the_printed_one() {
    let server = Server::start();
    let served = Client::anonymous(&server)
        .get("/openapi.json")
        .await
        .expect(200);
    let output = invoiceapp().arg("openapi").output().unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(served, printed);
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
    let docs = Client::anonymous(&server).get("/docs/").await;
    assert_eq!(docs.status, 200);
    let page = String::from_utf8(docs.bytes).unwrap();
    assert!(
        !page.contains("https://"),
        "the docs page loads nothing from elsewhere: {page}"
    );
}

#[test]
fn a_wrong_command_line_exits_with_two_and_an_unknown_setting_is_refused() {
    let usage = invoiceapp().arg("levitate").output().unwrap();
    assert_eq!(usage.status.code(), Some(2));
    let setting = invoiceapp()
        .arg("openapi")
        .env("INVOICEAPP_HTTP__LISTEM", "x")
        .output()
        .unwrap();
    assert_eq!(setting.status.code(), Some(1));
    assert!(
        String::from_utf8(setting.stderr)
            .unwrap()
            .contains("listem")
    );
}

#[tokio::test]
async fn no_password_is_made_up_for_an_administrator_who_is_there() {
    let data = Server::start().kill();
    let server = Server::start_with(data, |command| {
        command.env_remove("INVOICEAPP_ADMIN_PASSWORD");
    });
    assert!(!server.directory().join("admin-credential").exists());
    Client::admin(&server).await;
}
