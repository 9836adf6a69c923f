//! Writers that create, issue and send invoices as long as they are let, and repeat what was not
//! answered with the same key, as every client should.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::api::{Client, draft, fresh_key, id, organization};
use crate::door::Door;

/// Writers at once.
const WRITERS: usize = 3;
/// What a writer waits after a command that was not answered, whatever it was told.
const REPEAT_AFTER: Duration = Duration::from_millis(300);
/// How long one command may stay without an answer over all.
const INSIST_MAX: Duration = Duration::from_secs(180);

/// An invoice that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) recipient: String,
}

/// How commands were answered so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    answered: AtomicU64,
    refused: AtomicU64,
    lost: AtomicU64,
}

/// The counts of a [`Tally`] at a moment, or between two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// Answered 2xx.
    pub(crate) answered: u64,
    /// Answered 503.
    pub(crate) refused: u64,
    /// Not answered: nobody was there, or the connection was cut.
    pub(crate) lost: u64,
}

impl Tally {
    pub(crate) fn now(&self) -> Counts {
        Counts {
            answered: self.answered.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }
}

impl Counts {
    pub(crate) const fn since(self, before: Self) -> Self {
        Self {
            answered: self.answered - before.answered,
            refused: self.refused - before.refused,
            lost: self.lost - before.lost,
        }
    }
}

/// What writers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Create, issue and send invoices.
    Invoices,
    /// The same, with a new product and a new user before each.
    Everything,
}

/// Writers at work for one tenant.
pub(crate) struct Load {
    pub(crate) tally: Arc<Tally>,
    stop: CancellationToken,
    writers: JoinSet<Vec<Sent>>,
}

impl Load {
    /// Sets the tenant up and lets the writers begin, each of which waits so long after an invoice.
    pub(crate) async fn start(door: &Door, work: Work, pause: Duration) -> Self {
        let admin = Client::admin(door).await;
        admin.put("/organization", organization()).await.expect(200);
        let (tally, stop) = (Arc::<Tally>::default(), CancellationToken::new());
        let mut writers = JoinSet::new();
        for number in 0..WRITERS {
            let writer = Writer {
                client: admin.clone(),
                door: door.clone(),
                tally: Arc::clone(&tally),
                number,
                work,
                pause,
            };
            writers.spawn(writer.run(stop.clone()));
        }
        Self {
            tally,
            stop,
            writers,
        }
    }

    /// Lets every writer finish its invoice, and says what was sent over all.
    pub(crate) async fn finish(self) -> Vec<Sent> {
        self.stop.cancel();
        self.writers.join_all().await.concat()
    }
}

struct Writer {
    client: Client,
    door: Door,
    tally: Arc<Tally>,
    number: usize,
    work: Work,
    pause: Duration,
}

impl Writer {
    async fn run(mut self, stop: CancellationToken) -> Vec<Sent> {
        let mut sent = Vec::new();
        while !stop.is_cancelled() {
            let recipient = format!("w{}-{}", self.number, sent.len());
            if self.work == Work::Everything {
                self.product_and_user(&recipient).await;
            }
            sent.push(self.invoice(self.door.address(&recipient)).await);
            tokio::time::sleep(self.pause).await;
        }
        sent
    }

    async fn product_and_user(&mut self, name: &str) {
        let price = json!({"currency": "EUR", "unit_price": "19.99"});
        let vat = json!({"category": "S", "rate": "19"});
        let product =
            json!({"sku": name, "name": name, "unit_code": "C62", "vat": vat, "prices": [price]});
        self.insist("/products", product).await;
        let email = self.door.address(&format!("user-{name}"));
        let user = json!({"email": email, "first_name": "Ada", "last_name": "Byron"});
        self.insist("/users", user).await;
    }

    async fn invoice(&mut self, recipient: String) -> Sent {
        let created = self.insist("/invoices", draft()).await;
        let path = format!("/invoices/{}", id(&created));
        let issued = self.insist(&format!("{path}/issue"), json!({})).await;
        let to = json!({"recipients": [recipient]});
        self.insist(&format!("{path}/send"), to).await;
        Sent {
            id: id(&created).to_owned(),
            number: issued["number"].as_str().unwrap().to_owned(),
            recipient,
        }
    }

    /// Sends a command until it is answered 2xx. In between only "not now" is an answer.
    async fn insist(&mut self, path: &str, body: Value) -> Value {
        let (key, begun) = (fresh_key(), Instant::now());
        loop {
            let request = self.client.request(Method::POST, path);
            let request = request.header("Idempotency-Key", &key).json(&body);
            let answer = self.client.try_send(request).await;
            match &answer {
                Some(answer) if answer.status.is_success() => {
                    self.tally.answered.fetch_add(1, Ordering::Relaxed);
                    return answer.json();
                }
                // A token lives for five minutes.
                Some(answer) if answer.status == 401 => {
                    self.client = Client::admin(&self.door).await;
                }
                Some(answer) => {
                    self.tally.refused.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(answer.status, 503, "{path}: {answer:?}");
                    assert!(!answer.header("retry-after").is_empty(), "{answer:?}");
                }
                None => {
                    self.tally.lost.fetch_add(1, Ordering::Relaxed);
                }
            }
            let waited = begun.elapsed();
            assert!(waited < INSIST_MAX, "{path} is never answered: {answer:?}");
            tokio::time::sleep(REPEAT_AFTER).await;
        }
    }
}
