//! Keycloak as the identity provider.
//!
//! A user's name in Keycloak is our user id: unique over all tenants, known before Keycloak is, and
//! the same for ever, whereas an e-mail address is unique in a tenant only and may change. So a
//! login looks the accounts up in the directory first, exactly as on the built-in issuer, and then
//! asks Keycloak whether the password is that user's.
//!
//! Keycloak is believed about passwords, sessions and signatures, and about nothing else: the token
//! it issues is verified like anybody's before it is handed on, and has to name the very user and
//! tenant that were asked for.

mod endpoint;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use invoiceapp_access::{
    CLOCK_LEEWAY_SECONDS, EndedSessions, Gate, KeySet, PermissionSource, SessionId, TokenRefusal,
    TokenVerifier,
};
use invoiceapp_domain::Ambient;
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

pub use self::endpoint::{CALL_TIME_MAX, CALLS_AT_ONCE_MAX, KeycloakError};
pub use self::settings::KeycloakSettings;

use self::endpoint::{Endpoint, Grant, Tokens};
use crate::directory::LoginCandidate;
use crate::passwords::{PASSWORD_BYTES_MAX, normalised};
use crate::provider::{AuthorizerError, IdentityProvider, Published};
use crate::sqlite::ENDED_SESSIONS_MAX;
use crate::tokens::{ACCESS_TOKEN_SECONDS, IssuedTokens};

/// Longest refresh token that is handed to Keycloak, in bytes; its own have about 700.
pub const REFRESH_TOKEN_BYTES_MAX: usize = 8_192;

/// What a [`KeycloakProvider`] is made of.
#[derive(Debug)]
pub struct KeycloakParts {
    /// Which realm.
    pub settings: KeycloakSettings,
    /// The realm's keys, as the process's gate knows them.
    pub keys: Arc<KeySet>,
    /// Who is enabled; the same source that every service asks.
    pub permissions: Arc<dyn PermissionSource>,
    /// Time and fresh identities.
    pub ambient: Arc<dyn Ambient>,
}

/// Keycloak.
#[derive(Debug)]
pub struct KeycloakProvider {
    endpoint: Endpoint,
    keys: Arc<KeySet>,
    verifier: TokenVerifier,
    permissions: Arc<dyn PermissionSource>,
    ambient: Arc<dyn Ambient>,
    ended: Cache<SessionId, ()>,
}

impl KeycloakProvider {
    /// A provider on a realm. Keycloak need not be there yet.
    ///
    /// # Errors
    /// [`KeycloakError::Transport`] when no HTTP client can be made.
    pub fn new(parts: KeycloakParts) -> Result<Arc<Self>, KeycloakError> {
        let life = ACCESS_TOKEN_SECONDS.saturating_add(CLOCK_LEEWAY_SECONDS);
        let verifier = TokenVerifier::new(
            parts.settings.policy(),
            Arc::clone(&parts.keys),
            Arc::clone(&parts.ambient),
        );
        Ok(Arc::new(Self {
            endpoint: Endpoint::new(parts.settings, Arc::clone(&parts.ambient))?,
            keys: parts.keys,
            verifier,
            permissions: parts.permissions,
            ambient: parts.ambient,
            ended: Cache::builder()
                .max_capacity(u64::from(ENDED_SESSIONS_MAX))
                .time_to_live(Duration::from_secs(life.unsigned_abs()))
                .build(),
        }))
    }

    /// The gate of a process that this provider is in: it believes the realm, asks the provider's source
    /// about rights, and lets no session in that the provider has ended. In another process a token
    /// counts until it expires.
    #[must_use]
    pub fn gate(self: &Arc<Self>) -> Gate {
        let verifier = TokenVerifier::new(
            self.endpoint.settings().policy(),
            Arc::clone(&self.keys),
            Arc::clone(&self.ambient),
        );
        let ended = Arc::clone(self) as Arc<dyn EndedSessions>;
        Gate::new(verifier, Arc::clone(&self.permissions)).with_ended_sessions(ended)
    }

    /// Tries the password on every candidate. Without one, it is tried on nobody, which Keycloak
    /// takes the same time for.
    async fn opened(
        &self,
        candidates: Vec<LoginCandidate>,
        password: &str,
    ) -> Result<Vec<(LoginCandidate, Tokens)>, AuthorizerError> {
        let mut opened = Vec::new();
        if candidates.is_empty() {
            let nobody = self.ambient.new_id().to_string();
            self.endpoint
                .password(&nobody, password)
                .await
                .map_err(AuthorizerError::unavailable)?;
        }
        for candidate in candidates {
            let username = candidate.user.to_string();
            match self.endpoint.password(&username, password).await {
                Ok(Grant::Issued(tokens)) => opened.push((candidate, tokens)),
                Ok(Grant::Refused) => {}
                Err(error) => {
                    self.close(opened).await;
                    return Err(AuthorizerError::unavailable(error));
                }
            }
        }
        Ok(opened)
    }

    /// Ends sessions that were opened and are not handed out.
    async fn close(&self, opened: Vec<(LoginCandidate, Tokens)>) {
        for (_, tokens) in opened {
            let Some(token) = tokens.refresh_token else {
                continue;
            };
            if let Err(error) = self.endpoint.log_out(&token).await {
                tracing::warn!(%error, "a session that nobody has was not ended");
            }
        }
    }

