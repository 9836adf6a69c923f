//! Login, refresh, JWKS: the authorizer, on the built-in issuer or on Keycloak.
//!
//! Both issue the same kind of token: RFC 9068 access tokens of five minutes, published keys,
//! rotating refresh tokens whose reuse ends the login they came from. The routes, the limits and
//! the answers are the same code; the difference is behind [`provider`].
//!
//! | module | what |
//! |---|---|
//! | [`keys`] | the signing key in the data directory, and its public half as JWKS |
//! | [`passwords`] | the password policy, Argon2id on a bounded pool |
//! | [`sqlite`] | credentials, sessions and refresh tokens, in a file of their own |
//! | [`staging`] | credentials on their way to the provider |
//! | [`directory`] | the port to the users, who live in the read model |
//! | [`tokens`] | access and refresh tokens |
//! | [`throttle`] | how often one may try to log in |
//! | [`authorizer`] | the use cases |
//! | [`provider`] | the port to whoever keeps passwords and issues tokens |
//! | [`built_in`], [`keycloak`] | the two who do |
//! | [`conformance`] | what both have to do |
//! | [`routes`] | HTTP |
//!
//! Passwords and tokens never enter the journal, a log, an error or a `Debug` output.

pub mod authorizer;
pub mod built_in;
pub mod conformance;
pub mod directory;
pub mod keycloak;
pub mod keys;
pub mod passwords;
pub mod provider;
mod random;
pub mod routes;
pub mod sqlite;
pub mod staging;
pub mod throttle;
pub mod tokens;

pub use authorizer::{Authorizer, AuthorizerParts, LoginAttempt};
pub use built_in::{BuiltInIssuer, BuiltInParts, SetPasswordError};
pub use directory::{DirectoryUnavailable, LoginCandidate, UserDirectory, UserProfile, WaitError};
pub use keycloak::{KeycloakError, KeycloakParts, KeycloakProvider, KeycloakSettings};
pub use keys::{SigningKeyError, SigningKeys};
pub use passwords::{
    PasswordHash, PasswordHasher, PasswordRefusal, Salt, check_password, make_up_password,
};
pub use provider::{AuthorizerError, IdentityProvider, Published};
pub use random::RandomUnavailable;
pub use routes::{openapi, router};
pub use sqlite::{IdentityStore, IdentityStoreError};
pub use staging::{CredentialStaging, StagedCredential, StagingError};
pub use throttle::LoginLimits;
pub use tokens::{IssuedTokens, Issuer};
