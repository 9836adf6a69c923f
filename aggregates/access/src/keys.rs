//! The issuer's public keys, cached.
//!
//! | event | what happens |
//! |---|---|
//! | every 5 minutes | [`KeySet::keep_fresh`] fetches the set in the background |
//! | there are no keys yet that could serve | it tries again every second |
//! | a token names a key we do not have | one forced fetch, shared by all who wait; at most one per 30 s |
//! | the fetched set lacks that key | the id is remembered as absent, in a bounded list |
//! | a fetch fails | the keys we have go on serving for 24 hours after the last good fetch |
//!
//! A flood of unknown key ids costs one fetch per 30 s and evicts nothing. It cannot starve a real
//! rotation either: whoever caused the fetch, it brings the whole set.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use invoiceapp_domain::Ambient;
use jiff::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use thiserror::Error;
use tokio::sync::watch;

/// How often the set is fetched in the background, in seconds.
pub const REFRESH_INTERVAL_SECONDS: u64 = 300;
/// How soon a failed background fetch is tried again, in seconds.
const RETRY_INTERVAL_SECONDS: u64 = 10;
/// The same while there are no keys, so that every request is refused, in seconds.
const RETRY_INTERVAL_WITHOUT_KEYS_SECONDS: u64 = 1;
/// The least time between two fetches that an unknown key id may force, in seconds.
pub const FORCED_FETCH_INTERVAL_SECONDS: i64 = 30;
/// How long a key id counts as absent after a fetch did not bring it, in seconds.
const ABSENT_SECONDS: i64 = 60;
/// How many absent key ids are remembered.
pub const ABSENT_KEY_IDS_MAX: usize = 128;
/// How long keys serve after the last good fetch, in seconds: 24 hours.
pub const KEYS_STALE_SECONDS_MAX: i64 = 86_400;
/// The longest a fetch may take, in seconds.
const FETCH_SECONDS_MAX: u64 = 5;
/// How many keys of a set are taken; an issuer has a handful.
pub const KEYS_MAX: usize = 32;
/// Longest key id, in bytes.
pub const KEY_ID_BYTES_MAX: usize = 128;
/// Bytes of a coordinate on P-256.
const P256_COORDINATE_BYTES: usize = 32;

/// The signature algorithms that exist for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256 and 2,048 to 8,192 bits.
    Rs256,
}

impl SigningAlgorithm {
    /// Its name in RFC 7518.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm under the name the token library gives it.
    pub(crate) const fn as_jwt(self) -> Algorithm {
        match self {
            Self::Es256 => Algorithm::ES256,
            Self::Rs256 => Algorithm::RS256,
        }
    }
}

/// Where the issuer's public keys come from: in process, or its JWKS address.
#[async_trait]
pub trait KeySource: Send + Sync + std::fmt::Debug + 'static {
    /// The whole present set.
    ///
    /// # Errors
    /// [`KeySourceUnavailable`] when it cannot be had at the moment.
    async fn fetch(&self) -> Result<JwkSet, KeySourceUnavailable>;
}

/// The issuer's keys cannot be had at the moment.
#[derive(Debug, Error)]
#[error("the issuer's keys cannot be fetched")]
pub struct KeySourceUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A public key with the one algorithm it is for.
#[derive(Debug)]
pub(crate) struct VerificationKey {
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) key: DecodingKey,
}

impl VerificationKey {
    /// The key with its id, or `None` for one that is not ours to use: another algorithm, an
    /// encryption key, no id, or an id longer than any issuer writes.
    fn from_jwk(jwk: &Jwk) -> Option<(String, Self)> {
        let id = jwk
            .common
            .key_id
            .as_ref()
            .filter(|id| id.len() <= KEY_ID_BYTES_MAX)?;
        if !matches!(
            jwk.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        ) {
            return None;
        }
        let algorithm = algorithm_of(&jwk.algorithm)?;
        let declared = jwk
            .common
            .key_algorithm
            .map(|declared| declared.to_string());
        if declared.is_some_and(|declared| declared != format!("{:?}", algorithm.as_jwt())) {
            return None;
        }
        let key = DecodingKey::from_jwk(jwk).ok()?;
        Some((id.clone(), Self { algorithm, key }))
    }
}

