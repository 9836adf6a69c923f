//! A system that is measured, and the requests it gets.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::Client;
use crate::process::Server;

/// Clients at once that are as fast as they can.
const CLIENTS: usize = 4;
/// Of so many requests one is a command, the others read.
const COMMAND_EVERY: usize = 5;
/// Time between two requests that come at a rate. Three hundred a second keep a fraction of one core
/// busy.
const PACE: Duration = Duration::from_micros(3_333);

/// A system.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) server: Server,
    client: Client,
    path: String,
}

/// Starts one, with its telemetry on its way to a receiver.
pub(crate) async fn contender(
    folder: &Path,
    name: &'static str,
    receiver: Option<SocketAddr>,
) -> Contender {
    let directory = folder.join(name.replace([' ', ','], "-"));
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
    while client.get("/invoices?limit=1").await["data"][0].is_null() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Contender {
        name,
        path: format!("/invoices/{id}"),
        server,
        client,
    }
}

impl Contender {
    /// So many requests at the rate, each at its time, and how long each of them took.
    pub(crate) async fn pace(&self, requests: usize) -> Vec<Duration> {
        let mut ticks = tokio::time::interval(PACE);
        let mut answers = JoinSet::new();
        for nth in 0..requests {
            ticks.tick().await;
            answers.spawn(ask(self.client.clone(), self.path.clone(), nth));
        }
        answers.join_all().await
    }

    /// So many requests, each client's next one when the one before is answered.
    pub(crate) async fn rush(&self, requests: usize) -> Vec<Duration> {
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let (client, path) = (self.client.clone(), self.path.clone());
            clients.spawn(async move {
                let mut times = Vec::with_capacity(requests / CLIENTS);
                for nth in 0..requests / CLIENTS {
                    times.push(ask(client.clone(), path.clone(), nth).await);
                }
                times
            });
        }
        clients.join_all().await.into_iter().flatten().collect()
    }
}

async fn ask(client: Client, path: String, nth: usize) -> Duration {
    if !nth.is_multiple_of(COMMAND_EVERY) {
        return client.time(&path).await;
    }
    let begun = Instant::now();
    client.post("/invoices", &draft()).await;
    begun.elapsed()
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
