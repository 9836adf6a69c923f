//! Bodies: secrets in, tokens out.

use deserr::{Deserr, IntoValue, Value, ValuePointerRef};
use invoiceapp_http::BodyErrors;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use crate::tokens::IssuedTokens;

/// A string that is wiped when dropped and never printed.
#[derive(Debug)]
pub(super) struct SecretText(pub(super) SecretString);

impl Deserr<BodyErrors> for SecretText {
    fn deserialize_from_value<V: IntoValue>(
        value: Value<V>,
        location: ValuePointerRef<'_>,
    ) -> Result<Self, BodyErrors> {
        String::deserialize_from_value(value, location).map(|text| Self(text.into()))
    }
}

/// A refresh token that the client hands back.
#[derive(Debug, Deserr, ToSchema)]
#[deserr(error = BodyErrors, deny_unknown_fields)]
pub(super) struct RefreshBody {
    /// The refresh token of the last answer.
    #[schema(value_type = String)]
    pub(super) refresh_token: SecretText,
}

/// The tokens of a login. No `Debug`: every field of it is a secret.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenAnswer {
    /// A signed JWT, for `Authorization: Bearer`.
    access_token: String,
    /// An opaque text, good for one refresh.
    refresh_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Life of the access token, in seconds.
    expires_in: i64,
}

impl From<IssuedTokens> for TokenAnswer {
    fn from(issued: IssuedTokens) -> Self {
        Self {
            access_token: issued.access_token.expose_secret().to_owned(),
            refresh_token: issued.refresh_token.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: issued.expires_in,
        }
    }
}
