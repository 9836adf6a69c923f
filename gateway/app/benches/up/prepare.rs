//! The data directory: 100,000 invoices in several states, by the requests that a client would send.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use invoiceapp_runtime::sqlite::SqliteJobStore;
use invoiceapp_runtime::{JobState, JobStore};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::INVOICES;
use crate::client::Client;
use crate::process::Server;

/// Requests that are under way at once.
const IN_FLIGHT: usize = 64;
/// Invoices between two words about the progress.
const PROGRESS_INVOICES: usize = 10_000;
/// Pause between two looks at the reactors' jobs.
const JOBS_LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Different buyers.
const BUYERS: usize = 500;
/// The series of the invoices that are overdue: its dates lie in the past.
const PAST_SERIES: &str = "PAST";
const PAST_ISSUE_DATE: &str = "2020-01-15";
/// The due date of those that never are.
const FAR_DUE_DATE: &str = "2999-12-31";

/// The directory, which is made when it is not there yet.
pub(crate) async fn prepared() -> PathBuf {
    let version = env!("CARGO_PKG_VERSION");
    let folder = std::env::temp_dir().join(format!("invoiceapp-bench-{version}-{INVOICES}"));
    let directory = folder.join("data");
    let complete = folder.join("complete");
    if complete.exists() {
        eprintln!("the prepared directory is {}", directory.display());
        return directory;
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("an incomplete directory can be removed");
    }
    std::fs::create_dir_all(&folder).expect("the directory can be made");
    eprintln!(
        "preparing {INVOICES} invoices in {}, once",
        directory.display()
    );
    let begun = Instant::now();
    let server = Server::start(&directory);
    fill(server.url()).await;
    eprintln!("  {INVOICES} invoices after {:?}", begun.elapsed());
    wait_for_reactors(&directory).await;
    eprintln!("  all jobs done after {:?}", begun.elapsed());
    let idle = server.settled();
    eprintln!("  then resident: {} KiB", idle.memory.resident_kib);
    server.stop();
    std::fs::write(complete, "").expect("the directory can be marked as complete");
    directory
}

async fn fill(url: &str) {
    let client = Client::new(url);
    client.put("/organization", &organization()).await;
    let series = json!({"code": PAST_SERIES, "template": "{PREFIX}-{SEQ:6}", "prefix": "P", "reset": "never", "for": "invoice"});
    client.post("/number-series", &series).await;
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (client, next) = (client.clone(), Arc::clone(&next));
        workers.spawn(async move {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= INVOICES {
                    return;
                }
                make(&client, place).await;
                if place % PROGRESS_INVOICES == 0 {
                    eprintln!("  {place} invoices");
                }
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended.expect("a worker ends well");
    }
}

/// Of ten invoices three are drafts, one is discarded, two are open, two overdue, one is paid in
/// part and one is paid.
async fn make(client: &Client, place: usize) {
    let invoice = client.post("/invoices", &draft(place)).await;
    let path = format!("/invoices/{}", invoice["id"].as_str().expect("an id"));
    let issue = format!("{path}/issue");
    match place % 10 {
        0..=2 => {}
        3 => {
            let reason = json!({"reason": "ordered twice"});
            client.post(&format!("{path}/discard"), &reason).await;
        }
        4 | 5 => {
            client.post(&issue, &json!({})).await;
        }
        6 | 7 => {
            let past = json!({"series": PAST_SERIES, "issue_date": PAST_ISSUE_DATE});
            client.post(&issue, &past).await;
        }
        rest => {
            let issued = client.post(&issue, &json!({})).await;
            let amount = if rest == 8 {
                json!("1.00")
            } else {
                issued["totals"]["payable"].clone()
            };
            let payment = json!({
                "amount": amount, "paid_on": issued["issue_date"],
                "method": "bank_transfer", "reference": format!("transfer {place}"),
            });
            client.post(&format!("{path}/payments"), &payment).await;
        }
    }
}

fn draft(place: usize) -> Value {
    let lines: Vec<Value> = (0..=place % 4)
        .map(|line| {
            json!({
                "name": format!("Table leg, oiled oak, form {}", (place + line) % 97),
                "quantity": (line + 1).to_string(),
                "unit_price": format!("{}.99", place % 89 + 10),
                "vat": {"category": "S", "rate": if line == 2 { "7" } else { "19" }},
            })
        })
        .collect();
    let mut draft = json!({
        "buyer": {
            "name": format!("Buyer {} GmbH", place * 7 % BUYERS),
            "email": "accounts@buyer.example",
            "vat_id": "DE987654321",
            "address": {"line1": "Hauptstr. 1", "city": "Köln", "postal_code": "50667", "country": "DE"},
        },
        "currency": if place.is_multiple_of(7) { "USD" } else { "EUR" },
        "purchase_order": format!("PO-{place}"),
        "lines": lines,
    });
    // An invoice of the past is due two weeks after its date.
    if !matches!(place % 10, 6 | 7) {
        draft["due_date"] = json!(FAR_DUE_DATE);
    }
    draft
}

fn organization() -> Value {
    json!({
        "legal_name": "Schreinerei Ahorn GmbH",
        "email": "rechnung@ahorn.example",
        "vat_id": "DE123456789",
        "address": {"line1": "Werkstr. 5", "city": "Berlin", "postal_code": "10115", "country": "DE"},
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
        "default_currency": "EUR",
        "default_net_days": 14,
        "locale": "de",
        "time_zone": "Europe/Berlin",
    })
}

/// Waits until every rendering is made and archived. The job store is read beside the process, as an
/// operator's command line reads it.
async fn wait_for_reactors(directory: &Path) {
    let jobs = SqliteJobStore::open(&directory.join("jobs.db")).await;
    let jobs = jobs.expect("the jobs can be read");
    let mut before = Vec::new();
    loop {
        tokio::time::sleep(JOBS_LOOK_INTERVAL).await;
        let reactors = jobs.status().await.expect("the jobs can be read");
        let open: u64 = reactors
            .iter()
            .flat_map(|reactor| {
                [JobState::Planned, JobState::Running, JobState::Waiting]
                    .map(|state| reactor.count(state))
            })
            .sum();
        let positions: Vec<u64> = reactors.iter().map(|reactor| reactor.position).collect();
        if open == 0 && positions == before {
            let parked: u64 = reactors.iter().map(|it| it.count(JobState::Parked)).sum();
            assert_eq!(parked, 0, "a job is parked");
            return jobs.close().await;
        }
        eprintln!("  {open} jobs left");
        before = positions;
    }
}
