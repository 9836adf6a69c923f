//! What telemetry costs whoever is observed: three systems side by side, one that sends nothing, one
//! whose receiver is gone, one whose receiver takes what it is sent and never answers.
//!
//! `cargo bench -p invoiceapp-app --bench telemetry`. The built binary is driven over HTTP as a client
//! would drive it. In every round each system gets the same requests, in changing order; a round's
//! value is the 99th percentile of its requests, and what is compared are the rounds' own ratios.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench: it prints its table, and a part that fails ends it"
)]

#[path = "../up/client.rs"]
#[expect(dead_code, reason = "the other bench uses the rest")]
mod client;
#[path = "../up/memory.rs"]
#[expect(dead_code, reason = "the other bench uses the rest")]
mod memory;
#[path = "../up/process.rs"]
#[expect(dead_code, reason = "the other bench uses the rest")]
mod process;
#[path = "../up/table.rs"]
mod table;

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use client::Client;
use process::Server;
use serde_json::{Value, json};
use table::{Table, tenths_of_mib};
use tokio::task::JoinSet;

/// Rounds that are measured; the ones before them warm caches up and fill queues.
const ROUNDS: usize = 21;
const ROUNDS_BEFORE: usize = 4;
/// Clients at once, and requests of each in a round.
const CLIENTS: usize = 4;
const REQUESTS: usize = 150;
/// Of so many requests one is a command, the others read.
const COMMAND_EVERY: usize = 5;

/// A system and what was measured of it.
struct Contender {
    name: &'static str,
    server: Server,
    client: Client,
    path: String,
    medians: Vec<Duration>,
    tails: Vec<Duration>,
}

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--bench") {
        // `cargo test` builds and starts benches as well; measuring is not its business.
        return ExitCode::SUCCESS;
    }
    invoiceapp_access::init_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(measure());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("no runtime: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let gone = gone_receiver();
    let silent = silent_receiver();
    let receivers = [
        ("nothing is sent", None),
        ("the receiver is gone", Some(gone)),
        ("the receiver never answers", Some(silent)),
    ];
    let mut contenders = Vec::new();
    for (name, receiver) in receivers {
        contenders.push(contender(folder.path(), name, receiver).await);
    }
    for round in 0..ROUNDS_BEFORE + ROUNDS {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        order.rotate_left(round % contenders.len());
        for index in order {
            let contender = &mut contenders[index];
            let mut times = round_of(contender).await;
            if round >= ROUNDS_BEFORE {
                times.sort_unstable();
                contender.medians.push(times[times.len() / 2]);
                contender.tails.push(times[times.len() * 99 / 100]);
            }
        }
    }
    report(contenders);
}

fn report(contenders: Vec<Contender>) {
    let mut table = Table::new();
    let (without, with) = contenders.split_first().expect("three of them");
    for contender in with {
        let name = contender.name;
        let median = format!("{name}: median, to without");
        table.ratios(&median, "", &contender.medians, &without.medians);
        let tail = format!("{name}: 99th percentile, to without");
        table.ratios(&tail, "1.05", &contender.tails, &without.tails);
    }
    for mut contender in contenders {
        let name = contender.name;
        table.durations(&format!("{name}: median"), "", &mut contender.medians);
        table.durations(
            &format!("{name}: 99th percentile"),
            "",
            &mut contender.tails,
        );
        let memory = contender.server.settled().memory;
        table.value(
            &format!("{name}: resident memory, MiB"),
            "",
            &tenths_of_mib(memory.resident_kib),
        );
        contender.server.stop();
    }
    table.print();
}

async fn contender(folder: &Path, name: &'static str, receiver: Option<SocketAddr>) -> Contender {
    let directory = folder.join(name.replace(' ', "-"));
    std::fs::create_dir_all(&directory).expect("the directory can be made");
    let server = Server::start_with(&directory, |command| {
        if let Some(receiver) = receiver {
            command.env(
                "INVOICEAPP_TELEMETRY__ENDPOINT",
                format!("http://{receiver}"),
            );
        }
    });
    let client = Client::new(server.url());
    let invoice = client.post("/invoices", &draft()).await;
    let Value::String(id) = &invoice["id"] else {
        panic!("no invoice: {invoice}");
    };
    Contender {
        name,
        path: format!("/invoices/{id}"),
        server,
        client,
        medians: Vec::new(),
        tails: Vec::new(),
    }
}

/// Every client's requests, and how long each of them took.
async fn round_of(contender: &Contender) -> Vec<Duration> {
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (client, path) = (contender.client.clone(), contender.path.clone());
        clients.spawn(async move {
            let mut times = Vec::with_capacity(REQUESTS);
            for nth in 0..REQUESTS {
                if nth % COMMAND_EVERY == 0 {
                    let begun = Instant::now();
                    client.post("/invoices", &draft()).await;
                    times.push(begun.elapsed());
                } else {
                    times.push(client.time(&path).await);
                }
            }
            times
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}

fn draft() -> Value {
    json!({
        "currency": "EUR",
        "buyer": {
            "name": "Buyer GmbH",
            "address": {"line1": "Weg 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}
        },
        "lines": [{
            "name": "Work", "quantity": "1", "unit_price": "100.00",
            "vat": {"category": "S", "rate": "19"}
        }]
    })
}

/// An address that refuses every connection.
fn gone_receiver() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

/// A receiver that reads and says nothing.
fn silent_receiver() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut connection = connection;
                let mut taken = [0; 8_192];
                while connection.read(&mut taken).is_ok_and(|count| count > 0) {}
            });
        }
    });
    address
}