fn algorithm_of(parameters: &AlgorithmParameters) -> Option<SigningAlgorithm> {
    if let AlgorithmParameters::EllipticCurve(point) = parameters {
        let is_on_p256 = point.curve == EllipticCurve::P256
            && is_coordinate(&point.x)
            && is_coordinate(&point.y);
        is_on_p256.then_some(SigningAlgorithm::Es256)
    } else if let AlgorithmParameters::RSA(_) = parameters {
        Some(SigningAlgorithm::Rs256)
    } else {
        None
    }
}

fn is_coordinate(text: &str) -> bool {
    URL_SAFE_NO_PAD
        .decode(text)
        .is_ok_and(|bytes| bytes.len() == P256_COORDINATE_BYTES)
}

/// One fetched set.
#[derive(Debug)]
struct Snapshot {
    document: JwkSet,
    keys: HashMap<String, Arc<VerificationKey>>,
    /// Counts changes of the set; a cached verdict of another generation is not believed.
    generation: u64,
    fetched_at: Option<Timestamp>,
}

impl Snapshot {
    fn is_usable(&self, now: Timestamp) -> bool {
        self.fetched_at
            .is_some_and(|at| seconds_between(at, now) <= KEYS_STALE_SECONDS_MAX)
    }
}

#[derive(Debug, Default)]
struct Flight {
    started_at: Option<Timestamp>,
    /// Its sender lives as long as the fetch is under way.
    landing: Option<watch::Receiver<()>>,
}

/// The cached keys of one issuer.
#[derive(Debug)]
pub struct KeySet {
    source: Arc<dyn KeySource>,
    ambient: Arc<dyn Ambient>,
    current: ArcSwap<Snapshot>,
    /// Serialises writers of `current`.
    refreshing: tokio::sync::Mutex<()>,
    flight: Mutex<Flight>,
    absent: Mutex<HashMap<String, Timestamp>>,
}

impl KeySet {
    /// An empty set; the first token, or [`Self::refresh`], fetches it.
    #[must_use]
    pub fn new(source: Arc<dyn KeySource>, ambient: Arc<dyn Ambient>) -> Arc<Self> {
        let empty = Snapshot {
            document: JwkSet { keys: Vec::new() },
            keys: HashMap::new(),
            generation: 0,
            fetched_at: None,
        };
        Arc::new(Self {
            source,
            ambient,
            current: ArcSwap::from_pointee(empty),
            refreshing: tokio::sync::Mutex::new(()),
            flight: Mutex::default(),
            absent: Mutex::default(),
        })
    }

    /// Fetches the set now.
    ///
    /// # Errors
    /// [`KeySourceUnavailable`] when the source fails or takes too long; the keys we had stay.
    pub async fn refresh(&self) -> Result<(), KeySourceUnavailable> {
        let _only_writer = self.refreshing.lock().await;
        let document =
            tokio::time::timeout(Duration::from_secs(FETCH_SECONDS_MAX), self.source.fetch())
                .await
                .map_err(|elapsed| KeySourceUnavailable(Box::new(elapsed)))??;
        let before = self.current.load_full();
        let unchanged = before.document == document;
        let keys = if unchanged {
            before.keys.clone()
        } else {
            document
                .keys
                .iter()
                .filter_map(VerificationKey::from_jwk)
                .take(KEYS_MAX)
                .map(|(id, key)| (id, Arc::new(key)))
                .collect()
        };
        let generation = before.generation.saturating_add(u64::from(!unchanged));
        let fetched_at = Some(self.ambient.now());
        self.current.store(Arc::new(Snapshot {
            document,
            keys,
            generation,
            fetched_at,
        }));
        Ok(())
    }

    /// The set as it was fetched last, to be published again; empty before the first fetch.
    #[must_use]
    pub fn document(&self) -> JwkSet {
        self.current.load().document.clone()
    }

