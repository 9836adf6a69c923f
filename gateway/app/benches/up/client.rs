//! A logged-in client that keeps its connections open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::process::{ADMIN_EMAIL, ADMIN_PASSWORD};

/// An access token lives for five minutes.
const TOKEN_AGE_MAX: Duration = Duration::from_mins(3);
/// Shorter than the server's own patience with a connection that says nothing.
const CONNECTION_IDLE_MAX: Duration = Duration::from_secs(5);

/// The administrator.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: Arc<Mutex<Option<Token>>>,
}

struct Token {
    text: String,
    since: Instant,
}

impl Client {
    pub(crate) fn new(url: &str) -> Self {
        let http = reqwest::Client::builder()
            .pool_idle_timeout(CONNECTION_IDLE_MAX)
            .build();
        Self {
            http: http.expect("the client can be made"),
            base: format!("{url}/api/v1"),
            token: Arc::default(),
        }
    }

    /// Reads a resource.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.answer(self.request(Method::GET, path).await, path)
            .await
    }

    /// Gives a command.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.request(Method::POST, path).await.json(body);
        self.answer(request, path).await
    }

    /// Gives a command.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Value {
        let request = self.request(Method::PUT, path).await.json(body);
        self.answer(request, path).await
    }

    /// How long it takes until a resource has been read to its end.
    pub(crate) async fn time(&self, path: &str) -> Duration {
        let request = self.request(Method::GET, path).await;
        let begun = Instant::now();
        let response = request.send().await.expect("the server answers");
        let status = response.status();
        let body = response.bytes().await.expect("the answer can be read");
        let elapsed = begun.elapsed();
        assert!(status.is_success(), "{path}: {status}");
        assert!(!body.is_empty());
        elapsed
    }

    async fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut token = self.token.lock().await;
        let text = match token.take() {
            Some(kept) if kept.since.elapsed() < TOKEN_AGE_MAX => token.insert(kept),
            _ => token.insert(self.log_in().await),
        };
        self.http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&text.text)
    }

    async fn log_in(&self) -> Token {
        let body = json!({"username": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
        let request = self.http.post(format!("{}/auth/login", self.base));
        let tokens = self.answer(request.json(&body), "/auth/login").await;
        let text = tokens["access_token"].as_str().expect("a token");
        Token {
            text: text.to_owned(),
            since: Instant::now(),
        }
    }

    async fn answer(&self, request: RequestBuilder, path: &str) -> Value {
        let response = request.send().await.expect("the server answers");
        let status = response.status();
        let body = response.bytes().await.expect("the answer can be read");
        assert!(
            status.is_success(),
            "{path}: {status} {}",
            String::from_utf8_lossy(&body)
        );
        serde_json::from_slice(&body).unwrap_or_default()
    }
}
