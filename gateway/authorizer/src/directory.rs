//! The port to the users. They are aggregates of the journal, and this service only looks them up:
//! the composition root implements the port over the read model.

use async_trait::async_trait;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use thiserror::Error;

/// How many accounts with one e-mail address a login tries its password on. An address is unique
/// within a tenant only.
pub const LOGIN_CANDIDATES_MAX: usize = 8;

/// Looks users up.
#[async_trait]
pub trait UserDirectory: Send + Sync + std::fmt::Debug + 'static {
    /// The accounts with an e-mail address, in its normalised spelling
    /// (`EmailAddress::normalised`): in one tenant, or over all of them. More than
    /// [`LOGIN_CANDIDATES_MAX`] need not be answered, and must be the same ones every time.
    ///
    /// # Errors
    /// [`DirectoryUnavailable`] when it cannot be known at the moment.
    async fn by_email(
        &self,
        normalised_email: &str,
        tenant: Option<&TenantId>,
    ) -> Result<Vec<LoginCandidate>, DirectoryUnavailable>;

    /// A user's profile; `None` when there is no such user.
    ///
    /// # Errors
    /// [`DirectoryUnavailable`] when it cannot be known at the moment.
    async fn user(
        &self,
        tenant: &TenantId,
        user: UserId,
    ) -> Result<Option<UserProfile>, DirectoryUnavailable>;

    /// Waits until the users are known as of a position of the journal, or later.
    ///
    /// # Errors
    /// [`WaitError::Behind`] when that takes too long.
    async fn wait_for(&self, position: u64) -> Result<(), WaitError>;
}

/// An account that a login may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginCandidate {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its user.
    pub user: UserId,
    /// False for a disabled user, who cannot log in.
    pub enabled: bool,
}

/// What a user is told about themselves.
#[derive(Clone, PartialEq, Eq)]
pub struct UserProfile {
    /// The e-mail address, as registered.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
}

impl std::fmt::Debug for UserProfile {
    /// Personal data stays out of logs.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("UserProfile")
            .finish_non_exhaustive()
    }
}

/// Why the users are not known as of a position.
#[derive(Debug, Error)]
pub enum WaitError {
    /// They are known as of an earlier one, and that has not changed in time.
    #[error("users are not known up to the position yet")]
    Behind,
    /// They are not known at all.
    #[error(transparent)]
    Unavailable(DirectoryUnavailable),
}

/// The users cannot be looked up at the moment.
#[derive(Debug, Error)]
#[error("users cannot be looked up")]
pub struct DirectoryUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);
