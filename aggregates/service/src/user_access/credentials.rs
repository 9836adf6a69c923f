//! Passwords on their way from a command to the identity provider.
//!
//! A password never enters the journal, and the provider may be down when a command sets one. So it
//! goes in three steps, of which each may be repeated: its hash is *staged*, durably; the command is
//! appended; the provider takes the hash, and it is erased (*handed over*). The receipt of the
//! command is what makes a staged hash count. A crash or an outage after the append leaves a hash
//! that [`CredentialHandOver`] finds, in whichever process.
//!
//! | the command | what becomes of the hash |
//! |---|---|
//! | committed | handed over, by the request or by [`CredentialHandOver`] |
//! | refused | *withdrawn* by the request; it goes with the last of those that staged it |
//! | another one committed under its id | discarded by [`CredentialHandOver`] |
//! | committed, and a later one of the user was handed over | erased, by either |
//! | nobody knows, and it never committed | discarded after [`STAGED_TIME_MAX`] |
//!
//! Later is who drew the later [`Turn`], before asking whether the command is done. So of two commands
//! of which one was sent when the other had been answered, the later one's password stays.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use invoiceapp_domain::ids::UserId;
use invoiceapp_domain::{Ambient, TenantId};
use invoiceapp_journal::execute::CommandExecutor;
use invoiceapp_journal::port::{AppendError, Journal};
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
/// How many staged hashes are read at once; a look takes all of them, page by page.
pub const STAGED_PAGE_MAX: u32 = 100;
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

/// A place in the order of passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn(pub i64);

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
    /// When it was staged last.
    pub staged_at: Timestamp,
    /// The latest turn of the requests that staged it.
    pub turn: Turn,
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

    /// Draws a turn, later than every one drawn before. To be drawn before the journal is asked whether
    /// the command is done: then every turn of a command is from before it committed.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    async fn draw_turn(&self) -> Result<Turn, PasswordError>;

    /// Stages a hash, durably, for one request more. One whose command has been handed over changes
    /// nothing.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    async fn stage(&self, staged: &StagedCredential) -> Result<(), PasswordError>;

    /// What a command staged and nobody has taken yet.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    async fn staged_by(&self, command: CommandId) -> Result<Vec<StagedCredential>, PasswordError>;

    /// What is staged, in the order of turns: the first page, or the one after the one that ended with this.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    async fn staged(
        &self,
        after: Option<&StagedCredential>,
        limit: u32,
    ) -> Result<Vec<StagedCredential>, PasswordError>;

    /// Has the provider take the hash as the user's only password, ending the sessions that were
    /// begun with another, and then erases what the command staged. One that a later one of the user
    /// overtook is erased only. Answers whether the provider took it. Repeating it does no harm.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`]; the hash is still staged then.
    async fn hand_over(
        &self,
        user: UserId,
        staged: &StagedCredential,
    ) -> Result<bool, PasswordError>;

    /// Takes back one of the requests that staged a hash, which was refused. With the last one the
    /// hash is removed.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    async fn withdraw(&self, stamp: CommandStamp) -> Result<(), PasswordError>;

    /// Removes a hash whose command never committed, however many requests staged it.
    ///
    /// # Errors
    /// [`PasswordError::Unavailable`].
    async fn discard(&self, stamp: CommandStamp) -> Result<(), PasswordError>;
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
            Some(staged) => credentials.hand_over(user, staged).await.map(drop),
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

/// Withdraws what a refused command has staged, so that it does not wait for a day for a command that
/// never comes. The request may have come several times, and only this one have been refused: the
/// hash stays for the others, and where one of them has committed it is on its way.
pub(crate) async fn withdraw(
    credentials: &dyn CredentialStore,
    journal: &dyn Journal,
    stamp: CommandStamp,
) {
    match journal.receipt(stamp).await {
        // Not committed, or another request under the same id was: then this one never will be.
        Ok(None) | Err(AppendError::CommandReused) => {}
        Ok(Some(_)) | Err(_) => return,
    }
    if let Err(error) = credentials.withdraw(stamp).await {
        tracing::warn!(
            error = invoiceapp_http::problem::chain_text(&error),
            "the password of a refused command stays for a day"
        );
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
        let mut tally = Tally::default();
        let mut last: Option<StagedCredential> = None;
        loop {
            let page = self.credentials.staged(last.as_ref(), STAGED_PAGE_MAX);
            let page = page.await?;
            for staged in &page {
                tally.count(self.finish(staged).await)?;
            }
            match page.into_iter().next_back() {
                Some(end) => last = Some(end),
                None => return Ok(tally.handed_over),
            }
        }
    }

    async fn finish(&self, staged: &StagedCredential) -> Result<bool, PasswordError> {
        let committed = match self.executor.journal().receipt(staged.stamp).await {
            Ok(Some(committed)) => committed,
            Ok(None) => {
                let discard_at = staged.staged_at.saturating_add(STAGED_TIME_MAX);
                if discard_at.is_ok_and(|at| at < self.ambient.now()) {
                    self.credentials.discard(staged.stamp).await?;
                }
                return Ok(false);
            }
            Err(AppendError::CommandReused) => {
                self.credentials.discard(staged.stamp).await?;
                return Ok(false);
            }
            Err(error) => return Err(PasswordError::Unavailable(Box::new(error))),
        };
        let user: Result<UserId, _> = committed.stream.key.parse();
        let user = user.map_err(|error| PasswordError::Unavailable(Box::new(error)))?;
        self.credentials.hand_over(user, staged).await
    }
}

/// What has become of the hashes of one look.
#[derive(Debug, Default)]
struct Tally {
    handed_over: u32,
    failures_in_a_row: u32,
}

impl Tally {
    /// Counts an outcome; the failure that is one too many ends the look.
    fn count(&mut self, outcome: Result<bool, PasswordError>) -> Result<(), PasswordError> {
        match outcome {
            Ok(false) => {}
            Ok(true) => {
                self.handed_over = self.handed_over.saturating_add(1);
                self.failures_in_a_row = 0;
            }
            Err(error) => {
                self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
                if self.failures_in_a_row >= FAILURES_IN_A_ROW_MAX {
                    return Err(error);
                }
                tracing::warn!(
                    error = invoiceapp_http::problem::chain_text(&error),
                    "a password could not be handed over"
                );
            }
        }
        Ok(())
    }
}
