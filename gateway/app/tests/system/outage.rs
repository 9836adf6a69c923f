//! A disk that is full: a clear answer, nothing lost, nothing damaged, and all well again afterwards.

use std::process::{Command, Stdio};

use reqwest::Method;

use crate::api::{Answer, Client, draft, fresh_key, id};
use crate::binary::invoiceapp;
use crate::server::{Data, Server};

/// Largest file that the process may write, in blocks of 1,024 bytes: a disk that is nearly full.
const FILE_BLOCKS_MAX: &str = "1200";
/// More drafts than fit.
const DRAFTS_MAX: usize = 2_000;

/// The binary under a limit of the size of files. A write beyond it fails, as on a full disk.
fn limited(command: &mut Command) {
    let program = command.get_program().to_owned();
    let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let environment: Vec<_> = command
        .get_envs()
        .map(|(key, value)| (key.to_owned(), value.map(ToOwned::to_owned)))
        .collect();
    let mut limited = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {FILE_BLOCKS_MAX}; exec \"$@\"");
    limited
        .args(["-c", &script, "sh"])
        .arg(program)
        .args(arguments);
    for (key, value) in environment {
        match value {
            Some(value) => limited.env(key, value),
            None => limited.env_remove(key),
        };
    }
    limited.stdout(Stdio::piped()).stderr(Stdio::null());
    *command = limited;
}

#[tokio::test]
async fn a_full_disk_refuses_commands_and_damages_nothing() {
    let server = Server::start_with(Data::new(), limited);
    let admin = Client::admin(&server).await;
    let readyz = format!("{}/readyz", server.url());
    admin.get(&readyz).await.expect(200);
    let mut answered = Vec::new();
    let mut refused: Option<(String, Answer)> = None;
    for _ in 0..DRAFTS_MAX {
        let key = fresh_key();
        let request = admin
            .request(Method::POST, "/invoices")
            .header("Idempotency-Key", &key);
        let answer = admin.send(request.json(&draft())).await;
        if answer.status == 201 {
            answered.push(id(&answer.json()).to_owned());
        } else {
            refused = Some((key, answer));
            break;
        }
    }
    let (key, answer) = refused.unwrap();
    assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
    answer.expect_problem(503, "dependency_unavailable");
    let unready = admin.eventually(&readyz, |answer| answer.status == 503);
    let journal = unready.await.json()["parts"]["journal"].clone();
    assert_eq!(journal["state"], "failing", "{journal}");
    assert_eq!(journal["reason"], "the journal cannot be written");

    let data = server.kill();
    let output = invoiceapp()
        .args(["journal", "verify", "--data"])
        .arg(data.directory())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let server = Server::start_on(data);
    let admin = Client::admin(&server).await;
    for invoice in &answered {
        admin.get(&format!("/invoices/{invoice}")).await.expect(200);
    }
    let request = admin
        .request(Method::POST, "/invoices")
        .header("Idempotency-Key", &key);
    admin.send(request.json(&draft())).await.expect(201);
    let total = admin.eventually("/invoices?count=true&limit=1", |answer| {
        answer.json()["total"] == answered.len() + 1
    });
    total.await;
}

#[test]
fn a_data_directory_that_cannot_be_written_is_named() {
    let data = Data::new();
    std::fs::create_dir_all(data.path()).unwrap();
    std::fs::write(data.directory(), "a file, not a directory").unwrap();
    let output = invoiceapp()
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(data.directory())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("data directory"), "{message}");
    assert!(!message.contains("panicked"), "{message}");
}
