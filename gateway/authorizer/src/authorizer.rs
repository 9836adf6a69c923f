//! The use cases, whoever the provider is: log in, refresh, log out, who am I.

use std::net::IpAddr;
use std::sync::Arc;

use invoiceapp_access::Principal;
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::party::EmailAddress;
use invoiceapp_domain::{Ambient, TenantId};
use secrecy::SecretString;

use crate::directory::{
    LOGIN_CANDIDATES_MAX, LoginCandidate, UserDirectory, UserProfile, WaitError,
};
use crate::provider::{AuthorizerError, IdentityProvider, Published};
use crate::throttle::{LoginLimits, LoginThrottle};
use crate::tokens::IssuedTokens;

/// What an [`Authorizer`] is made of.
#[derive(Debug)]
pub struct AuthorizerParts {
    /// Who judges passwords and issues tokens.
    pub provider: Arc<dyn IdentityProvider>,
    /// Who has which e-mail address.
    pub directory: Arc<dyn UserDirectory>,
    /// How often one may try.
    pub limits: LoginLimits,
    /// The clock that the limits are counted by.
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

/// The use cases over their parts.
#[derive(Debug)]
pub struct Authorizer {
    provider: Arc<dyn IdentityProvider>,
    directory: Arc<dyn UserDirectory>,
    throttle: LoginThrottle,
}

impl Authorizer {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: AuthorizerParts) -> Arc<Self> {
        Arc::new(Self {
            provider: parts.provider,
            directory: parts.directory,
            throttle: LoginThrottle::new(parts.limits, &parts.ambient),
        })
    }

    /// What the provider publishes about itself.
    #[must_use]
    pub fn published(&self) -> Published {
        self.provider.published()
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
        self.provider.log_in(candidates, attempt.password).await
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

    /// Exchanges a refresh token for fresh tokens. A token that comes a second time ends its
    /// session.
    ///
    /// # Errors
    /// [`AuthorizerError`].
    pub async fn refresh(&self, token: &SecretString) -> Result<IssuedTokens, AuthorizerError> {
        self.provider.refresh(token).await
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
        let session = caller.and_then(|principal| principal.session.as_ref());
        self.provider.log_out(session, token).await
    }

    /// Waits until users are known as of a position that the caller has seen.
    ///
    /// # Errors
    /// [`AuthorizerError::Behind`] when that takes too long, [`AuthorizerError::Unavailable`].
    pub async fn wait_for(&self, position: u64) -> Result<(), AuthorizerError> {
        let reached = self.directory.wait_for(position).await;
        reached.map_err(|error| match error {
            WaitError::Behind => AuthorizerError::Behind,
            WaitError::Unavailable(cause) => AuthorizerError::unavailable(cause),
        })
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
