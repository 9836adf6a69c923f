//! Clients that write invoices at a rate: each invoice is drafted, changed in all its parts several
//! times, issued, and paid for in part. A change of all parts is one command and several events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::api::{Client, draft, fresh_key, id};

/// Clients at once.
const CLIENTS: u64 = 24;
/// Changes of a draft before it is issued.
const CHANGES: u64 = 8;
/// Events of an invoice: the draft, those of each change, the issue, a payment, and what the reactors
/// add to it, a rendering and its place in the archive.
const EVENTS_OF_AN_INVOICE: u64 = 1 + 7 * CHANGES + 2 + 2;
const COMMANDS_OF_AN_INVOICE: u64 = 1 + CHANGES + 2;

/// How commands were answered.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) done: AtomicU64,
    pub(crate) refused: AtomicU64,
}

/// Writes at so many events a second, or as fast as it goes, until time is up.
pub(crate) async fn write(client: &Client, events_per_second: u64, time: Duration) -> Arc<Tally> {
    let tally = Arc::<Tally>::default();
    let until = Instant::now() + time;
    let commands_per_hundred_seconds =
        events_per_second * 100 * COMMANDS_OF_AN_INVOICE / EVENTS_OF_AN_INVOICE;
    let pause = Duration::from_micros(100_000_000 * CLIENTS / commands_per_hundred_seconds);
    let mut writers = JoinSet::new();
    for number in 0..CLIENTS {
        let mut ticks = interval(pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let writer = Writer {
            client: client.clone(),
            tally: Arc::clone(&tally),
            ticks,
            number,
        };
        writers.spawn(writer.run(until));
    }
    writers.join_all().await;
    tally
}

/// Makes one draft and changes it as the others are changed; returns its id.
pub(crate) async fn draft_for_copies(client: &Client) -> String {
    let drafted = client.post("/invoices", draft()).await.expect(201);
    let path = format!("/invoices/{}", id(&drafted));
    for change in 0..CHANGES {
        client.patch(&path, parts(0, change)).await.expect(200);
    }
    id(&drafted).to_owned()
}

struct Writer {
    client: Client,
    tally: Arc<Tally>,
    ticks: Interval,
    number: u64,
}

impl Writer {
    async fn run(mut self, until: Instant) {
        while Instant::now() < until {
            self.invoice(until).await;
        }
    }

    async fn invoice(&mut self, until: Instant) {
        let Some(drafted) = self.command(Method::POST, "/invoices", draft()).await else {
            return;
        };
        let path = format!("/invoices/{}", id(&drafted));
        for change in 0..CHANGES {
            if Instant::now() >= until {
                return;
            }
            let parts = parts(self.number, change);
            self.command(Method::PATCH, &path, parts).await;
        }
        let issue = format!("{path}/issue");
        if let Some(issued) = self.command(Method::POST, &issue, json!({})).await {
            let payment = json!({
                "amount": "1.00", "paid_on": issued["issue_date"], "method": "cash",
            });
            let payments = format!("{path}/payments");
            self.command(Method::POST, &payments, payment).await;
        }
    }

    async fn command(&mut self, method: Method, path: &str, body: Value) -> Option<Value> {
        self.ticks.tick().await;
        let request = self.client.request(method, path);
        let request = request.header("Idempotency-Key", fresh_key()).json(&body);
        let answer = self.client.try_send(request).await;
        let answer = answer.filter(|answer| answer.status.is_success());
        let counter = match answer {
            Some(_) => &self.tally.done,
            None => &self.tally.refused,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        answer.map(|answer| answer.json())
    }
}

/// Every part of a draft, different from what it was: seven events.
fn parts(writer: u64, change: u64) -> Value {
    let line = |price: u64| {
        json!({
            "name": format!("Table leg {writer}"),
            "quantity": "3",
            "unit_price": format!("{}.50", 40 + price),
            "vat": {"category": "S", "rate": "19"}
        })
    };
    let amount = format!("{}.00", change + 1);
    let adjustment = json!([{
        "reason": "agreed", "amount": amount, "vat": {"category": "S", "rate": "19"}
    }]);
    let mut buyer = crate::api::buyer();
    buyer["name"] = json!(format!("Buyer {writer} {change}"));
    json!({
        "buyer": buyer,
        "note": format!("version {change}"),
        "lines": [line(change), line(writer)],
        "allowances": adjustment,
        "charges": adjustment,
        "prepaid": amount,
        "rounding": format!("0.0{}", change + 1),
    })
}
