//! Verification of an access token: RFC 9068 with the strictness of RFC 8725.
//!
//! In this order: size, header, key by `kid` from our own set, signature, claims, times. What the
//! header says about keys (`jwk`, `jku`, `x5u`, `x5c`) or demands (`crit`) refuses the token.
//! `jsonwebtoken` checks the signature only: it would require nothing but `exp`, skip `nbf`, accept
//! a missing audience, and read the machine's clock.

use std::sync::Arc;

use invoiceapp_domain::Ambient;
use invoiceapp_domain::ids::UserId;
use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Header, Validation, decode, decode_header};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::caller::{AccessError, Principal};
use crate::claims::{AccessClaims, TOKEN_TYPE};
use crate::keys::{KEY_ID_BYTES_MAX, KeySet, KeysStale, SigningAlgorithm, VerificationKey};

/// Longest token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8_192;
/// How far clocks may be apart, in seconds.
pub const CLOCK_LEEWAY_SECONDS: i64 = 30;
/// The longest life a token may have, in seconds.
pub const TOKEN_LIFETIME_SECONDS_MAX: i64 = 300;
/// How many verified tokens are remembered.
pub const VERIFIED_TOKENS_MAX: u64 = 10_000;

/// How an issuer says what every token of ours has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenDialect {
    /// RFC 9068 and nothing else, as the built-in issuer writes it: `sub` is the user id.
    Rfc9068,
    /// Keycloak: `sub` is Keycloak's own id and `user_id` ours, and a claim `typ` tells an access
    /// token (`Bearer`) from the issuer's other tokens, whatever the header says.
    Keycloak,
}

/// What Keycloak's claim `typ` says of an access token.
const BEARER: &str = "Bearer";

/// Which tokens count.
#[derive(Debug, Clone)]
pub struct TokenPolicy {
    /// How this issuer says things.
    pub dialect: TokenDialect,
    /// The one issuer, compared byte by byte.
    pub issuer: String,
    /// The audience that must be named.
    pub audience: String,
    /// The clients (`azp`) whose tokens count.
    pub clients: Vec<String>,
    /// The algorithms that count.
    pub algorithms: Vec<SigningAlgorithm>,
}

/// Why a token does not count. For logs and tests: a client learns only what [`AccessError`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenRefusal {
    /// Longer than [`TOKEN_BYTES_MAX`].
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of base64url, or not the JSON that belongs in them.
    #[error("the token is malformed")]
    Malformed,
    /// The header carries a key or a demand of its own.
    #[error("the token's header names keys or extensions")]
    HeaderNotAllowed,
    /// The header's `typ` is another.
    #[error("the token is of another type")]
    WrongType,
    /// No key of that id, or none named.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The algorithm is not the key's, or not allowed.
    #[error("the token's algorithm is not allowed")]
    AlgorithmNotAllowed,
    /// The signature does not match.
    #[error("the token's signature does not match")]
    BadSignature,
    /// A claim is missing or has the wrong form.
    #[error("the token's claims are incomplete")]
    BadClaims,
    /// Another issuer.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// Another audience.
    #[error("the token is for another audience")]
    WrongAudience,
    /// Another client.
    #[error("the token is of another client")]
    WrongClient,
    /// Issued in the future, or not valid yet.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It would live longer than [`TOKEN_LIFETIME_SECONDS_MAX`].
    #[error("the token lives too long")]
    LivesTooLong,
    /// It was valid once.
    #[error("the token has expired")]
    Expired,
    /// The issuer's keys cannot be had.
    #[error("the issuer's keys are not available")]
    KeysUnavailable,
}

impl From<TokenRefusal> for AccessError {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Expired => Self::TokenExpired,
            TokenRefusal::KeysUnavailable => Self::Unavailable,
            TokenRefusal::TooLong
            | TokenRefusal::Malformed
            | TokenRefusal::HeaderNotAllowed
            | TokenRefusal::WrongType
            | TokenRefusal::UnknownKey
            | TokenRefusal::AlgorithmNotAllowed
            | TokenRefusal::BadSignature
            | TokenRefusal::BadClaims
            | TokenRefusal::WrongIssuer
            | TokenRefusal::WrongAudience
            | TokenRefusal::WrongClient
            | TokenRefusal::NotYetValid
            | TokenRefusal::LivesTooLong => Self::Unauthenticated,
        }
    }
}

impl From<KeysStale> for TokenRefusal {
    fn from(_: KeysStale) -> Self {
        Self::KeysUnavailable
    }
}

#[derive(Debug)]
struct Verified {
    principal: Principal,
    generation: u64,
}

/// Verifies access tokens and remembers the good ones.
#[derive(Debug)]
pub struct TokenVerifier {
    policy: TokenPolicy,
    keys: Arc<KeySet>,
    ambient: Arc<dyn Ambient>,
    /// By SHA-256 of the token, so that the cache holds no credential.
    verified: Cache<[u8; 32], Arc<Verified>>,
}

impl TokenVerifier {
    /// A verifier of tokens that follow the policy and are signed by a key of the set.
    #[must_use]
    pub fn new(policy: TokenPolicy, keys: Arc<KeySet>, ambient: Arc<dyn Ambient>) -> Self {
        Self {
            policy,
            keys,
            ambient,
            verified: Cache::new(VERIFIED_TOKENS_MAX),
        }
    }

