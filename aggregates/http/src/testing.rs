//! For tests: an issuer of real signed tokens, permissions that a test sets, a clock that it
//! steers. Everything behind it is the code that runs in production.
#![expect(
    clippy::expect_used,
    reason = "a fixture that cannot be built fails its test"
)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use invoiceapp_access::{
    Gate, Grants, JwkSet, KeySet, KeySource, KeySourceUnavailable, PermissionSource,
    SigningAlgorithm, SourceUnavailable, TokenDialect, TokenPolicy, TokenVerifier, init_crypto,
};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, Permission, TenantId};
use jiff::{SignedDuration, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;
use uuid::Uuid;

use crate::metrics::HttpMetrics;
use crate::shell::{SharedParts, Shell};

const ISSUER: &str = "https://issuer.test";
const AUDIENCE: &str = "invoiceapp";
const CLIENT: &str = "invoiceapp-web";
const KEY_ID: &str = "test-key";
const TOKEN_LIFETIME_SECONDS: i64 = 300;
const FIRST_NOW_SECONDS: i64 = 1_800_000_000;

/// Time that stands still until the test moves it, and ids in order.
#[derive(Debug)]
pub struct TestAmbient {
    now: Mutex<Timestamp>,
    next_id: AtomicU64,
}

impl TestAmbient {
    fn new() -> Self {
        let now = Timestamp::from_second(FIRST_NOW_SECONDS).expect("a valid instant");
        Self {
            now: Mutex::new(now),
            next_id: AtomicU64::new(1),
        }
    }

    /// Moves time on.
    pub fn advance(&self, by: SignedDuration) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Ambient for TestAmbient {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_id(&self) -> Uuid {
        let next = self.next_id.fetch_add(1, Ordering::Relaxed);
        uuid::Builder::from_unix_timestamp_millis(next, &[7; 10]).into_uuid()
    }
}

#[derive(Debug, Default)]
struct TestGrants(Mutex<HashMap<(TenantId, UserId), Grants>>);

#[async_trait]
impl PermissionSource for TestGrants {
    async fn grants(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<Grants>, SourceUnavailable> {
        let users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(users.get(&(tenant.clone(), user)).cloned())
    }
}

#[derive(Debug)]
struct TestKeys(JwkSet);

#[async_trait]
impl KeySource for TestKeys {
    async fn fetch(&self) -> Result<JwkSet, KeySourceUnavailable> {
        Ok(self.0.clone())
    }
}

/// An issuer with one ES256 key, and a gate that believes it.
#[derive(Debug)]
pub struct TestIssuer {
    /// The clock of the gate and of every request.
    pub ambient: Arc<TestAmbient>,
    gate: Arc<Gate>,
    grants: Arc<TestGrants>,
    key: EcdsaKeyPair,
}

impl Default for TestIssuer {
    fn default() -> Self {
        Self::new()
    }
}

impl TestIssuer {
    /// An issuer that knows nobody yet.
    #[must_use]
    pub fn new() -> Self {
        init_crypto();
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("a key");
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let keys = json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        }]});
        let keys = serde_json::from_value(keys).expect("a key set");
        let (ambient, grants) = (
            Arc::new(TestAmbient::new()),
            Arc::new(TestGrants::default()),
        );
        let policy = TokenPolicy {
            dialect: TokenDialect::Rfc9068,
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            clients: vec![CLIENT.to_owned()],
            algorithms: vec![SigningAlgorithm::Es256],
        };
        let keys = KeySet::new(Arc::new(TestKeys(keys)), ambient.clone());
        let verifier = TokenVerifier::new(policy, keys, ambient.clone());
        let gate = Arc::new(Gate::new(verifier, grants.clone()));
        Self {
            ambient,
            gate,
            grants,
            key,
        }
    }

    /// What routers share.
    #[must_use]
    pub fn shared(&self) -> SharedParts {
        SharedParts {
            gate: self.gate.clone(),
            ambient: self.ambient.clone(),
        }
    }

    /// A shell for a router under test.
    #[must_use]
    pub fn shell(&self, service: &'static str) -> Shell {
        let metrics = HttpMetrics::register(&prometheus::Registry::new()).expect("metrics");
        Shell::new(service, self.shared(), metrics)
    }

    /// Lets a user do exactly that from now on.
    pub fn allow(&self, tenant: &TenantId, user: UserId, permissions: &[Permission]) {
        let grants = Grants {
            permissions: permissions.iter().copied().collect(),
            roles: Vec::new(),
        };
        let mut users = self.grants.0.lock().unwrap_or_else(PoisonError::into_inner);
        users.insert((tenant.clone(), user), grants);
    }

    /// A token of the user, good for five minutes.
    #[must_use]
    pub fn token(&self, tenant: &TenantId, user: UserId) -> String {
        let now = self.ambient.now().as_second();
        let header = json!({"alg": "ES256", "typ": "at+jwt", "kid": KEY_ID});
        let claims = json!({
            "iss": ISSUER, "sub": user, "aud": AUDIENCE, "azp": CLIENT, "tenant": tenant,
            "exp": now + TOKEN_LIFETIME_SECONDS, "iat": now, "nbf": now,
        });
        let encode = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self.key.sign(&SystemRandom::new(), message.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.expect("a signature"));
        format!("{message}.{signature}")
    }
}
