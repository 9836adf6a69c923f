//! The built-in issuer: passwords and sessions in the identity store, tokens signed with our own key.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_access::{PermissionSource, SessionId, SigningAlgorithm};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, TenantId};
use secrecy::SecretString;
use thiserror::Error;

use crate::directory::LoginCandidate;
use crate::keys::SigningKeys;
use crate::passwords::{HashError, PasswordHasher, PasswordRefusal, Salt, check_password};
use crate::provider::{AuthorizerError, Cause, IdentityProvider, Published};
use crate::routes::JWKS_PATH;
use crate::sqlite::{IdentityStore, NewSession, Rotation, Session};
use crate::tokens::{ACCESS_TOKEN_SECONDS, IssuedTokens, Issuer, RefreshDigest, new_refresh_token};

/// How often expired rows are removed.
pub const PURGE_INTERVAL: Duration = Duration::from_secs(600);

/// What a [`BuiltInIssuer`] is made of.
#[derive(Debug)]
pub struct BuiltInParts {
    /// The issuer's names.
    pub issuer: Issuer,
    /// The keys that sign.
    pub keys: Arc<SigningKeys>,
    /// Credentials, sessions and refresh tokens.
    pub store: IdentityStore,
    /// Who is enabled; the same source that every service asks.
    pub permissions: Arc<dyn PermissionSource>,
    /// Time and fresh identities.
    pub ambient: Arc<dyn Ambient>,
}

/// Why a password was not set.
#[derive(Debug, Error)]
pub enum SetPasswordError {
    /// It may not be a password.
    #[error(transparent)]
    Refused(#[from] PasswordRefusal),
    /// Something that is needed does not answer.
    #[error("the password cannot be stored")]
    Unavailable(#[source] Cause),
}

/// The built-in issuer.
#[derive(Debug)]
pub struct BuiltInIssuer {
    issuer: Issuer,
    keys: Arc<SigningKeys>,
    store: IdentityStore,
    permissions: Arc<dyn PermissionSource>,
    ambient: Arc<dyn Ambient>,
    passwords: PasswordHasher,
}

impl BuiltInIssuer {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: BuiltInParts) -> Arc<Self> {
        Arc::new(Self {
            issuer: parts.issuer,
            keys: parts.keys,
            store: parts.store,
            permissions: parts.permissions,
            ambient: parts.ambient,
            passwords: PasswordHasher::default(),
        })
    }

    /// The issuer's names.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The enabled candidates whose password it is. Disabled ones cost the same work.
    async fn matching(
        &self,
        candidates: Vec<LoginCandidate>,
        password: SecretString,
    ) -> Result<Vec<LoginCandidate>, AuthorizerError> {
        let mut hashes = Vec::with_capacity(candidates.len());
        for candidate in &candidates {
            let hash = self
                .store
                .credential(&candidate.tenant, candidate.user)
                .await;
            hashes.push(hash.map_err(AuthorizerError::unavailable)?);
        }
        let places = self
            .passwords
            .matching(password, hashes)
            .await
            .map_err(AuthorizerError::unavailable)?;
        let matches = |place: &usize| places.contains(place);
        Ok(candidates
            .into_iter()
            .enumerate()
            .filter(|(place, candidate)| matches(place) && candidate.enabled)
            .map(|(_, candidate)| candidate)
            .collect())
    }

    async fn start_session(
        &self,
        account: &LoginCandidate,
    ) -> Result<IssuedTokens, AuthorizerError> {
        let refresh_token = new_refresh_token().map_err(AuthorizerError::unavailable)?;
        let new = NewSession {
            id: self.ambient.new_id(),
            tenant: &account.tenant,
            user: account.user,
            digest: RefreshDigest::of(&refresh_token),
        };
        let session = self
            .store
            .start_session(new, self.ambient.now())
            .await
            .map_err(AuthorizerError::unavailable)?;
        self.issue(&session, refresh_token)
    }

    fn issue(
        &self,
        session: &Session,
        refresh_token: SecretString,
    ) -> Result<IssuedTokens, AuthorizerError> {
        let access_token = self
            .issuer
            .access_token(&self.keys, session, self.ambient.as_ref())
            .map_err(AuthorizerError::unavailable)?;
        Ok(IssuedTokens {
            access_token,
            refresh_token,
            expires_in: ACCESS_TOKEN_SECONDS,
        })
    }

    /// Gives a user a password, and ends the sessions that were begun with another. Setting the
    /// same one again does no harm, so the caller may retry.
    ///
    /// # Errors
    /// [`SetPasswordError`].
    pub async fn set_password(
        &self,
        tenant: &TenantId,
        user: UserId,
        password: SecretString,
    ) -> Result<(), SetPasswordError> {
        check_password(&password)?;
        let unavailable = |cause: Cause| SetPasswordError::Unavailable(cause);
        let salt = Salt::generate().map_err(|error| unavailable(error.into()))?;
        let hash = self
            .passwords
            .hash_password(password, salt)
            .await
            .map_err(|error: HashError| unavailable(error.into()))?;
        self.store
            .set_credential(tenant, user, &hash, self.ambient.now())
            .await
            .map_err(|error| unavailable(error.into()))
    }

    /// Ends every session of a user, as when the user is disabled. Their access tokens stop counting
    /// at every gate that asks the store.
    ///
    /// # Errors
    /// [`AuthorizerError::Unavailable`].
    pub async fn end_sessions_of_user(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<(), AuthorizerError> {
        let ended = self
            .store
            .end_sessions_of_user(tenant, user, self.ambient.now())
            .await;
        ended.map_err(AuthorizerError::unavailable)
    }

    /// Removes expired rows every [`PURGE_INTERVAL`], until the future is dropped. One task per
    /// process runs it.
    pub async fn keep_house(&self) {
        loop {
            match self.store.purge_expired(self.ambient.now()).await {
                // There may be more.
                Ok(removed) if removed > 0 => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "expired sessions were not removed"),
            }
            tokio::time::sleep(PURGE_INTERVAL).await;
        }
    }
}

#[async_trait]
impl IdentityProvider for BuiltInIssuer {
    async fn log_in(
        &self,
        candidates: Vec<LoginCandidate>,
        password: SecretString,
    ) -> Result<IssuedTokens, AuthorizerError> {
        let mut matching = self.matching(candidates, password).await?;
        match (matching.pop(), matching.is_empty()) {
            (Some(account), true) => self.start_session(&account).await,
            (Some(_), false) => Err(AuthorizerError::TenantNeeded),
            (None, _) => Err(AuthorizerError::Unauthenticated),
        }
    }

