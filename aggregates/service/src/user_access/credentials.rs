//! Passwords on their way from a command to the identity provider.
//!
//! A password never enters the journal, and the provider may be down when a command sets one. So it
//! goes in three steps, of which each may be repeated: its hash is *staged*, durably; the command is
//! appended; the provider takes the hash, and it is erased (*handed over*). The receipt of the
//! command is what makes a staged hash count. A crash or an outage after the append leaves a hash
//! that [`CredentialHandOver`] finds, in whichever process; one whose command never committed is
//! discarded after [`STAGED_TIME_MAX`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, TenantId};
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_schemas::{CommandId, CommandStamp};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

/// How often staged hashes are looked for.
pub const HAND_OVER_INTERVAL: Duration = Duration::from_secs(2);
/// How long a command waits for the provider to take its password; after that, the password
/// follows later.
const HAND_OVER_TIME_MAX: Duration = Duration::from_secs(3);
/// How long a hash waits for its command to commit. A request lives for seconds.
pub const STAGED_TIME_MAX: SignedDuration = SignedDuration::from_hours(24);
/// How many staged hashes one look takes.
const STAGED_AT_ONCE_MAX: u32 = 100;
/// After this many failures in a row the provider is taken to be down until the next look.
const FAILURES_IN_A_ROW_MAX: u32 = 3;

/// A password as a client sent it; it never enters the journal.
pub struct Password(String);

impl Password {
    /// Takes a password that the store's policy will judge.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The password itself, for the store alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password")
    }
}

/// Why a password was not taken.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// It breaks the policy; the sentence says how.
    #[error("{0}")]
    Refused(String),
    /// The store cannot be written now.
    #[error("the credential store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A password as it may be stored, and as a command's fingerprint may contain it.
#[derive(Clone)]
pub struct HashedPassword(pub String);

impl std::fmt::Debug for HashedPassword {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HashedPassword")
    }
}

/// The hash of a password whose command may have committed. Which user it is for stands in the
/// command's receipt.
#[derive(Debug, Clone)]
pub struct StagedCredential {
    /// The command, and what it asked: two requests may come under one command id, of which one
    /// commits.
    pub stamp: CommandStamp,
    /// Whose user's.
    pub tenant: TenantId,
    /// The hash.
    pub hash: HashedPassword,
    /// When it was staged.
    pub staged_at: Timestamp,
}

/// Where passwords go: a durable place where hashes wait, and the identity provider behind it.
#[async_trait]
pub trait CredentialStore: Send + Sync + std::fmt::Debug {
    /// Hashes a password. The salt is derived from `salt_source`, which is unique per command, so
    /// that a repeated command has the same hash.
    ///
    /// # Errors
    /// [`PasswordError`].
    async fn hash(
        &self,
        password: Password,
        salt_source: &[u8],
    ) -> Result<HashedPassword, PasswordError>;

    /// Stages a hash, durably. The same one again changes nothing, and neither does one whose
    /// command has been handed over.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    async fn stage(&self, staged: &StagedCredential) -> Result<(), PasswordError>;

    /// What a command staged and nobody has taken yet.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    async fn staged_by(&self, command: CommandId) -> Result<Vec<StagedCredential>, PasswordError>;

    /// What is staged, oldest first.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    async fn staged(&self, limit: u32) -> Result<Vec<StagedCredential>, PasswordError>;

    /// Has the provider take the hash as the user's only password, ending the sessions that were
    /// begun with another, and then erases what the command staged. Repeating it does no harm.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`]; the hash is still staged then.
    async fn hand_over(&self, user: UserId, staged: &StagedCredential)
    -> Result<(), PasswordError>;

    /// Removes what a command staged that never committed.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    async fn discard(&self, command: CommandId) -> Result<(), PasswordError>;
}

/// Stages the hash of a command that has not been done yet. Answers whether there is one to hand
/// over after the append.
///
/// # Errors
/// [`PasswordError::Unavailable`].
pub(crate) async fn stage(
    credentials: &dyn CredentialStore,
    staged: &StagedCredential,
    is_done: bool,
) -> Result<(), PasswordError> {
    // A repeat of a command that is done brings nothing new; an old password least of all.
    if is_done {
        return Ok(());
    }
    credentials.stage(staged).await
}

