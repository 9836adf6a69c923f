//! The claims of an access token (RFC 9068), written by our issuer and read from any.

use invoiceapp_domain::TenantId;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// The `typ` header of an access token: RFC 9068, section 2.1.
pub const TOKEN_TYPE: &str = "at+jwt";

/// The claims we demand or use. Others, of which Keycloak writes many, are ignored. Times are whole
/// seconds since 1970 (RFC 7519 `NumericDate`); a fraction is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The issuer.
    pub iss: String,
    /// The user id, or the issuer's own name for the user: [`crate::TokenDialect`] says which.
    pub sub: String,
    /// The user id, where `sub` is the issuer's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// What Keycloak calls the token: `Bearer`, `ID`, `Refresh`, `Logout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typ: Option<String>,
    /// Whom the token is meant for.
    pub aud: Audience,
    /// The client that got the token.
    pub azp: String,
    /// The same client, under the name RFC 9068 gives it; Keycloak calls it `azp` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Not valid from here on.
    pub exp: i64,
    /// Issued at.
    pub iat: i64,
    /// Not valid before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// The token's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// The tenant.
    pub tenant: TenantId,
    /// The login session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<SessionId>,
}

/// Longest session id, in characters; a UUID has 36.
pub const SESSION_ID_CHARACTERS_MAX: usize = 64;

/// A login session by the issuer's name for it: letters, digits, `-` and `_`, so that it is safe
/// in a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct SessionId(String);

/// The text names no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "a session id has 1 to {SESSION_ID_CHARACTERS_MAX} letters, digits, hyphens or underscores"
)]
pub struct NotASessionId;

impl SessionId {
    /// The issuer's name for the session.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same as a UUID; `None` for an issuer that does not use them.
    #[must_use]
    pub fn as_uuid(&self) -> Option<Uuid> {
        Uuid::try_parse(&self.0).ok()
    }
}

impl From<Uuid> for SessionId {
    fn from(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

impl TryFrom<String> for SessionId {
    type Error = NotASessionId;

    fn try_from(text: String) -> Result<Self, NotASessionId> {
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if (1..=SESSION_ID_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(is_safe) {
            Ok(Self(text))
        } else {
            Err(NotASessionId)
        }
    }
}

/// One audience or several: RFC 7519, section 4.1.3, allows both spellings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// A single one, as a string.
    One(String),
    /// Several, as an array.
    Many(Vec<String>),
}

impl Audience {
    /// Whether a name is among them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|each| each == name),
        }
    }
}
