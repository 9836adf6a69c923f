//! A realm of a test's own on the stack's Keycloak, made from the stack's realm file.

use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::{keycloak_administrator, keycloak_realm, keycloak_url, unique};

const LOGIN_SECRET: &str = "a login secret";
const SERVICE_SECRET: &str = "a service secret";
/// A client of the realm that is not ours.
const STRANGER: &str = "stranger";

/// A realm. It stays until it is removed.
#[derive(Debug)]
pub struct Realm {
    /// Its name.
    pub name: String,
    /// Where Keycloak is.
    pub url: String,
    /// Secret of the client `invoiceapp`.
    pub login_secret: &'static str,
    /// Secret of the client `invoiceapp-admin`.
    pub service_secret: &'static str,
    http: Client,
}

impl Realm {
    /// Makes a realm. The process's cryptography has to be installed before.
    ///
    /// # Panics
    /// When Keycloak does not do it.
    pub async fn make() -> Self {
        let realm = Self {
            name: unique("realm"),
            url: keycloak_url(),
            login_secret: LOGIN_SECRET,
            service_secret: SERVICE_SECRET,
            http: Client::new(),
        };
        let text = keycloak_realm(&realm.name, LOGIN_SECRET, SERVICE_SECRET);
        let mut document: Value = serde_json::from_str(&text).expect("the realm file is JSON");
        let stranger = json!({
            "clientId": STRANGER, "secret": LOGIN_SECRET, "publicClient": false,
            "directAccessGrantsEnabled": true, "standardFlowEnabled": false,
        });
        let clients = document["clients"].as_array_mut();
        clients.expect("the realm has clients").push(stranger);
        let answer = realm.admin(Method::POST, "", Some(document)).await;
        assert_eq!(answer.status(), 201, "a realm is made");
        realm
    }

    /// Removes it.
    ///
    /// # Panics
    /// When Keycloak does not do it.
    pub async fn remove(&self) {
        self.in_realm(Method::DELETE, "", None).await;
    }

    /// `iss` of its tokens.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/realms/{}", self.url, self.name)
    }

    /// A call of Keycloak's administration, as its administrator.
    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let who = keycloak_administrator();
        let form = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", &who.username),
            ("password", &who.password),
        ];
        let tokens = self.token("master", &form).await;
        let token = tokens["access_token"].as_str();
        let address = format!("{}/admin/realms{path}", self.url);
        let mut request = self.http.request(method, address);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let request = request.bearer_auth(token.expect("Keycloak lets its administrator in"));
        request.send().await.expect("Keycloak answers")
    }

    /// The same within the realm, with success.
    ///
    /// # Panics
    /// When Keycloak does not do it.
    pub async fn in_realm(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let path = format!("/{}{path}", self.name);
        let answer = self.admin(method, &path, body).await;
        let status = answer.status();
        let text = answer.text().await.expect("Keycloak answers");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn token(&self, realm: &str, form: &[(&str, &str)]) -> Value {
        let path = format!("{}/realms/{realm}/protocol/openid-connect/token", self.url);
        let answer = self.http.post(path).form(form).send().await;
        let answer = answer.expect("Keycloak answers").json().await;
        answer.expect("Keycloak answers with JSON")
    }

    /// What the token endpoint says to our client about a user and a password.
    pub async fn tokens(&self, username: &str, password: &str) -> Value {
        self.tokens_of("invoiceapp", username, password).await
    }

    /// The same to a client that is not ours.
    pub async fn strangers_tokens(&self, username: &str, password: &str) -> Value {
        self.tokens_of(STRANGER, username, password).await
    }

    async fn tokens_of(&self, client: &str, username: &str, password: &str) -> Value {
        let form = [
            ("grant_type", "password"),
            ("client_id", client),
            ("client_secret", LOGIN_SECRET),
            ("username", username),
            ("password", password),
        ];
        self.token(&self.name, &form).await
    }

    /// The account of a user name, if there is one.
    pub async fn account(&self, username: &str) -> Option<Value> {
        let path = format!("/users?exact=true&briefRepresentation=false&username={username}");
        let found = self.in_realm(Method::GET, &path, None).await;
        found.get(0).cloned()
    }

    /// Path of an account that is there.
    ///
    /// # Panics
    /// When it is not.
    pub async fn path_of(&self, username: &str) -> String {
        let account = self.account(username).await.expect("the account is there");
        format!("/users/{}", account["id"].as_str().unwrap_or_default())
    }

    /// Has the realm sign with a new key from now on.
    pub async fn rotate_key(&self) {
        let component = json!({
            "name": "next", "providerId": "ecdsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": {"priority": ["200"], "ecdsaEllipticCurveKey": ["P-256"]},
        });
        self.in_realm(Method::POST, "/components", Some(component))
            .await;
    }
}