/// Hands over what a committed command has staged. An outage does not undo the command: the hash
/// waits, and [`CredentialHandOver`] comes by.
pub(crate) async fn hand_over(
    credentials: &dyn CredentialStore,
    user: UserId,
    stamp: CommandStamp,
) {
    let work = async {
        let staged = credentials.staged_by(stamp.id).await?;
        let ours = staged
            .iter()
            .find(|staged| staged.stamp.fingerprint == stamp.fingerprint);
        match ours {
            Some(staged) => credentials.hand_over(user, staged).await,
            None => Ok(()),
        }
    };
    match tokio::time::timeout(HAND_OVER_TIME_MAX, work).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(
            error = invoiceapp_http::problem::chain_text(&error),
            "a password follows later"
        ),
        Err(_) => tracing::warn!("a password follows later: the provider takes too long"),
    }
}

/// Finishes what commands began: hands staged hashes over, and discards those of commands that
/// never were. Any number of processes may do it at the same time.
#[derive(Debug, Clone)]
pub struct CredentialHandOver {
    /// Where the hashes wait.
    pub credentials: Arc<dyn CredentialStore>,
    /// Whose journal knows which commands committed.
    pub executor: CommandExecutor,
    /// The clock.
    pub ambient: Arc<dyn Ambient>,
}

impl CredentialHandOver {
    /// Looks every [`HAND_OVER_INTERVAL`], until the future is dropped.
    pub async fn run(&self) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(
                    error = invoiceapp_http::problem::chain_text(&error),
                    "staged passwords cannot be looked at"
                );
            }
            tokio::time::sleep(HAND_OVER_INTERVAL).await;
        }
    }

    /// Looks once. Answers how many were handed over.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`] when the staged hashes or the journal cannot be read, or the
    /// provider is down; the hashes are still staged then.
    pub async fn look(&self) -> Result<u32, PasswordError> {
        let mut handed_over = 0_u32;
        let mut failures = 0_u32;
        for staged in self.credentials.staged(STAGED_AT_ONCE_MAX).await? {
            match self.finish(&staged).await {
                Ok(true) => (handed_over, failures) = (handed_over.saturating_add(1), 0),
                Ok(false) => {}
                Err(error) if failures.saturating_add(1) >= FAILURES_IN_A_ROW_MAX => {
                    return Err(error);
                }
                Err(error) => {
                    failures = failures.saturating_add(1);
                    tracing::warn!(
                        error = invoiceapp_http::problem::chain_text(&error),
                        "a password could not be handed over"
                    );
                }
            }
        }
        Ok(handed_over)
    }

    async fn finish(&self, staged: &StagedCredential) -> Result<bool, PasswordError> {
        let command = staged.stamp.id;
        let receipt = self.executor.journal().receipt_of(command).await;
        let receipt = receipt.map_err(|error| PasswordError::Unavailable(Box::new(error)))?;
        let Some(committed) = receipt else {
            let discard_at = staged.staged_at.saturating_add(STAGED_TIME_MAX);
            if discard_at.is_ok_and(|at| at < self.ambient.now()) {
                self.credentials.discard(command).await?;
            }
            return Ok(false);
        };
        let rivals = self.credentials.staged_by(command).await?;
        if rivals.is_empty() {
            // Handed over or discarded since the list was read.
            return Ok(false);
        }
        if rivals.len() > 1 {
            // Two requests under one key, with different passwords, and a crash before either was
            // answered: which one committed is not known any more.
            tracing::error!("a password has to be set again: two were sent under one key");
            self.credentials.discard(command).await?;
            return Ok(false);
        }
        let user: Result<UserId, _> = committed.stream.key.parse();
        let user = user.map_err(|error| PasswordError::Unavailable(Box::new(error)))?;
        self.credentials.hand_over(user, staged).await?;
        Ok(true)
    }
}
