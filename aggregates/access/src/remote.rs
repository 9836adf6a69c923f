//! The issuer's keys over HTTP: a JWK set (RFC 7517) at an address that the configuration names.
//!
//! What comes back is input like any other: bounded in size, no redirect followed, and one key that
//! cannot be read does not take the others away. When to fetch is the key set's business.

use std::time::Duration;

use async_trait::async_trait;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::crypto::init_crypto;
use crate::keys::{KEYS_MAX, KeySource, KeySourceUnavailable};

/// Largest key set that is read, in bytes; Keycloak's has about 3,000.
pub const JWKS_BYTES_MAX: usize = 64 << 10;
/// The longest a connection may take to come about.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(2);
/// The longest a fetch may take as a whole.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(4);
/// Keys that are looked at before the rest of a set is ignored, of whatever use.
const KEYS_READ_MAX: usize = 4 * KEYS_MAX;

/// Why a key set was not fetched.
#[derive(Debug, Error)]
pub enum RemoteKeysError {
    /// The address is none, or not of HTTP.
    #[error("the address of the issuer's keys is not valid")]
    Address,
    /// The issuer does not answer, or not in time.
    #[error("the issuer does not answer")]
    Transport(#[source] reqwest::Error),
    /// It answers something else than a key set.
    #[error("the issuer answers {0}")]
    Status(StatusCode),
    /// The answer is larger than [`JWKS_BYTES_MAX`].
    #[error("the issuer's key set is too large")]
    TooLarge,
    /// The answer is no key set.
    #[error("the issuer's key set cannot be read")]
    Malformed,
}

/// A key source that asks an address.
#[derive(Debug)]
pub struct RemoteKeys {
    client: Client,
    address: Url,
}

impl RemoteKeys {
    /// A source at an address: Keycloak's is `{base}/realms/{realm}/protocol/openid-connect/certs`.
    ///
    /// # Errors
    /// [`RemoteKeysError::Address`], and [`RemoteKeysError::Transport`] when no client can be made.
    pub fn new(address: &str) -> Result<Self, RemoteKeysError> {
        init_crypto();
        let address = Url::parse(address).map_err(|_| RemoteKeysError::Address)?;
        if !matches!(address.scheme(), "http" | "https") {
            return Err(RemoteKeysError::Address);
        }
        let client = Client::builder()
            .connect_timeout(CONNECT_TIME_MAX)
            .timeout(REQUEST_TIME_MAX)
            .redirect(Policy::none())
            .build()
            .map_err(RemoteKeysError::Transport)?;
        Ok(Self { client, address })
    }

    async fn fetched(&self) -> Result<JwkSet, RemoteKeysError> {
        let request = self.client.get(self.address.clone());
        let mut response = request.send().await.map_err(RemoteKeysError::Transport)?;
        if response.status() != StatusCode::OK {
            return Err(RemoteKeysError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(RemoteKeysError::Transport)? {
            if body.len().saturating_add(chunk.len()) > JWKS_BYTES_MAX {
                return Err(RemoteKeysError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        parse(&body).ok_or(RemoteKeysError::Malformed)
    }
}

#[async_trait]
impl KeySource for RemoteKeys {
    async fn fetch(&self) -> Result<JwkSet, KeySourceUnavailable> {
        self.fetched()
            .await
            .map_err(|error| KeySourceUnavailable(Box::new(error)))
    }
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// The keys of a document that can be read; a key of a kind that is not known yet is left out.
fn parse(body: &[u8]) -> Option<JwkSet> {
    let document: Document = serde_json::from_slice(body).ok()?;
    let keys: Vec<Jwk> = document
        .keys
        .into_iter()
        .take(KEYS_READ_MAX)
        .filter_map(|key| serde_json::from_value(key).ok())
        .collect();
    // An answer without a single key is a misconfigured proxy more often than an issuer without
    // keys, and must not take away the keys we have.
    (!keys.is_empty()).then_some(JwkSet { keys })
}
