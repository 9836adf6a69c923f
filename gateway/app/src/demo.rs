//! `up --demo`: an organisation, products, and invoices in several states, by the same requests that
//! a client would send. Every command has a fixed idempotency key, so a second `up --demo` changes
//! nothing.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::cli::Administrator;
use crate::embedded::System;

/// How long the first PDF and mail may take.
const DELIVERY_TIME_MAX: Duration = Duration::from_secs(30);
/// Pause between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(25);
/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// What the demo leaves to look at.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    /// The number of the invoice that was sent.
    number: String,
    /// Its PDF.
    pdf: PathBuf,
    /// The mail that carried it.
    mail: PathBuf,
}

impl Outcome {
    /// What to try next, for a person at a terminal.
    pub(crate) fn lines(&self, url: &str, administrator: &Administrator) -> Vec<String> {
        let password = administrator.made_up_password().unwrap_or("YOUR-PASSWORD");
        let email = &administrator.email;
        vec![
            String::new(),
            format!("The demo has sent invoice {}:", self.number),
            format!("  its PDF             {}", self.pdf.display()),
            format!("  its mail            {}", self.mail.display()),
            "Try it:".to_owned(),
            format!(
                "  TOKEN=$(curl -s {url}/api/v1/auth/login -H 'Content-Type: application/json' \
                 -d '{{\"username\": \"{email}\", \"password\": \"{password}\"}}' \
                 | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"
            ),
            format!("  curl -s {url}/api/v1/invoices -H \"Authorization: Bearer $TOKEN\""),
            String::new(),
        ]
    }
}

/// Sets the demo up.
///
/// # Errors
/// When a request is answered otherwise than it should be.
pub(crate) async fn run(system: &System, administrator: &Administrator) -> anyhow::Result<Outcome> {
    let mut client = Client {
        router: system.router(),
        token: String::new(),
    };
    client.log_in(administrator).await?;
    client
        .command(
            Method::PUT,
            "/organization",
            "organization",
            &organization(),
        )
        .await?;
    let mut products = Vec::new();
    for product in catalogue() {
        let key = format!("product-{}", product["sku"].as_str().unwrap_or_default());
        let created = client
            .command(Method::POST, "/products", &key, &product)
            .await?;
        products.push(created["id"].clone());
    }
    let sent = client.invoices(&products).await?;
    let path = format!("/invoices/{}", sent["id"].as_str().unwrap_or_default());
    client.wait_until_sent(&path).await?;
    let number = sent["number"].as_str().unwrap_or_default().to_owned();
    let pdf = client.get(&format!("{path}/pdf")).await?;
    let folder = system.stores().directory.path().join("demo");
    std::fs::create_dir_all(&folder).context("the demo's folder cannot be made")?;
    let file = folder.join(format!("{number}.pdf"));
    std::fs::write(&file, pdf).context("the demo's PDF cannot be written")?;
    let mail = std::fs::read_dir(system.stores().mail.arrivals())
        .context("the maildir cannot be read")?
        .flatten()
        .map(|entry| entry.path())
        .min()
        .context("no mail has arrived")?;
    Ok(Outcome {
        number,
        pdf: file,
        mail,
    })
}

struct Client {
    router: Router,
    token: String,
}

impl Client {
    async fn log_in(&mut self, administrator: &Administrator) -> anyhow::Result<()> {
        let body = json!({
            "username": administrator.email,
            "password": administrator.password().expose_secret(),
        });
        let (_, answer) = self
            .send(Method::POST, "/auth/login", None, Some(&body))
            .await?;
        let tokens: Value = serde_json::from_slice(&answer)?;
        let token = tokens["access_token"]
            .as_str()
            .context("the login was refused; the data directory was made with another password")?;
        self.token = token.to_owned();
        Ok(())
    }

