//! The claims of an access token (RFC 9068), written by our issuer and read from any.

use invoiceapp_domain::TenantId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The `typ` header of an access token: RFC 9068, section 2.1.
pub const TOKEN_TYPE: &str = "at+jwt";

/// The claims we demand or use. Others, of which Keycloak writes many, are ignored. Times are whole
/// seconds since 1970 (RFC 7519 `NumericDate`); a fraction is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The issuer.
    pub iss: String,
    /// The user id.
    pub sub: String,
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
    pub sid: Option<Uuid>,
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
