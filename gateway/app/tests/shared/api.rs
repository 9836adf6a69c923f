//! The REST API as a client sees it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::binary::ADMIN_PASSWORD;
use crate::door::Door;

/// How long something that happens by itself may take on a busy machine.
pub(crate) const EVENTUALLY: Duration = Duration::from_secs(30);

/// Pause between two tries to log in.
const LOGIN_INTERVAL: Duration = Duration::from_millis(250);

static KEYS: AtomicU64 = AtomicU64::new(1);
/// The last machine that somebody came from: 127.1.0.0 and so on.
static MACHINES: AtomicU32 = AtomicU32::new(0x0001_0000);

/// The process's one provider of cryptography.
pub(crate) fn install_crypto() {
    static CRYPTO: std::sync::Once = std::sync::Once::new();
    CRYPTO.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap();
    });
}

/// A logged-in user.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    tenant: String,
    token: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| {
            panic!(
                "{}: {:?}",
                self.status,
                String::from_utf8_lossy(&self.bytes)
            )
        })
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The answer's body, after checking its status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        if self.bytes.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// Checks status and problem code, and that it is a problem document.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, code: &str) -> Value {
        let content_type = self.header("content-type").to_owned();
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["status"], status, "{body}");
        assert!(
            content_type.starts_with("application/problem+json"),
            "{content_type}"
        );
        body
    }
}

impl Client {
    /// The administrator of a tenant.
    pub(crate) async fn admin(door: impl AsRef<Door>) -> Self {
        let email = door.as_ref().address("admin");
        Self::login(door, &email, ADMIN_PASSWORD).await
    }

    /// Somebody who may come in, now or as soon as the identity provider knows it.
    pub(crate) async fn login(door: impl AsRef<Door>, username: &str, password: &str) -> Self {
        let begun = Instant::now();
        loop {
            let anonymous = Self::anonymous(&door);
            let login = anonymous.login_request(username, password);
            let answer = anonymous.try_send(login).await;
            if let Some(answer) = answer.as_ref().filter(|answer| answer.status == 200) {
                let tokens = answer.json();
                return anonymous.with_token(tokens["access_token"].as_str().unwrap());
            }
            assert!(begun.elapsed() < EVENTUALLY, "still {answer:?}");
            tokio::time::sleep(LOGIN_INTERVAL).await;
        }
    }

    /// One try to log in.
    pub(crate) async fn try_login(&self, username: &str, password: &str) -> Answer {
        self.send(self.login_request(username, password)).await
    }

    pub(crate) fn login_request(&self, username: &str, password: &str) -> reqwest::RequestBuilder {
        let tenant = &self.tenant;
        let body = json!({"username": username, "password": password, "tenant": tenant});
        self.request(Method::POST, "/auth/login").json(&body)
    }

    /// Nobody yet, at a machine of its own: logins are counted per machine.
    pub(crate) fn anonymous(door: impl AsRef<Door>) -> Self {
        install_crypto();
        let door = door.as_ref();
        let machine = MACHINES.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let machine = Ipv4Addr::new(127, machine[1], machine[2], machine[3]);
        let http = reqwest::Client::builder().local_address(IpAddr::V4(machine));
        Self {
            http: http.build().unwrap(),
            base: format!("{}/api/v1", door.url),
            tenant: door.tenant.clone(),
            token: String::new(),
        }
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let request = self.http.request(method, url).timeout(EVENTUALLY);
        if self.token.is_empty() {
            request
        } else {
            request.bearer_auth(&self.token)
        }
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        read(request).await.unwrap()
    }

    /// The answer, if there is one.
    pub(crate) async fn try_send(&self, request: reqwest::RequestBuilder) -> Option<Answer> {
        read(request).await.ok()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// A query that waits for the view to have seen a command's answer.
    pub(crate) async fn get_after(&self, path: &str, token: &str) -> Answer {
        self.send(
            self.request(Method::GET, path)
                .header("Consistency-Token", token),
        )
        .await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.command(Method::POST, path, &body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.command(Method::PUT, path, &body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.command(Method::PATCH, path, &body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    async fn command(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(self.request(method, path).json(body)).await
    }

    /// Asks again until the condition holds.
    #[track_caller]
    pub(crate) fn eventually<'a>(
        &'a self,
        path: &'a str,
        holds: impl Fn(&Answer) -> bool + 'a,
    ) -> impl Future<Output = Answer> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let begun = Instant::now();
            loop {
                let answer = self.get(path).await;
                if holds(&answer) {
                    return answer;
                }
                assert!(begun.elapsed() < EVENTUALLY, "{caller}: still {answer:?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn read(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    Ok(Answer {
        status: response.status(),
        headers: response.headers().clone(),
        bytes: response.bytes().await?.to_vec(),
    })
}

/// An idempotency key that no other call has.
pub(crate) fn fresh_key() -> String {
    format!(
        "key-{}-{}",
        std::process::id(),
        KEYS.fetch_add(1, Ordering::Relaxed)
    )
}

/// A seller that may issue.
pub(crate) fn organization() -> Value {
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
        "time_zone": "Europe/Berlin"
    })
}

/// A buyer with everything an invoice needs.
pub(crate) fn buyer() -> Value {
    json!({
        "name": "Zażółć Gęślą sp. z o.o.",
        "email": "kunde@example.org",
        "vat_id": "PL1234567890",
        "address": {"line1": "ul. Długa 1", "city": "Kraków", "postal_code": "31-147", "country": "PL"}
    })
}

/// A draft of one line: 3 × 19.99 at 19 %, 71.36 in all.
pub(crate) fn draft() -> Value {
    json!({
        "buyer": buyer(),
        "currency": "EUR",
        "lines": [{
            "name": "Table leg",
            "quantity": "3",
            "unit_price": "19.99",
            "vat": {"category": "S", "rate": "19"}
        }]
    })
}

/// The id of a resource.
pub(crate) fn id(resource: &Value) -> &str {
    resource["id"].as_str().unwrap()
}