    /// Whom the token speaks for.
    ///
    /// # Errors
    /// The [`TokenRefusal`] that applies first.
    pub async fn verify(&self, token: &str) -> Result<Principal, TokenRefusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefusal::TooLong);
        }
        let fingerprint: [u8; 32] = Sha256::digest(token).into();
        if let Some(principal) = self.remembered(&fingerprint)? {
            return Ok(principal);
        }
        let header = decode_header(token).map_err(|_| TokenRefusal::Malformed)?;
        let key_id = check_header(&header)?;
        let (key, generation) = self
            .keys
            .key(key_id)
            .await?
            .ok_or(TokenRefusal::UnknownKey)?;
        if header.alg != key.algorithm.as_jwt() || !self.policy.algorithms.contains(&key.algorithm)
        {
            return Err(TokenRefusal::AlgorithmNotAllowed);
        }
        let claims = verified_claims(token, &key)?;
        let principal = self.check_claims(&claims)?;
        let verified = Verified {
            principal: principal.clone(),
            generation,
        };
        self.verified.insert(fingerprint, Arc::new(verified));
        Ok(principal)
    }

    /// The verdict on a token seen before, when the keys have not changed since. Its end is checked
    /// at every hit.
    fn remembered(&self, fingerprint: &[u8; 32]) -> Result<Option<Principal>, TokenRefusal> {
        let Some(verified) = self.verified.get(fingerprint) else {
            return Ok(None);
        };
        if self.keys.generation()? != verified.generation {
            self.verified.invalidate(fingerprint);
            return Ok(None);
        }
        let expires_at = verified.principal.expires_at.as_second();
        if is_over(expires_at, self.ambient.now().as_second()) {
            self.verified.invalidate(fingerprint);
            return Err(TokenRefusal::Expired);
        }
        Ok(Some(verified.principal.clone()))
    }

    fn check_claims(&self, claims: &AccessClaims) -> Result<Principal, TokenRefusal> {
        if claims.iss != self.policy.issuer {
            return Err(TokenRefusal::WrongIssuer);
        }
        if !claims.aud.contains(&self.policy.audience) {
            return Err(TokenRefusal::WrongAudience);
        }
        if !self.policy.clients.contains(&claims.azp) {
            return Err(TokenRefusal::WrongClient);
        }
        check_times(claims, self.ambient.now().as_second())?;
        let user = user_of(claims, self.policy.dialect)?;
        let expires_at = Timestamp::from_second(claims.exp).map_err(|_| TokenRefusal::BadClaims)?;
        Ok(Principal {
            tenant: claims.tenant.clone(),
            user,
            session: claims.sid.clone(),
            expires_at,
        })
    }
}

/// Refuses what a header may not say; answers the key id.
fn check_header(header: &Header) -> Result<&str, TokenRefusal> {
    let names_keys = header.jwk.is_some()
        || header.jku.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some();
    let has_demands = header.crit.is_some() || header.enc.is_some() || header.zip.is_some();
    if names_keys || has_demands {
        return Err(TokenRefusal::HeaderNotAllowed);
    }
    if !header.typ.as_deref().is_some_and(is_access_token_type) {
        return Err(TokenRefusal::WrongType);
    }
    header
        .kid
        .as_deref()
        .filter(|id| id.len() <= KEY_ID_BYTES_MAX)
        .ok_or(TokenRefusal::UnknownKey)
}

/// RFC 9068, section 4: `at+jwt`, with or without the `application/` of a media type.
fn is_access_token_type(typ: &str) -> bool {
    let lower_case = typ.to_ascii_lowercase();
    lower_case
        .strip_prefix("application/")
        .unwrap_or(&lower_case)
        == TOKEN_TYPE
}

fn verified_claims(token: &str, key: &VerificationKey) -> Result<AccessClaims, TokenRefusal> {
    let mut validation = Validation::new(key.algorithm.as_jwt());
    // The signature only; claims and times are checked by hand, against the clock we are handed.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let decoded = decode::<AccessClaims>(token, &key.key, &validation);
    decoded.map(|data| data.claims).map_err(|error| {
        if matches!(error.kind(), ErrorKind::InvalidSignature) {
            TokenRefusal::BadSignature
        } else if matches!(error.kind(), ErrorKind::Json(_)) {
            TokenRefusal::BadClaims
        } else {
            TokenRefusal::Malformed
        }
    })
}

/// The user whom the claims name, in the issuer's dialect.
fn user_of(claims: &AccessClaims, dialect: TokenDialect) -> Result<UserId, TokenRefusal> {
    let user = match dialect {
        TokenDialect::Rfc9068 => &claims.sub,
        TokenDialect::Keycloak => {
            if claims.typ.as_deref() != Some(BEARER) {
                return Err(TokenRefusal::WrongType);
            }
            claims.user_id.as_ref().ok_or(TokenRefusal::BadClaims)?
        }
    };
    user.parse().map_err(|_| TokenRefusal::BadClaims)
}

fn check_times(claims: &AccessClaims, now: i64) -> Result<(), TokenRefusal> {
    let latest_start = now.saturating_add(CLOCK_LEEWAY_SECONDS);
    if claims.iat > latest_start || claims.nbf.is_some_and(|start| start > latest_start) {
        return Err(TokenRefusal::NotYetValid);
    }
    let lifetime = claims.exp.saturating_sub(claims.iat);
    if lifetime <= 0 {
        return Err(TokenRefusal::BadClaims);
    }
    if lifetime > TOKEN_LIFETIME_SECONDS_MAX {
        return Err(TokenRefusal::LivesTooLong);
    }
    if is_over(claims.exp, now) {
        Err(TokenRefusal::Expired)
    } else {
        Ok(())
    }
}

/// RFC 7519, section 4.1.4: not valid on or after `exp`, give or take the leeway.
fn is_over(exp: i64, now: i64) -> bool {
    now >= exp.saturating_add(CLOCK_LEEWAY_SECONDS)
}
