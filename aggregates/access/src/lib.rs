//! Tokens and permissions: the one library by which every service checks its caller.
//!
//! A service holds a [`Gate`]. [`Gate::authenticate`] turns a bearer token into a [`Caller`]: the
//! token says who it is ([`Principal`]), the permission source says what that user may do *now*
//! ([`Grants`]). Permissions never travel inside the token, so a role that is taken away stops
//! working as soon as the source knows of it.
//!
//! Everything fails closed: what cannot be verified is [`AccessError::Unauthenticated`], what
//! cannot be looked up is [`AccessError::Unavailable`]. Nothing here speaks HTTP.

mod caller;
mod claims;
mod crypto;
mod gate;
mod keys;
mod remote;
mod verifier;

pub use caller::{AccessError, Caller, Grants, Principal};
pub use claims::{
    AccessClaims, Audience, NotASessionId, SESSION_ID_CHARACTERS_MAX, SessionId, TOKEN_TYPE,
};
pub use crypto::init_crypto;
pub use gate::{API_KEY_PREFIX, EndedSessions, Gate, PermissionSource, SourceUnavailable};
pub use jsonwebtoken::jwk::{Jwk, JwkSet};
pub use keys::{
    ABSENT_KEY_IDS_MAX, FORCED_FETCH_INTERVAL_SECONDS, KEY_ID_BYTES_MAX, KEYS_MAX,
    KEYS_STALE_SECONDS_MAX, KeySet, KeySource, KeySourceUnavailable, REFRESH_INTERVAL_SECONDS,
    SigningAlgorithm,
};
pub use remote::{JWKS_BYTES_MAX, RemoteKeys, RemoteKeysError};
pub use verifier::{
    CLOCK_LEEWAY_SECONDS, TOKEN_BYTES_MAX, TOKEN_LIFETIME_SECONDS_MAX, TokenDialect, TokenPolicy,
    TokenRefusal, TokenVerifier, VERIFIED_TOKENS_MAX,
};
