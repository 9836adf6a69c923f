//! An issuer whose every byte a test decides, a clock that a test steers, and sources that fail on
//! demand.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use invoiceapp_access::{
    Gate, Grants, JwkSet, KeySet, KeySource, KeySourceUnavailable, PermissionSource,
    SigningAlgorithm, SourceUnavailable, TokenDialect, TokenPolicy, TokenVerifier, init_crypto,
};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, Permission, TenantId};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use uuid::Uuid;

pub(crate) const ISSUER: &str = "https://issuer.test";
pub(crate) const AUDIENCE: &str = "invoiceapp";
pub(crate) const CLIENT: &str = "invoiceapp-web";
pub(crate) const NOW: i64 = 1_800_000_000;

/// Generated for these tests; protects nothing.
const RSA_PKCS8: &[u8] = include_bytes!("../data/rsa-2048-test-only.pk8");

#[derive(Debug)]
pub(crate) struct SteeredClock {
    now: Mutex<Timestamp>,
    ids: AtomicU64,
}

impl SteeredClock {
    pub(crate) fn new() -> Arc<Self> {
        let now = Mutex::new(Timestamp::from_second(NOW).unwrap());
        Arc::new(Self {
            now,
            ids: AtomicU64::new(1),
        })
    }

    pub(crate) fn set_seconds(&self, seconds: i64) {
        *self.now.lock().unwrap() = Timestamp::from_second(seconds).unwrap();
    }
}

impl Ambient for SteeredClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::Relaxed)))
    }
}

pub(crate) enum TestKey {
    Es256 { kid: String, pair: EcdsaKeyPair },
    Rs256 { kid: String, pair: RsaKeyPair },
}

impl TestKey {
    pub(crate) fn es256(kid: &str) -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        Self::Es256 {
            kid: kid.to_owned(),
            pair,
        }
    }

    pub(crate) fn rs256(kid: &str) -> Self {
        Self::Rs256 {
            kid: kid.to_owned(),
            pair: RsaKeyPair::from_pkcs8(RSA_PKCS8).unwrap(),
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        match self {
            Self::Es256 { kid, pair } => {
                let point = pair.public_key().as_ref();
                let (x, y) = (base64url(&point[1..33]), base64url(&point[33..]));
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y})
            }
            Self::Rs256 { kid, pair } => {
                let RsaPublicKeyComponents { n, e } = pair.public().into();
                let (n, e): (Vec<u8>, Vec<u8>) = (n, e);
                let (n, e) = (base64url(n), base64url(e));
                json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e})
            }
        }
    }

    pub(crate) fn header(&self) -> Value {
        match self {
            Self::Es256 { kid, .. } => json!({"alg": "ES256", "typ": "at+jwt", "kid": kid}),
            Self::Rs256 { kid, .. } => json!({"alg": "RS256", "typ": "at+jwt", "kid": kid}),
        }
    }

    pub(crate) fn signature(&self, message: &str) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Es256 { pair, .. } => pair
                .sign(&random, message.as_bytes())
                .unwrap()
                .as_ref()
                .to_vec(),
            Self::Rs256 { pair, .. } => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(
                    &RSA_PKCS1_SHA256,
                    &random,
                    message.as_bytes(),
                    &mut signature,
                )
                .unwrap();
                signature
            }
        }
    }

    /// A token of exactly these parts, properly signed whatever they say.
    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = base64url(self.signature(&message));
        format!("{message}.{signature}")
    }
}

pub(crate) fn message(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        base64url(header.to_string()),
        base64url(claims.to_string())
    )
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn jwks(keys: &[&TestKey]) -> JwkSet {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    serde_json::from_value(json!({ "keys": keys })).unwrap()
}

pub(crate) fn user() -> UserId {
    UserId(Uuid::from_u128(0x7))
}

pub(crate) fn tenant() -> TenantId {
    TenantId::parse("acme").unwrap()
}

/// Claims that every check lets through at [`NOW`].
pub(crate) fn good_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": user(), "aud": AUDIENCE, "azp": CLIENT, "client_id": CLIENT,
        "exp": NOW + 300, "iat": NOW, "nbf": NOW, "jti": "1", "tenant": "acme",
        "sid": Uuid::from_u128(0x5),
    })
}

/// The same as Keycloak says them.
fn good_claims_of_keycloak() -> Value {
    let mut claims = good_claims();
    claims["sub"] = json!("5c9bb7f6-f76c-40f7-9eca-d2d18b2ff2f9");
    claims["user_id"] = json!(user());
    claims["typ"] = json!("Bearer");
    claims["sid"] = json!("rPmsik0t1-21AZhkyOOD5cMo");
    claims
}

/// `good_claims` with some replaced, or removed where the replacement is null.
pub(crate) fn claims_with(changes: &Value) -> Value {
    let mut claims = good_claims();
    apply(&mut claims, changes);
    claims
}

pub(crate) fn apply(target: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            target[name] = value.clone();
        }
    }
}

