//! The operator's tools, beside the processes that they ask about.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use invoiceapp_projections::DEFINITION;
use rstest::rstest;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::api::{Client, draft, id, organization};
use crate::binary::invoiceapp;
use crate::full::Installation;
use crate::server::{Data, Server};

/// Every role in one process: what is asked here does not depend on how many there are.
const ROLES: [&str; 9] = [
    "relay",
    "projector",
    "user-access",
    "authorizer",
    "product",
    "invoice",
    "pdf",
    "media",
    "mail",
];

/// Runs a tool on a data directory.
async fn tool(data: &std::path::Path, arguments: &[&str]) -> Output {
    let mut command = invoiceapp();
    command.args(arguments).arg("--data").arg(data);
    output_of(command).await
}

async fn output_of(mut command: Command) -> Output {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    output.await.unwrap()
}

/// What a tool says as JSON; it has to succeed.
async fn facts(data: &std::path::Path, arguments: &[&str]) -> Value {
    let mut arguments = arguments.to_vec();
    arguments.push("--json");
    let output = tool(data, &arguments).await;
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {message}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// How long jobs may take on a busy machine.
const JOBS_TIMEOUT: Duration = Duration::from_secs(60);

async fn introduce(admin: &Client) {
    admin.put("/organization", organization()).await.expect(200);
}

/// An invoice that was issued and rendered.
async fn issue(admin: &Client) -> String {
    let drafted = admin.post("/invoices", draft()).await.expect(201);
    let invoice = id(&drafted).to_owned();
    let issued = format!("/invoices/{invoice}/issue");
    admin.post(&issued, json!({})).await.expect(200);
    let pdf = format!("/invoices/{invoice}/pdf");
    admin.eventually(&pdf, |answer| answer.status == 200).await;
    invoice
}

/// A database of a data directory, as somebody who breaks it opens it.
async fn database(data: &Data, file: &str) -> SqliteConnection {
    let path = data.directory().join(file);
    let address = format!("sqlite://{}", path.display());
    SqliteConnection::connect(&address).await.unwrap()
}

fn views_file(data: &Data) -> String {
    let prefix = format!("views-{DEFINITION}-");
    let entries = std::fs::read_dir(data.directory()).unwrap().flatten();
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .find(|name| name.starts_with(&prefix) && name.ends_with(".db"))
        .unwrap()
}

#[tokio::test]
async fn the_tools_look_at_a_data_directory_that_is_in_use() {
    let server = Server::start();
    let admin = Client::admin(&server).await;
    introduce(&admin).await;
    issue(&admin).await;
    let data = server.directory();

    let status = facts(&data, &["status"]).await;
    let head = status["journal"]["position"].as_u64().unwrap();
    assert!(head > 0);
    assert_eq!(status["views"][0]["view"], "documents");
    assert_eq!(status["views"][0]["parked"], 0);
    let reactors = status["reactors"].as_array().unwrap();
    let names: Vec<_> = reactors.iter().map(|it| it["reactor"].as_str()).collect();
    assert_eq!(names, [Some("mail"), Some("media"), Some("pdf")]);
    assert!(status.get("relay").is_none());

    let views = facts(&data, &["projection", "list"]).await;
    assert!(
        views[0]["generation"]
            .as_str()
            .unwrap()
            .starts_with(DEFINITION)
    );
    let views = facts(&data, &["projection", "status"]).await;
    assert!(views[0]["lag_events"].is_u64() && views[0]["lag_seconds"].is_f64());
    assert_eq!(facts(&data, &["relay", "status"]).await, Value::Null);
    assert_eq!(
        facts(&data, &["parked", "list"]).await,
        json!({"streams": [], "jobs": []})
    );

    let doctor = facts(&data, &["doctor"]).await;
    assert!(
        doctor[0]["detail"]
            .as_str()
            .unwrap()
            .starts_with("in use by process")
    );

    let screen = tool(&data, &["status"]).await;
    assert!(text(&screen).contains("REACTOR"), "{}", text(&screen));
    assert!(text(&tool(&data, &["parked", "list"]).await).contains("Nothing is parked."));
}

#[tokio::test]
async fn jobs_are_listed_page_by_page() {
    let server = Server::start();
    let admin = Client::admin(&server).await;
    introduce(&admin).await;
    for _ in 0..3 {
        issue(&admin).await;
    }
    let data = server.directory();
    let pdf = ["jobs", "list", "--reactor", "pdf", "--state", "done"];
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let mut arguments = pdf.to_vec();
        arguments.extend(["--limit", "2"]);
        let from: Option<String> = after.take();
        if let Some(after) = &from {
            arguments.extend(["--after", after]);
        }
        let page = facts(&data, &arguments).await;
        let jobs = page["jobs"].as_array().unwrap();
        assert!(jobs.len() <= 2);
        all.extend(jobs.iter().map(|job| job["position"].as_u64().unwrap()));
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(all.len(), 3);
    assert!(all.is_sorted());
    // Those that are finished are not what an operator looks for first.
    let open = facts(&data, &["jobs", "list", "--reactor", "pdf"]).await;
    assert_eq!(open["jobs"], json!([]));
    let unknown = tool(&data, &["jobs", "list", "--state", "lost"]).await;
    assert_eq!(unknown.status.code(), Some(2));
}

#[tokio::test]
async fn what_is_parked_is_listed_shown_and_healed() {
    let server = Server::start();
    let admin = Client::admin(&server).await;
    introduce(&admin).await;
    let invoice = issue(&admin).await;
    let (_, data) = server.terminate();
    let stream = format!("invoice/default:{invoice}");
    let mut views = database(&data, &views_file(&data)).await;
    let park = "INSERT INTO parked (kind, tenant, key, position, reason) VALUES ('invoice', 'default', ?, 1, 'it is odd')";
    sqlx::query(park)
        .bind(&invoice)
        .execute(&mut views)
        .await
        .unwrap();
    views.close().await.unwrap();
    let mut jobs = database(&data, "jobs.db").await;
    let park = "UPDATE jobs SET state = 'parked', reason = 'the printer\u{1b}[2J is on fire' WHERE reactor = 'pdf'";
    sqlx::query(park).execute(&mut jobs).await.unwrap();
    jobs.close().await.unwrap();

    let directory = data.directory();
    let parked = facts(&directory, &["parked", "list"]).await;
    assert_eq!(parked["streams"][0]["stream"], json!(stream));
    let job = parked["jobs"][0]["id"].as_str().unwrap().to_owned();
    let listed = text(&tool(&directory, &["parked", "list"]).await);
    assert!(
        listed.contains("is on fire") && !listed.contains('\u{1b}'),
        "{listed}"
    );
    let shown = facts(&directory, &["parked", "show", &stream]).await;
    assert_eq!(shown["reason"], "it is odd");
    let shown = facts(&directory, &["parked", "show", &job]).await;
    assert_eq!(shown["state"], "parked");
    let doctor = tool(&directory, &["doctor", "--listen", "127.0.0.1:0"]).await;
    assert_eq!(doctor.status.code(), Some(1));
    assert!(
        text(&doctor).contains("1 jobs are parked. To do:"),
        "{}",
        text(&doctor)
    );

    // Beside the running process, which goes on with the job by itself.
    let server = Server::start_on(data);
    let healed = facts(&directory, &["parked", "retry", "--all"]).await;
    assert_eq!(healed[0]["outcome"], "healed");
    assert_eq!(healed[1]["outcome"], "due");
    let again = tool(&directory, &["parked", "retry", &stream]).await;
    assert_eq!(again.status.code(), Some(1), "it is not parked any more");
    let begun = Instant::now();
    while facts(&directory, &["jobs", "list", "--reactor", "pdf"]).await["jobs"] != json!([]) {
        assert!(begun.elapsed() < JOBS_TIMEOUT, "the job is not done");
    }
    let unknown = tool(&directory, &["parked", "show", "nonsense"]).await;
    assert_eq!(unknown.status.code(), Some(1));
    drop(server);
}

#[rstest]
#[case(&["status"])]
#[case(&["parked", "list"])]
#[case(&["jobs", "list"])]
#[case(&["journal", "verify"])]
#[tokio::test]
async fn a_directory_without_a_journal_is_said_and_not_made(#[case] arguments: &[&str]) {
    let data = Data::new();
    let output = tool(&data.directory(), arguments).await;
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("there is no journal in"), "{message}");
    assert!(!data.directory().exists());
}

