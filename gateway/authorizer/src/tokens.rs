//! Access tokens (RFC 9068) and refresh tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use invoiceapp_access::{
    AccessClaims, Audience, SigningAlgorithm, TOKEN_LIFETIME_SECONDS_MAX, TOKEN_TYPE, TokenDialect,
    TokenPolicy,
};
use invoiceapp_domain::Ambient;
use jsonwebtoken::{Algorithm, Header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::keys::SigningKeys;
use crate::random::{RandomUnavailable, random_bytes};
use crate::sqlite::Session;

/// Life of an access token, in seconds: the most that any service accepts.
pub const ACCESS_TOKEN_SECONDS: i64 = TOKEN_LIFETIME_SECONDS_MAX;
/// Life of an unused refresh token, in seconds: seven days.
pub const REFRESH_TOKEN_SECONDS: i64 = 7 * 86_400;
/// Life of a login however often it is refreshed, in seconds: thirty days.
pub const SESSION_SECONDS_MAX: i64 = 30 * 86_400;
/// Random bytes in a refresh token.
const REFRESH_TOKEN_BYTES: usize = 32;

/// What the issuer calls itself and those it issues for.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// `iss`: the address under which the metadata is published, without a slash at the end.
    pub url: String,
    /// `aud` of every token.
    pub audience: String,
    /// `azp` and `client_id` of every token.
    pub client: String,
}

impl Issuer {
    /// The policy by which services accept this issuer's tokens.
    #[must_use]
    pub fn policy(&self) -> TokenPolicy {
        TokenPolicy {
            dialect: TokenDialect::Rfc9068,
            issuer: self.url.clone(),
            audience: self.audience.clone(),
            clients: vec![self.client.clone()],
            algorithms: vec![SigningAlgorithm::Es256],
        }
    }

    pub(crate) fn access_token(
        &self,
        keys: &SigningKeys,
        session: &Session,
        ambient: &dyn Ambient,
    ) -> Result<SecretString, jsonwebtoken::errors::Error> {
        let now = ambient.now().as_second();
        let claims = AccessClaims {
            iss: self.url.clone(),
            sub: session.user.to_string(),
            user_id: None,
            typ: None,
            aud: Audience::One(self.audience.clone()),
            azp: self.client.clone(),
            client_id: Some(self.client.clone()),
            exp: now.saturating_add(ACCESS_TOKEN_SECONDS),
            iat: now,
            nbf: Some(now),
            jti: Some(ambient.new_id().to_string()),
            tenant: session.tenant.clone(),
            sid: Some(session.id.into()),
        };
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(keys.active_id().to_owned());
        jsonwebtoken::encode(&header, &claims, keys.active()).map(SecretString::from)
    }
}

/// What a login or a refresh brings.
#[derive(Debug)]
pub struct IssuedTokens {
    /// A signed JWT.
    pub access_token: SecretString,
    /// An opaque text, good for one refresh.
    pub refresh_token: SecretString,
    /// Life of the access token, in seconds.
    pub expires_in: i64,
}

/// SHA-256 of a refresh token: all that is stored of one. It needs no salt, because 256 random bits
/// cannot be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshDigest(pub(crate) [u8; 32]);

impl RefreshDigest {
    /// The digest of a token that somebody presents.
    #[must_use]
    pub fn of(token: &SecretString) -> Self {
        Self(Sha256::digest(token.expose_secret()).into())
    }
}

/// A fresh refresh token.
pub(crate) fn new_refresh_token() -> Result<SecretString, RandomUnavailable> {
    let bytes = random_bytes::<REFRESH_TOKEN_BYTES>()?;
    Ok(URL_SAFE_NO_PAD.encode(bytes.as_slice()).into())
}
