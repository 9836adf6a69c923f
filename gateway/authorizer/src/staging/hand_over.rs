//! One credential's way from the staging place to the provider.
//!
//! | crash | what is left | what the next one does |
//! |---|---|---|
//! | after the turn was kept, before the provider was asked | the hash, and its own turn | gives it |
//! | after the provider took it, before it was erased | the hash, and its own turn | gives it again |
//! | the same, and a later one was given meanwhile | the hash, and a later turn | erases it |
//!
//! So the turn is kept before the provider is asked: an older password finds it there, whatever
//! becomes of the newer one's call. Nothing is lost by it, because a hash is erased only when the
//! provider has taken it or a later one's turn is kept, and a turn is kept only of what is staged.

use async_trait::async_trait;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use jiff::Timestamp;
use thiserror::Error;

use super::{CredentialStaging, StagedCredential, StagingError};
use crate::passwords::PasswordHash;

/// The provider did not take a hash.
pub type NotTaken = Box<dyn std::error::Error + Send + Sync>;

/// Who takes the hashes over.
#[async_trait]
pub trait CredentialTaker: Send + Sync + std::fmt::Debug + 'static {
    /// Takes a hash as the user's only password, ending the sessions begun with another.
    ///
    /// # Errors
    /// [`NotTaken`]; the provider may or may not have it.
    async fn take(
        &self,
        tenant: &TenantId,
        user: UserId,
        hash: &PasswordHash,
    ) -> Result<(), NotTaken>;
}

/// Why a credential was not handed over. It is still staged.
#[derive(Debug, Error)]
pub enum HandOverError {
    /// The staging place failed.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The provider failed.
    #[error("the provider did not take a password")]
    NotTaken(#[source] NotTaken),
}

/// Has the provider take a staged credential of a command that committed, and erases it; of one that a
/// later one overtook it is only erased. Answers whether the provider took it.
///
/// Whoever drops the future while the provider is asked ends the user's lock too early: let it run to
/// its end.
///
/// # Errors
/// [`HandOverError`].
pub async fn hand_over(
    staging: &dyn CredentialStaging,
    taker: &dyn CredentialTaker,
    user: UserId,
    staged: &StagedCredential,
    now: Timestamp,
) -> Result<bool, HandOverError> {
    let command = staged.command;
    let lock = staging.lock(&staged.tenant, user).await?;
    // Somebody else may have handed it over since it was read.
    let waiting = staging.staged_by(command).await?;
    let of_this = |it: &StagedCredential| it.fingerprint == staged.fingerprint;
    let Some(staged) = waiting.into_iter().find(of_this) else {
        return Ok(false);
    };
    let is_its_turn = staging.take_turn(user, &staged).await?;
    if is_its_turn {
        let taken = taker.take(&staged.tenant, user, &staged.hash).await;
        taken.map_err(HandOverError::NotTaken)?;
    }
    staging.handed_over(command, now).await?;
    drop(lock);
    Ok(is_its_turn)
}