    /// Invoices in several states; answers with the one that was sent.
    async fn invoices(&self, products: &[Value]) -> anyhow::Result<Value> {
        let line = |place: usize, quantity: &str| json!({"product_id": products.get(place), "quantity": quantity});
        let draft = invoice("Nordlicht Café", &[line(0, "12")]);
        self.command(Method::POST, "/invoices", "draft", &draft)
            .await?;

        let overdue = invoice("Atelier Dubois", &[line(1, "3"), line(2, "1.5")]);
        let overdue = self
            .command(Method::POST, "/invoices", "overdue", &overdue)
            .await?;
        let path = format!("/invoices/{}", overdue["id"].as_str().unwrap_or_default());
        let date = json!({"issue_date": "2026-01-15"});
        self.command(
            Method::POST,
            &format!("{path}/issue"),
            "overdue-issue",
            &date,
        )
        .await?;

        let paid = invoice("Παπαδόπουλος & Σία", &[line(0, "2")]);
        let paid = self
            .command(Method::POST, "/invoices", "paid", &paid)
            .await?;
        let path = format!("/invoices/{}", paid["id"].as_str().unwrap_or_default());
        let issued = self
            .command(
                Method::POST,
                &format!("{path}/issue"),
                "paid-issue",
                &json!({}),
            )
            .await?;
        let payment = json!({
            "amount": issued["totals"]["payable"], "paid_on": issued["issue_date"],
            "method": "bank_transfer", "reference": "demo",
        });
        let payments = format!("{path}/payments");
        self.command(Method::POST, &payments, "paid-payment", &payment)
            .await?;

        let sent = invoice(
            "Zażółć sp. z o.o.",
            &[line(0, "1"), line(1, "2"), line(2, "8")],
        );
        let sent = self
            .command(Method::POST, "/invoices", "sent", &sent)
            .await?;
        let path = format!("/invoices/{}", sent["id"].as_str().unwrap_or_default());
        self.command(
            Method::POST,
            &format!("{path}/send"),
            "sent-send",
            &json!({}),
        )
        .await
    }

    async fn wait_until_sent(&self, path: &str) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            // The view may not have seen the invoice yet.
            let (status, answer) = self.send(Method::GET, path, None, None).await?;
            let invoice: Value = serde_json::from_slice(&answer)?;
            if status == StatusCode::OK && invoice["delivery_status"] == "sent" {
                return Ok(());
            }
            if begun.elapsed() > DELIVERY_TIME_MAX {
                bail!("the invoice was not delivered in time");
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    async fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let (status, answer) = self.send(Method::GET, path, None, None).await?;
        if status != StatusCode::OK {
            bail!("{path} was answered {status}");
        }
        Ok(answer)
    }

    async fn command(
        &self,
        method: Method,
        path: &str,
        key: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let (status, answer) = self.send(method, path, Some(key), Some(body)).await?;
        if !status.is_success() {
            bail!(
                "{path} was answered {status}: {}",
                String::from_utf8_lossy(&answer)
            );
        }
        Ok(serde_json::from_slice(&answer)?)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"));
        if !self.token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        if let Some(key) = key {
            request = request.header("Idempotency-Key", format!("demo-{key}"));
        }
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        let response = self.router.clone().oneshot(request?).await?;
        let status = response.status();
        let bytes = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await?;
        Ok((status, bytes.to_vec()))
    }
}

fn organization() -> Value {
    json!({
        "legal_name": "Schreinerei Ahorn GmbH",
        "email": "rechnung@ahorn.example",
        "phone": "+49 30 1234567",
        "vat_id": "DE123456789",
        "address": {
            "line1": "Werkstraße 5", "city": "Berlin", "postal_code": "10115", "country": "DE"
        },
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
        "default_currency": "EUR",
        "default_net_days": 14,
        "locale": "en",
        "time_zone": "Europe/Berlin",
    })
}

fn catalogue() -> [Value; 3] {
    let product = |sku: &str, name: &str, unit: &str, price: &str| {
        json!({
            "sku": sku, "name": name, "unit_code": unit,
            "vat": {"category": "S", "rate": "19"},
            "prices": [{"currency": "EUR", "unit_price": price, "valid_from": "2026-01-01"}],
        })
    };
    [
        product("CHAIR-OAK", "Chair, oiled oak", "C62", "249.00"),
        product("TABLE-OAK", "Dining table, oiled oak", "C62", "1190.00"),
        product("WORK", "Cabinet maker's work", "HUR", "64.22"),
    ]
}

fn invoice(buyer: &str, lines: &[Value]) -> Value {
    json!({
        "buyer": {
            "name": buyer,
            "email": "accounts@buyer.example",
            "address": {
                "line1": "1 Long Street", "city": "Town", "postal_code": "12345", "country": "DE"
            },
        },
        "currency": "EUR",
        "note": "Thank you for your order.",
        "lines": lines,
    })
}