    /// Fetches the set every [`REFRESH_INTERVAL_SECONDS`], sooner after a failure, until the future
    /// is dropped. One task per process runs it.
    pub async fn keep_fresh(&self) {
        loop {
            let pause = match self.refresh().await {
                Ok(()) => REFRESH_INTERVAL_SECONDS,
                Err(error) => {
                    tracing::warn!(cause = %error.0, "{error}");
                    match self.generation() {
                        Ok(_) => RETRY_INTERVAL_SECONDS,
                        Err(KeysStale) => RETRY_INTERVAL_WITHOUT_KEYS_SECONDS,
                    }
                }
            };
            tokio::time::sleep(Duration::from_secs(pause)).await;
        }
    }

    /// The key with an id, and the generation of the set it is from; `None` when the issuer has no
    /// such key.
    pub(crate) async fn key(
        self: &Arc<Self>,
        id: &str,
    ) -> Result<Option<(Arc<VerificationKey>, u64)>, KeysStale> {
        let now = self.ambient.now();
        let known = self.known(id, now);
        if matches!(known, Ok(Some(_))) || self.is_absent(id, now) {
            return known;
        }
        let Some(mut landing) = self.join_forced_fetch(now) else {
            return known;
        };
        // The sender is dropped, never used: the error is the landing.
        let _ = landing.changed().await;
        let known = self.known(id, now);
        let fetched_since = self
            .current
            .load()
            .fetched_at
            .is_some_and(|at| seconds_between(now, at) >= 0);
        if matches!(known, Ok(None)) && fetched_since {
            self.remember_absent(id, now);
        }
        known
    }

    /// Changes when a key may have gone: what was verified under another generation is verified
    /// again. Errs when the keys are too old to trust.
    pub(crate) fn generation(&self) -> Result<u64, KeysStale> {
        let snapshot = self.current.load();
        if snapshot.is_usable(self.ambient.now()) {
            Ok(snapshot.generation)
        } else {
            Err(KeysStale)
        }
    }

    fn known(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<(Arc<VerificationKey>, u64)>, KeysStale> {
        let snapshot = self.current.load();
        if !snapshot.is_usable(now) {
            return Err(KeysStale);
        }
        Ok(snapshot
            .keys
            .get(id)
            .map(|key| (Arc::clone(key), snapshot.generation)))
    }

    /// Joins the forced fetch under way, or starts one when the last is long enough ago. It runs in
    /// a task of its own, so that a caller who hangs up does not take it away from the others.
    fn join_forced_fetch(self: &Arc<Self>, now: Timestamp) -> Option<watch::Receiver<()>> {
        let mut flight = lock(&self.flight);
        if let Some(landing) = flight
            .landing
            .as_ref()
            .filter(|landing| landing.has_changed().is_ok())
        {
            return Some(landing.clone());
        }
        let started_lately = flight
            .started_at
            .is_some_and(|at| seconds_between(at, now) < FORCED_FETCH_INTERVAL_SECONDS);
        if started_lately {
            return None;
        }
        let (landed, landing) = watch::channel(());
        flight.started_at = Some(now);
        flight.landing = Some(landing.clone());
        let this = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = this.refresh().await {
                tracing::warn!(cause = %error.0, "{error}");
            }
            drop(landed);
        });
        Some(landing)
    }

    fn is_absent(&self, id: &str, now: Timestamp) -> bool {
        lock(&self.absent)
            .get(id)
            .is_some_and(|since| seconds_between(*since, now) < ABSENT_SECONDS)
    }

    fn remember_absent(&self, id: &str, now: Timestamp) {
        let mut absent = lock(&self.absent);
        absent.retain(|_, since| seconds_between(*since, now) < ABSENT_SECONDS);
        if absent.len() < ABSENT_KEY_IDS_MAX {
            absent.insert(id.to_owned(), now);
        }
    }
}

/// There are no keys, or none young enough to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeysStale;

fn seconds_between(earlier: Timestamp, later: Timestamp) -> i64 {
    later.as_second().saturating_sub(earlier.as_second())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
