//! The port to whoever keeps passwords and issues tokens: the built-in issuer, or Keycloak.
//!
//! The use cases before it ([`crate::Authorizer`]) have counted the attempt and looked the accounts
//! up; what is left to a provider is to judge a password, to keep sessions, and to sign. Every
//! provider passes [`crate::conformance`].

use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_access::{JwkSet, SessionId, SigningAlgorithm};
use secrecy::SecretString;
use thiserror::Error;

use crate::directory::LoginCandidate;
use crate::tokens::IssuedTokens;

/// A cause that goes to the log and not to the client.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why nobody was let in.
#[derive(Debug, Error)]
pub enum AuthorizerError {
    /// Unknown account, wrong password, disabled user, refresh token that does not count: the same
    /// for all, so that the answer tells nobody which.
    #[error("no valid credential")]
    Unauthenticated,
    /// The password is right for accounts in several tenants, and none was named.
    #[error("the account exists in several tenants")]
    TenantNeeded,
    /// Too many tries.
    #[error("too many attempts")]
    Throttled {
        /// When to come again.
        retry_after: Duration,
    },
    /// What the caller has seen is not known here yet.
    #[error("the users are not known up to the caller's position yet")]
    Behind,
    /// Something that is needed does not answer.
    #[error("a part of the login does not answer")]
    Unavailable(#[source] Cause),
}

impl AuthorizerError {
    pub(crate) fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }
}

/// What an issuer publishes about itself.
#[derive(Debug, Clone)]
pub struct Published {
    /// `iss` of its tokens.
    pub issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// What it signs with.
    pub algorithms: Vec<SigningAlgorithm>,
    /// Its keys.
    pub keys: JwkSet,
}

/// Judges passwords, keeps sessions, issues tokens.
#[async_trait]
pub trait IdentityProvider: Send + Sync + std::fmt::Debug + 'static {
    /// Lets somebody in whose password is that of exactly one enabled candidate. Nobody learns from
    /// the time it takes whether there was a candidate.
    ///
    /// # Errors
    /// [`AuthorizerError`], never `Throttled` or `Behind`.
    async fn log_in(
        &self,
        candidates: Vec<LoginCandidate>,
        password: SecretString,
    ) -> Result<IssuedTokens, AuthorizerError>;

    /// Exchanges a refresh token for fresh tokens of the same session. A token that comes a second
    /// time ends its session.
    ///
    /// # Errors
    /// [`AuthorizerError::Unauthenticated`] or [`AuthorizerError::Unavailable`].
    async fn refresh(&self, token: &SecretString) -> Result<IssuedTokens, AuthorizerError>;

    /// Ends a session, and the one of a refresh token: whichever are given. One that has ended, and
    /// a text that is no token, have nothing left to end.
    ///
    /// # Errors
    /// [`AuthorizerError::Unavailable`].
    async fn log_out(
        &self,
        session: Option<&SessionId>,
        token: Option<&SecretString>,
    ) -> Result<(), AuthorizerError>;

    /// What verifiers need to know.
    fn published(&self) -> Published;
}