    /// The tokens, when they speak for the account that they were asked for.
    async fn checked(
        &self,
        account: LoginCandidate,
        tokens: Tokens,
    ) -> Result<IssuedTokens, AuthorizerError> {
        let verdict = self
            .verifier
            .verify(tokens.access_token.expose_secret())
            .await;
        let refusal = match verdict {
            Ok(principal)
                if principal.user == account.user && principal.tenant == account.tenant =>
            {
                return issued(tokens);
            }
            Ok(_) => None,
            Err(refusal) => Some(refusal),
        };
        self.close(vec![(account, tokens)]).await;
        let error = KeycloakError::ForeignToken(refusal);
        Err(AuthorizerError::unavailable(error))
    }

    /// Whether the tokens' user may still come in. What cannot be known now is the gate's business,
    /// which asks again for every request: the old token is spent, and the user needs the new one.
    async fn is_shut_out(&self, tokens: &Tokens) -> Result<bool, KeycloakError> {
        let verdict = self
            .verifier
            .verify(tokens.access_token.expose_secret())
            .await;
        let principal = match verdict {
            Ok(principal) => principal,
            Err(TokenRefusal::KeysUnavailable) => return Ok(false),
            Err(refusal) => return Err(KeycloakError::ForeignToken(Some(refusal))),
        };
        let grants = self.permissions.grants(&principal.tenant, principal.user);
        Ok(matches!(grants.await, Ok(None)))
    }
}

#[async_trait]
impl IdentityProvider for KeycloakProvider {
    async fn log_in(
        &self,
        candidates: Vec<LoginCandidate>,
        password: SecretString,
    ) -> Result<IssuedTokens, AuthorizerError> {
        let text = password.expose_secret();
        // Nobody's password, whoever it is tried on.
        if text.is_empty() || text.len() > PASSWORD_BYTES_MAX {
            return Err(AuthorizerError::Unauthenticated);
        }
        let opened = self.opened(candidates, &normalised(&password)).await?;
        // Keycloak may not have been told yet that a user is disabled.
        let (mut enabled, disabled): (Vec<_>, Vec<_>) =
            opened.into_iter().partition(|(account, _)| account.enabled);
        self.close(disabled).await;
        match (enabled.pop(), enabled.is_empty()) {
            (Some((account, tokens)), true) => self.checked(account, tokens).await,
            (Some(last), false) => {
                enabled.push(last);
                self.close(enabled).await;
                Err(AuthorizerError::TenantNeeded)
            }
            (None, _) => Err(AuthorizerError::Unauthenticated),
        }
    }

    async fn refresh(&self, token: &SecretString) -> Result<IssuedTokens, AuthorizerError> {
        let length = token.expose_secret().len();
        if !(1..=REFRESH_TOKEN_BYTES_MAX).contains(&length) {
            return Err(AuthorizerError::Unauthenticated);
        }
        let granted = self.endpoint.refresh(token).await;
        let Grant::Issued(tokens) = granted.map_err(AuthorizerError::unavailable)? else {
            return Err(AuthorizerError::Unauthenticated);
        };
        let shut_out = self.is_shut_out(&tokens).await;
        if !shut_out.map_err(AuthorizerError::unavailable)? {
            return issued(tokens);
        }
        // The old token is spent and nobody gets the new one: the session is over.
        if let Some(token) = &tokens.refresh_token {
            let ended = self.endpoint.log_out(token).await;
            ended.map_err(AuthorizerError::unavailable)?;
        }
        Err(AuthorizerError::Unauthenticated)
    }

    async fn log_out(
        &self,
        session: Option<&SessionId>,
        token: Option<&SecretString>,
    ) -> Result<(), AuthorizerError> {
        if let Some(session) = session {
            self.ended.insert(session.clone(), ());
            let ended = self.endpoint.end_session(session.as_str()).await;
            ended.map_err(AuthorizerError::unavailable)?;
        }
        let token = token
            .filter(|token| (1..=REFRESH_TOKEN_BYTES_MAX).contains(&token.expose_secret().len()));
        if let Some(token) = token {
            let ended = self.endpoint.log_out(token).await;
            // Only of a token that Keycloak took for its own is the session's name believed.
            if ended.map_err(AuthorizerError::unavailable)?
                && let Some(session) = session_named_by(token)
            {
                self.ended.insert(session, ());
            }
        }
        Ok(())
    }

    fn published(&self) -> Published {
        let settings = self.endpoint.settings();
        let policy = settings.policy();
        Published {
            jwks_uri: format!("{}/protocol/openid-connect/certs", settings.issuer),
            issuer: policy.issuer,
            algorithms: policy.algorithms,
            keys: self.keys.document(),
        }
    }
}

/// For [`KeycloakProvider::gate`]: in the authorizer's own process a logout works at once. Elsewhere
/// it works when the access token ends, at most five minutes later.
impl EndedSessions for KeycloakProvider {
    fn is_ended(&self, session: &SessionId) -> bool {
        self.ended.contains_key(session)
    }
}

fn issued(tokens: Tokens) -> Result<IssuedTokens, AuthorizerError> {
    let refresh_token = tokens
        .refresh_token
        .ok_or_else(|| AuthorizerError::unavailable(KeycloakError::Malformed))?;
    Ok(IssuedTokens {
        access_token: tokens.access_token,
        refresh_token,
        expires_in: tokens.expires_in,
    })
}

#[derive(Deserialize)]
struct RefreshClaims {
    sid: SessionId,
}

/// The session that a refresh token of Keycloak names, unverified.
fn session_named_by(token: &SecretString) -> Option<SessionId> {
    let payload = token.expose_secret().split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: RefreshClaims = serde_json::from_slice(&claims).ok()?;
    Some(claims.sid)
}
