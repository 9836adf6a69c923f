//! Login, refresh, JWKS: the built-in issuer.
//!
//! It stands where Keycloak stands in the full stack, and issues the same kind of token: RFC 9068
//! access tokens of five minutes, signed with ES256, published keys, rotating refresh tokens whose
//! reuse ends the login they came from.
//!
//! | module | what |
//! |---|---|
//! | [`keys`] | the signing key in the data directory, and its public half as JWKS |
//! | [`passwords`] | the password policy, Argon2id on a bounded pool |
//! | [`sqlite`] | credentials, sessions and refresh tokens, in a file of their own |
//! | [`directory`] | the port to the users, who live in the read model |
//! | [`tokens`] | access and refresh tokens |
//! | [`throttle`] | how often one may try to log in |
//! | [`authorizer`] | the use cases |
//! | [`routes`] | HTTP |
//!
//! Passwords and tokens never enter the journal, a log, an error or a `Debug` output.

pub mod authorizer;
pub mod directory;
pub mod keys;
pub mod passwords;
mod random;
pub mod routes;
pub mod sqlite;
pub mod throttle;
pub mod tokens;

pub use authorizer::{
    Authorizer, AuthorizerError, AuthorizerParts, LoginAttempt, SetPasswordError,
};
pub use directory::{DirectoryUnavailable, LoginCandidate, UserDirectory, UserProfile};
pub use keys::{SigningKeyError, SigningKeys};
pub use passwords::{
    PasswordHash, PasswordHasher, PasswordRefusal, Salt, check_password, make_up_password,
};
pub use random::RandomUnavailable;
pub use routes::{openapi, router};
pub use sqlite::{IdentityStore, IdentityStoreError};
pub use throttle::LoginLimits;
pub use tokens::{IssuedTokens, Issuer};