/// A key source that counts, can be down, and can be made to wait for permits.
#[derive(Debug)]
pub(crate) struct SteeredKeys {
    pub(crate) keys: Mutex<Option<JwkSet>>,
    pub(crate) fetches: AtomicUsize,
    pub(crate) permits: Semaphore,
}

impl SteeredKeys {
    pub(crate) fn new(keys: JwkSet) -> Arc<Self> {
        let permits = Semaphore::new(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            keys: Mutex::new(Some(keys)),
            fetches: AtomicUsize::new(0),
            permits,
        })
    }

    pub(crate) fn fetch_count(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl KeySource for SteeredKeys {
    async fn fetch(&self) -> Result<JwkSet, KeySourceUnavailable> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        self.permits.acquire().await.unwrap().forget();
        self.keys
            .lock()
            .unwrap()
            .clone()
            .ok_or_else(|| KeySourceUnavailable("down".into()))
    }
}

/// A permission source that a test fills.
#[derive(Debug, Default)]
pub(crate) struct SteeredGrants {
    pub(crate) users: Mutex<HashMap<(TenantId, UserId), Grants>>,
    pub(crate) down: Mutex<bool>,
}

#[async_trait]
impl PermissionSource for SteeredGrants {
    async fn grants(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<Grants>, SourceUnavailable> {
        if *self.down.lock().unwrap() {
            return Err(SourceUnavailable("down".into()));
        }
        Ok(self
            .users
            .lock()
            .unwrap()
            .get(&(tenant.clone(), user))
            .cloned())
    }
}

pub(crate) struct World {
    pub(crate) dialect: TokenDialect,
    pub(crate) clock: Arc<SteeredClock>,
    pub(crate) source: Arc<SteeredKeys>,
    pub(crate) keys: Arc<KeySet>,
    pub(crate) grants: Arc<SteeredGrants>,
    pub(crate) es256: TestKey,
    pub(crate) rs256: TestKey,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(TokenDialect::Rfc9068)
    }

    pub(crate) fn of(dialect: TokenDialect) -> Self {
        init_crypto();
        let clock = SteeredClock::new();
        let es256 = TestKey::es256("ec-1");
        let rs256 = TestKey::rs256("rsa-1");
        let source = SteeredKeys::new(jwks(&[&es256, &rs256]));
        let keys = KeySet::new(source.clone(), clock.clone());
        let grants = Arc::new(SteeredGrants::default());
        let reader = Grants {
            permissions: [Permission::InvoiceGetById].into(),
            roles: vec!["reader".to_owned()],
        };
        grants
            .users
            .lock()
            .unwrap()
            .insert((tenant(), user()), reader);
        Self {
            dialect,
            clock,
            source,
            keys,
            grants,
            es256,
            rs256,
        }
    }

    pub(crate) fn verifier(&self) -> TokenVerifier {
        self.verifier_allowing(&[SigningAlgorithm::Es256, SigningAlgorithm::Rs256])
    }

    pub(crate) fn verifier_allowing(&self, algorithms: &[SigningAlgorithm]) -> TokenVerifier {
        let policy = self.policy(algorithms);
        TokenVerifier::new(policy, self.keys.clone(), self.clock.clone())
    }

    /// A verifier that gets its keys from somewhere else.
    pub(crate) fn verifier_on(&self, keys: &Arc<KeySet>) -> TokenVerifier {
        let policy = self.policy(&[SigningAlgorithm::Es256, SigningAlgorithm::Rs256]);
        TokenVerifier::new(policy, keys.clone(), self.clock.clone())
    }

    fn policy(&self, algorithms: &[SigningAlgorithm]) -> TokenPolicy {
        TokenPolicy {
            dialect: self.dialect,
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            clients: vec![CLIENT.to_owned()],
            algorithms: algorithms.to_vec(),
        }
    }

    pub(crate) fn gate(&self) -> Gate {
        Gate::new(self.verifier(), self.grants.clone())
    }

    /// The key that an issuer of this dialect signs with.
    pub(crate) fn signer(&self) -> &TestKey {
        match self.dialect {
            TokenDialect::Rfc9068 => &self.es256,
            TokenDialect::Keycloak => &self.rs256,
        }
    }

    /// Good claims in the dialect, with changes; `{user id}` names the claim of the user id.
    pub(crate) fn claims_with(&self, changes: &Value) -> Value {
        let (mut claims, name) = match self.dialect {
            TokenDialect::Rfc9068 => (good_claims(), "sub"),
            TokenDialect::Keycloak => (good_claims_of_keycloak(), "user_id"),
        };
        let changes = changes.to_string().replace("{user id}", name);
        apply(&mut claims, &serde_json::from_str(&changes).unwrap());
        claims
    }

    pub(crate) fn token_with(&self, header: &Value, claims: &Value) -> String {
        let mut changed = self.signer().header();
        apply(&mut changed, header);
        self.signer().token(&changed, &self.claims_with(claims))
    }

    pub(crate) fn good_token(&self) -> String {
        self.es256.token(&self.es256.header(), &good_claims())
    }
}
