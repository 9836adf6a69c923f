//! Killed at any moment, nothing that was answered is lost, and no number is lost or given twice.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Client, draft, fresh_key, id, organization};
use crate::binary::invoiceapp;
use crate::server::{Data, Server};

/// How often the process is killed.
const ROUNDS: usize = 4;
/// How many clients issue at once.
const CLIENTS: usize = 6;
/// How many answered issues a round waits for before the kill.
const ANSWERED_PER_ROUND: usize = 25;

/// An invoice that was answered 200: its id and number.
type Answered = Arc<Mutex<HashMap<String, String>>>;

async fn issue_until_killed(admin: Client, answered: Answered, pending: Answered) {
    loop {
        let Ok(created) = admin
            .request(Method::POST, "/invoices")
            .json(&draft())
            .send()
            .await
        else {
            return;
        };
        let Ok(invoice) = created.json::<Value>().await else {
            return;
        };
        let Some(invoice) = invoice["id"].as_str().map(str::to_owned) else {
            return;
        };
        let key = fresh_key();
        pending.lock().unwrap().insert(invoice.clone(), key.clone());
        let issue = admin
            .request(Method::POST, &format!("/invoices/{invoice}/issue"))
            .header("Idempotency-Key", &key)
            .json(&json!({}));
        let Ok(issued) = issue.send().await else {
            return;
        };
        let Ok(issued) = issued.json::<Value>().await else {
            return;
        };
        let Some(number) = issued["number"].as_str() else {
            return;
        };
        pending.lock().unwrap().remove(&invoice);
        answered.lock().unwrap().insert(invoice, number.to_owned());
    }
}

fn verify(data: &Data) -> Value {
    let output = invoiceapp()
        .args(["journal", "verify", "--json", "--data"])
        .arg(data.directory())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_dense_and_every_answered_invoice_is_there_after_kills() {
    let answered = Answered::default();
    let pending = Answered::default();
    let server = Server::start();
    Client::admin(&server)
        .await
        .put("/organization", organization())
        .await
        .expect(200);
    let mut data = server.kill();
    for round in 1..=ROUNDS {
        let server = Server::start_on(data);
        let admin = Client::admin(&server).await;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (answered, pending) = (answered.clone(), pending.clone());
                tokio::spawn(issue_until_killed(admin.clone(), answered, pending))
            })
            .collect();
        while answered.lock().unwrap().len() < round * ANSWERED_PER_ROUND {
            assert!(
                clients.iter().any(|client| !client.is_finished()),
                "all clients ended"
            );
            tokio::task::yield_now().await;
        }
        data = server.kill();
        for client in clients {
            client.await.unwrap();
        }
        verify(&data);
    }
    let server = Server::start_on(data);
    let admin = Client::admin(&server).await;
    // What was not answered is resolved by its key: issued once, whichever way the kill fell.
    let unresolved: Vec<_> = pending.lock().unwrap().drain().collect();
    let mut token = "0".to_owned();
    for (invoice, key) in unresolved {
        let request = admin.request(Method::POST, &format!("/invoices/{invoice}/issue"));
        let issued = admin
            .send(request.header("Idempotency-Key", key).json(&json!({})))
            .await;
        token = issued.header("consistency-token").to_owned();
        let number = issued.expect(200)["number"].as_str().unwrap().to_owned();
        answered.lock().unwrap().insert(invoice, number);
    }
    let answered = answered.lock().unwrap().clone();
    check_every_invoice(&admin, &answered, &token).await;
    let mut sequences: Vec<u64> = answered
        .values()
        .map(|number| number.rsplit('-').next().unwrap().parse().unwrap())
        .collect();
    sequences.sort_unstable();
    let dense: Vec<u64> = (1..=answered.len() as u64).collect();
    assert_eq!(sequences, dense, "numbers are 1..n");
    let (status, data) = server.terminate();
    assert!(status.success());
    verify(&data);
}

async fn check_every_invoice(admin: &Client, answered: &HashMap<String, String>, token: &str) {
    let mut listed = BTreeMap::new();
    let mut path = "/invoices?limit=200&status=open".to_owned();
    loop {
        let page = admin.get_after(&path, token).await.expect(200);
        for invoice in page["data"].as_array().unwrap() {
            let number = invoice["number"].as_str().unwrap().to_owned();
            listed.insert(id(invoice).to_owned(), number);
        }
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/invoices?limit=200&status=open&cursor={cursor}");
    }
    let expected: BTreeMap<_, _> = answered.clone().into_iter().collect();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_key_answers_the_same_after_a_kill() {
    let server = Server::start();
    let admin = Client::admin(&server).await;
    let key = fresh_key();
    let create = |admin: &Client| {
        let request = admin
            .request(Method::POST, "/invoices")
            .header("Idempotency-Key", &key);
        let admin = admin.clone();
        async move { admin.send(request.json(&draft())).await }
    };
    let first = create(&admin).await;
    let server = Server::start_on(server.kill());
    let again = create(&Client::admin(&server).await).await;
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(again.header("idempotency-replayed"), "true");
}
