//! The use cases: log in, refresh, log out, set a password.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use invoiceapp_access::{PermissionSource, Principal};
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::{Ambient, TenantId};
use secrecy::SecretString;
use thiserror::Error;

use crate::directory::{LOGIN_CANDIDATES_MAX, LoginCandidate, UserDirectory, UserProfile};
use crate::keys::SigningKeys;
use crate::passwords::{HashError, PasswordHasher, PasswordRefusal, Salt, check_password};
use crate::sqlite::{IdentityStore, NewSession, Rotation, Session};
use crate::throttle::{LoginLimits, LoginThrottle};
use crate::tokens::{ACCESS_TOKEN_SECONDS, IssuedTokens, Issuer, RefreshDigest, new_refresh_token};

/// How often expired rows are removed.
pub const PURGE_INTERVAL: Duration = Duration::from_secs(600);

/// A cause that goes to the log and not to the client.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What an [`Authorizer`] is made of.
#[derive(Debug)]
pub struct AuthorizerParts {
    /// The issuer's names.
    pub issuer: Issuer,
    /// The keys that sign.
    pub keys: Arc<SigningKeys>,
    /// Credentials, sessions and refresh tokens.
    pub store: IdentityStore,
    /// Who has which e-mail address.
    pub directory: Arc<dyn UserDirectory>,
    /// Who is enabled; the same source that every service asks.
    pub permissions: Arc<dyn PermissionSource>,
    /// How often one may try.
    pub limits: LoginLimits,
    /// Time and fresh identities.
    pub ambient: Arc<dyn Ambient>,
}

/// One try to log in.
#[derive(Debug)]
pub struct LoginAttempt {
    /// The e-mail address, as typed.
    pub username: SecretString,
    /// The password, as typed.
    pub password: SecretString,
    /// The tenant, for a person who has accounts in several.
    pub tenant: Option<String>,
    /// Where it comes from, as limits count it.
    pub address: IpAddr,
}

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
    /// Something that is needed does not answer.
    #[error("a part of the login does not answer")]
    Unavailable(#[source] Cause),
}

impl AuthorizerError {
    fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }
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
pub struct Authorizer {
    issuer: Issuer,
    keys: Arc<SigningKeys>,
    store: IdentityStore,
    directory: Arc<dyn UserDirectory>,
    permissions: Arc<dyn PermissionSource>,
    ambient: Arc<dyn Ambient>,
    passwords: PasswordHasher,
    throttle: LoginThrottle,
}

impl Authorizer {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: AuthorizerParts) -> Arc<Self> {
        let throttle = LoginThrottle::new(parts.limits, &parts.ambient);
        Arc::new(Self {
            issuer: parts.issuer,
            keys: parts.keys,
            store: parts.store,
            directory: parts.directory,
            permissions: parts.permissions,
            ambient: parts.ambient,
            passwords: PasswordHasher::default(),
            throttle,
        })
    }

    /// The issuer's names.
    #[must_use]
    pub const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The issuer's keys.
    #[must_use]
    pub fn keys(&self) -> &SigningKeys {
        &self.keys
    }

    /// Lets a user in who knows the password of exactly one enabled account.
    ///
    /// # Errors
    /// [`AuthorizerError`].
    pub async fn login(&self, attempt: LoginAttempt) -> Result<IssuedTokens, AuthorizerError> {
        let account = account_name(&attempt.username);
        self.throttle
            .check(account.as_str(), attempt.address)
            .map_err(|retry_after| AuthorizerError::Throttled { retry_after })?;
        let candidates = self.candidates(&account, attempt.tenant.as_deref()).await?;
        let mut matching = self.matching(candidates, attempt.password).await?;
        match (matching.pop(), matching.is_empty()) {
            (Some(account), true) => self.start_session(&account).await,
            (Some(_), false) => Err(AuthorizerError::TenantNeeded),
            (None, _) => Err(AuthorizerError::Unauthenticated),
        }
    }

    async fn candidates(
        &self,
        account: &AccountName,
        tenant: Option<&str>,
    ) -> Result<Vec<LoginCandidate>, AuthorizerError> {
        let AccountName::Email(email) = account else {
            return Ok(Vec::new());
        };
        let tenant = match tenant.map(TenantId::parse) {
            Some(Ok(tenant)) => Some(tenant),
            Some(Err(_)) => return Ok(Vec::new()),
            None => None,
        };
        let mut candidates = self
            .directory
            .by_email(email, tenant.as_ref())
            .await
            .map_err(AuthorizerError::unavailable)?;
        candidates.truncate(LOGIN_CANDIDATES_MAX);
        Ok(candidates)
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

    /// Exchanges a refresh token for fresh tokens. A token that comes a second time ends its
    /// session.
    ///
    /// # Errors
    /// [`AuthorizerError`]; when it is `Unavailable`, the token may be tried again.
    pub async fn refresh(&self, token: &SecretString) -> Result<IssuedTokens, AuthorizerError> {
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

    /// Ends the caller's session, and the one of a refresh token: whichever are given.
    ///
    /// # Errors
    /// [`AuthorizerError::Unavailable`].
    pub async fn logout(
        &self,
        caller: Option<&Principal>,
        token: Option<&SecretString>,
    ) -> Result<(), AuthorizerError> {
        let now = self.ambient.now();
        if let Some(session) = caller.and_then(|principal| principal.session) {
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

    /// The profile of a user; `None` when there is no such user.
    ///
    /// # Errors
    /// [`AuthorizerError::Unavailable`].
    pub async fn profile(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<UserProfile>, AuthorizerError> {
        self.directory
            .user(tenant, user)
            .await
            .map_err(AuthorizerError::unavailable)
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

/// The name typed at a login.
enum AccountName {
    /// It may be an account's: a normalised e-mail address.
    Email(String),
    /// It cannot be anybody's.
    Other(String),
}

impl AccountName {
    fn as_str(&self) -> &str {
        match self {
            Self::Email(name) | Self::Other(name) => name,
        }
    }
}

fn account_name(typed: &SecretString) -> AccountName {
    use secrecy::ExposeSecret;
    let typed = typed.expose_secret().trim();
    match EmailAddress::parse(typed) {
        Ok(address) => AccountName::Email(address.normalised()),
        Err(_) => AccountName::Other(typed.to_lowercase()),
    }
}