    /// When it is `Unavailable`, the token may be tried again.
    async fn refresh(&self, token: &SecretString) -> Result<IssuedTokens, AuthorizerError> {
        let presented = RefreshDigest::of(token);
        let now = self.ambient.now();
        let session = self
            .store
            .session_of(presented, now)
            .await
            .map_err(AuthorizerError::unavailable)?
            .ok_or(AuthorizerError::Unauthenticated)?;
        // Asked before the token is spent, so that an outage does not cost the user the login.
        self.permissions
            .grants(&session.tenant, session.user)
            .await
            .map_err(AuthorizerError::unavailable)?
            .ok_or(AuthorizerError::Unauthenticated)?;
        let successor = new_refresh_token().map_err(AuthorizerError::unavailable)?;
        let rotation = self
            .store
            .rotate(presented, RefreshDigest::of(&successor), now)
            .await
            .map_err(AuthorizerError::unavailable)?;
        match rotation {
            Rotation::Rotated(session) => self.issue(&session, successor),
            Rotation::Reused(session) => {
                tracing::warn!(
                    tenant = %session.tenant,
                    session = %session.id,
                    "a refresh token was used twice: its session has been ended"
                );
                Err(AuthorizerError::Unauthenticated)
            }
            Rotation::Invalid => Err(AuthorizerError::Unauthenticated),
        }
    }

    async fn log_out(
        &self,
        session: Option<&SessionId>,
        token: Option<&SecretString>,
    ) -> Result<(), AuthorizerError> {
        let now = self.ambient.now();
        // A session by another kind of name is none of ours.
        if let Some(session) = session.and_then(SessionId::as_uuid) {
            let ended = self.store.end_session(session, now).await;
            ended.map_err(AuthorizerError::unavailable)?;
        }
        if let Some(token) = token {
            let ended = self
                .store
                .end_session_of_token(RefreshDigest::of(token), now)
                .await;
            ended.map_err(AuthorizerError::unavailable)?;
        }
        Ok(())
    }

    fn published(&self) -> Published {
        let issuer = self.issuer.url.clone();
        Published {
            jwks_uri: format!("{issuer}{JWKS_PATH}"),
            issuer,
            algorithms: vec![SigningAlgorithm::Es256],
            keys: self.keys.public().clone(),
        }
    }
}
