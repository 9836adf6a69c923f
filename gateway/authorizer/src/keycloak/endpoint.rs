//! Keycloak's endpoints: what we ask, what the answers mean, and how long and how often we ask.
//!
//! Every call has a deadline, and only so many run at once: a Keycloak that hangs costs the caller
//! a 503 after seconds, and the process a bounded number of open calls.

use std::sync::Arc;
use std::time::Duration;

use invoiceapp_domain::Ambient;
use jiff::{SignedDuration, Timestamp};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::{Mutex, Semaphore};

use super::settings::KeycloakSettings;

/// The longest a connection may take to come about.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
/// The longest a call may take as a whole.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(5);
/// How many calls run at once; one more is turned away.
pub const CALLS_AT_ONCE_MAX: usize = 64;
/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// How long before its end a service token is not used any more.
const SERVICE_TOKEN_MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// Why Keycloak did not do what it was asked. No variant repeats what it was asked, or its words.
#[derive(Debug, Error)]
pub enum KeycloakError {
    /// It does not answer, or not in time.
    #[error("Keycloak does not answer")]
    Transport(#[source] reqwest::Error),
    /// Too many calls are under way.
    #[error("too many calls to Keycloak are under way")]
    Busy,
    /// It fails, or is not configured as we are.
    #[error("Keycloak answers {status}")]
    Status {
        /// The HTTP status.
        status: StatusCode,
    },
    /// Its answer cannot be read.
    #[error("Keycloak's answer cannot be read")]
    Malformed,
    /// Its token does not say what ours have to say: the realm is not configured as we are.
    #[error("Keycloak's token is not one of ours")]
    ForeignToken(#[source] Option<invoiceapp_access::TokenRefusal>),
}

/// What the token endpoint says.
#[derive(Debug)]
pub(super) enum Grant {
    Issued(Tokens),
    Refused,
}

/// Tokens as the token endpoint writes them; the refresh token is missing for a service account.
#[derive(Debug, Deserialize)]
pub(super) struct Tokens {
    pub(super) access_token: SecretString,
    #[serde(default)]
    pub(super) refresh_token: Option<SecretString>,
    pub(super) expires_in: i64,
}

/// RFC 6749, section 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

struct ServiceToken {
    token: SecretString,
    usable_until: Timestamp,
}

/// The endpoints of a realm.
pub(super) struct Endpoint {
    http: Client,
    settings: KeycloakSettings,
    calls: Semaphore,
    service_token: Mutex<Option<ServiceToken>>,
    ambient: Arc<dyn Ambient>,
}

impl Endpoint {
    pub(super) fn new(
        settings: KeycloakSettings,
        ambient: Arc<dyn Ambient>,
    ) -> Result<Self, KeycloakError> {
        invoiceapp_access::init_crypto();
        let http = Client::builder()
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(CALL_TIME_MAX)
            .redirect(Policy::none())
            .build()
            .map_err(KeycloakError::Transport)?;
        Ok(Self {
            http,
            settings,
            calls: Semaphore::new(CALLS_AT_ONCE_MAX),
            service_token: Mutex::default(),
            ambient,
        })
    }

    pub(super) const fn settings(&self) -> &KeycloakSettings {
        &self.settings
    }

    /// The password grant (RFC 6749, section 4.3).
    pub(super) async fn password(
        &self,
        username: &str,
        password: &str,
    ) -> Result<Grant, KeycloakError> {
        let client = &self.settings;
        self.grant(&[
            ("grant_type", "password"),
            ("client_id", &client.client),
            ("client_secret", client.client_secret.expose_secret()),
            ("username", username),
            ("password", password),
        ])
        .await
    }

    /// The refresh grant (RFC 6749, section 6).
    pub(super) async fn refresh(&self, token: &SecretString) -> Result<Grant, KeycloakError> {
        let client = &self.settings;
        self.grant(&[
            ("grant_type", "refresh_token"),
            ("client_id", &client.client),
            ("client_secret", client.client_secret.expose_secret()),
            ("refresh_token", token.expose_secret()),
        ])
        .await
    }

    async fn grant(&self, form: &[(&str, &str)]) -> Result<Grant, KeycloakError> {
        let _call = self.calls.try_acquire().map_err(|_| KeycloakError::Busy)?;
        let request = self.http.post(self.settings.openid("token")).form(form);
        let response = request.send().await.map_err(KeycloakError::Transport)?;
        let status = response.status();
        let body = body(response).await?;
        if status == StatusCode::OK {
            let tokens = serde_json::from_slice(&body).map_err(|_| KeycloakError::Malformed)?;
            return Ok(Grant::Issued(tokens));
        }
        // Everything that is about the credential is `invalid_grant`; the rest is about us.
        let refusal = serde_json::from_slice(&body).ok();
        if status.is_client_error()
            && refusal.is_some_and(|refusal: Refusal| refusal.error == "invalid_grant")
        {
            Ok(Grant::Refused)
        } else {
            Err(KeycloakError::Status { status })
        }
    }

    /// Ends the session of a refresh token. False when the text is no token of ours.
    pub(super) async fn log_out(&self, token: &SecretString) -> Result<bool, KeycloakError> {
        let _call = self.calls.try_acquire().map_err(|_| KeycloakError::Busy)?;
        let client = &self.settings;
        let form = [
            ("client_id", client.client.as_str()),
            ("client_secret", client.client_secret.expose_secret()),
            ("refresh_token", token.expose_secret()),
        ];
        let request = self.http.post(self.settings.openid("logout")).form(&form);
        let response = request.send().await.map_err(KeycloakError::Transport)?;
        match response.status() {
            status if status.is_success() => Ok(true),
            StatusCode::BAD_REQUEST => Ok(false),
            status => Err(KeycloakError::Status { status }),
        }
    }

    /// Ends a session by its name; one that is not there has ended.
    pub(super) async fn end_session(&self, session: &str) -> Result<(), KeycloakError> {
        let token = self.service_token().await?;
        let _call = self.calls.try_acquire().map_err(|_| KeycloakError::Busy)?;
        let request = self
            .http
            .delete(self.settings.session(session))
            .bearer_auth(token.expose_secret());
        let response = request.send().await.map_err(KeycloakError::Transport)?;
        match response.status() {
            StatusCode::NOT_FOUND => Ok(()),
            status if status.is_success() => Ok(()),
            status => {
                // A token of before Keycloak was set up anew is worth nothing.
                *self.service_token.lock().await = None;
                Err(KeycloakError::Status { status })
            }
        }
    }

    /// A token of the service account (RFC 6749, section 4.4), while it lives.
    async fn service_token(&self) -> Result<SecretString, KeycloakError> {
        let mut held = self.service_token.lock().await;
        let now = self.ambient.now();
        if let Some(held) = held.as_ref().filter(|held| now < held.usable_until) {
            return Ok(held.token.clone());
        }
        let client = &self.settings;
        let granted = self
            .grant(&[
                ("grant_type", "client_credentials"),
                ("client_id", &client.service_client),
                (
                    "client_secret",
                    client.service_client_secret.expose_secret(),
                ),
            ])
            .await?;
        let Grant::Issued(tokens) = granted else {
            let status = StatusCode::UNAUTHORIZED;
            return Err(KeycloakError::Status { status });
        };
        let life = SignedDuration::from_secs(tokens.expires_in) - SERVICE_TOKEN_MARGIN;
        let usable_until = now.saturating_add(life).unwrap_or(now);
        *held = Some(ServiceToken {
            token: tokens.access_token.clone(),
            usable_until,
        });
        Ok(tokens.access_token)
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Endpoint")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, KeycloakError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(KeycloakError::Transport)? {
        if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
            return Err(KeycloakError::Malformed);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