#[tokio::test]
async fn the_file_of_settings_can_be_named_by_a_variable() {
    let folder = tempfile::tempdir().unwrap();
    let (file, nowhere) = (
        folder.path().join("settings.toml"),
        folder.path().join("nowhere"),
    );
    std::fs::write(&file, format!("data_dir = {nowhere:?}\n")).unwrap();
    let mut command = invoiceapp();
    command.arg("status").env("INVOICEAPP_CONFIG", &file);
    let output = output_of(command).await;
    let message = String::from_utf8_lossy(&output.stderr);
    let expected = format!("there is no journal in {}", nowhere.display());
    assert!(message.contains(&expected), "{message}");
}

#[tokio::test]
async fn a_taken_address_is_said_before_anything_is_made() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = Data::new();
    let output = tool(&data.directory(), &["up", "--listen", &address]).await;
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains(&address), "{message}");
    assert!(!data.directory().exists());
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL, Kafka, registry, MongoDB, Redis, Keycloak, S3, SMTP"]
async fn the_tools_look_at_the_full_stack() {
    let installation = Installation::make("tools", "info").await;
    let process = installation.start(&ROLES);
    let front = installation.start(&["bff"]);
    process.ready().await;
    front.ready().await;
    let door = installation.tenant().await;
    let admin = Client::admin(&door).await;
    introduce(&admin).await;
    issue(&admin).await;

    let doctor = installation.run(&["doctor"]).await;
    let parts = doctor.as_array().unwrap();
    assert_eq!(parts.len(), 10);
    assert!(parts.iter().all(|part| part["healthy"] == true), "{doctor}");
    let verified = installation.run(&["journal", "verify"]).await;
    assert_eq!(verified["intact"], true);
    let journal = installation.run(&["journal", "status"]).await;
    assert!(journal["streams"].as_u64() > Some(0));
    let status = installation.run(&["status"]).await;
    assert_eq!(
        status["relay"]["leadership"], "standby",
        "another process leads"
    );
    assert!(status["relay"]["position"].as_u64() > Some(0));
    let views: Vec<_> = status["views"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&views[0]["view"], &views[1]["view"]),
        (&json!("documents"), &json!("hot"))
    );
    let reactors = status["reactors"].as_array().unwrap();
    let names: Vec<_> = reactors.iter().map(|it| it["reactor"].as_str()).collect();
    assert_eq!(
        names,
        [Some("identity"), Some("mail"), Some("media"), Some("pdf")]
    );

    let readyz = format!("{}/readyz", process.place.url_of("relay"));
    let board: Value = reqwest::get(&readyz).await.unwrap().json().await.unwrap();
    let parts = &board["parts"];
    assert_eq!(parts["relay"]["facts"]["leadership"], "leader", "{board}");
    for part in [
        "projection",
        "hot projection",
        "pdf reactor",
        "mail reactor",
    ] {
        assert!(
            parts[part]["facts"]["lag_events"].is_u64(),
            "{part}: {board}"
        );
        assert!(parts[part]["since"].is_string());
    }
    for part in [
        "kafka",
        "registry",
        "keycloak",
        "mail",
        "objects",
        "hot views",
    ] {
        assert_eq!(parts[part]["state"], "ready", "{part}: {board}");
    }
}

#[tokio::test]
#[ignore = "wants the stack: PostgreSQL, Kafka, registry, MongoDB, Redis, Keycloak, S3, SMTP"]
async fn the_doctor_names_the_server_that_is_away_and_what_to_do() {
    let installation = Installation::make("doctor", "info").await;
    let mut command = installation.command();
    command
        .env("INVOICEAPP_SMTP__PORT", "9")
        .env("INVOICEAPP_REDIS__URL", "redis://127.0.0.1:9")
        .env("INVOICEAPP_S3__BUCKET", "nobodys-bucket")
        .args(["doctor", "--json"]);
    let output = output_of(command).await;
    assert_eq!(output.status.code(), Some(1));
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = findings.as_array().unwrap();
    let sick = findings.iter().filter(|it| it["healthy"] == false);
    let sick: Vec<_> = sick.map(|it| it["part"].as_str().unwrap()).collect();
    assert_eq!(sick, ["Redis", "S3", "SMTP"]);
    let advised = |it: &&Value| it["healthy"] == false && it["advice"].is_string();
    assert_eq!(findings.iter().filter(advised).count(), 3);
}
