//! Credentials on their way to the provider.
//!
//! A command that sets a password stages its Argon2id hash, then appends to the journal, then the
//! provider takes the hash and it is erased. The journal's receipt is what makes a staged hash
//! count: one whose command never committed is discarded, one whose command did is handed over by
//! whoever comes by, also after a crash. The password itself is stored nowhere.
//!
//! One request may come several times at once, of which one is refused and another one commits. So a
//! row counts the requests that staged it, and a refused one withdraws: the last takes the row along.
//!
//! # Order
//!
//! Of two passwords of a user, the one that the journal has committed later is to stay, whoever hands
//! them over and when. The order is that of their *turns*. A request draws one, then asks the journal
//! whether its command is done, and only then stages; so every turn of a command was drawn before it
//! committed. A command that was sent when another one had been answered therefore has the later turn,
//! also when it had been staged before, by a request that got nowhere: staging again renews the turn.
//! Of two that were under way at the same time, either may be the later one.

mod hand_over;
mod postgres;
mod sqlite;

use async_trait::async_trait;
use invoiceapp_domain::TenantId;
use invoiceapp_domain::ids::UserId;
use jiff::Timestamp;
use thiserror::Error;
use uuid::Uuid;

use crate::passwords::PasswordHash;

pub use self::hand_over::{CredentialTaker, HandOverError, NotTaken, hand_over};
pub use self::postgres::PostgresStaging;

/// A hash of a password whose command may have committed.
#[derive(Debug, Clone)]
pub struct StagedCredential {
    /// The command.
    pub command: Uuid,
    /// What it asked: two requests under one command id are told apart by it.
    pub fingerprint: [u8; 32],
    /// Whose user's.
    pub tenant: TenantId,
    /// The hash.
    pub hash: PasswordHash,
    /// When it was staged last, in whole seconds.
    pub staged_at: Timestamp,
    /// Its place in the order of passwords, of [`CredentialStaging::draw_turn`].
    pub turn: i64,
}

/// While it lives, nobody else hands a password of the user over.
#[must_use]
pub struct UserLock(#[expect(dead_code, reason = "its end is what it does")] Box<dyn Send>);

impl UserLock {
    fn held_by(holder: impl Send + 'static) -> Self {
        Self(Box::new(holder))
    }
}

/// The staging place does not answer, or is damaged.
#[derive(Debug, Error)]
#[error("staged credentials cannot be read or written")]
pub struct StagingError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl StagingError {
    fn of(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// Where credentials are staged. Every adapter passes [`crate::conformance::staging`].
#[async_trait]
pub trait CredentialStaging: Send + Sync + std::fmt::Debug + 'static {
    /// Draws a turn, later than every one drawn before. To be drawn before the journal is asked whether
    /// the command is done.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn draw_turn(&self) -> Result<i64, StagingError>;

    /// Stages a credential, durably, for one request more; the latest of their turns counts. One whose
    /// command has been handed over changes nothing.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn stage(&self, credential: &StagedCredential) -> Result<(), StagingError>;

    /// What a command staged and nobody has taken yet.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn staged_by(&self, command: Uuid) -> Result<Vec<StagedCredential>, StagingError>;

    /// What is staged, in the order of turns: the first page, or the one after the one that ended with
    /// a credential, whether or not that one is still there.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn staged(
        &self,
        after: Option<&StagedCredential>,
        limit: u32,
    ) -> Result<Vec<StagedCredential>, StagingError>;

    /// Waits until nobody hands a password of the user over, in whichever process, and keeps it so.
    ///
    /// # Errors
    /// [`StagingError`], also when it takes too long.
    async fn lock(&self, tenant: &TenantId, user: UserId) -> Result<UserLock, StagingError>;

    /// Keeps, durably, that the provider is about to be given a user's credential, of which the caller
    /// has the [lock](Self::lock). False when it was about to be given a later one before.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn take_turn(
        &self,
        user: UserId,
        credential: &StagedCredential,
    ) -> Result<bool, StagingError>;

    /// Erases every hash of a command that the provider has taken, or of which it has a later one, and
    /// remembers the command.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn handed_over(&self, command: Uuid, now: Timestamp) -> Result<(), StagingError>;

    /// Takes back one of the requests that staged a credential, which was refused. With the last one
    /// the credential is removed.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn withdraw(&self, command: Uuid, fingerprint: &[u8; 32]) -> Result<(), StagingError>;

    /// Removes a credential whose command never committed, however many requests staged it.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn discard(&self, command: Uuid, fingerprint: &[u8; 32]) -> Result<(), StagingError>;

    /// Forgets the commands that were handed over before an instant. Answers how many.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn forget(&self, before: Timestamp) -> Result<u64, StagingError>;
}

/// What a page begins behind.
type PageStart = (i64, Uuid, [u8; 32]);

/// Behind a credential, or behind nothing.
fn page_start(after: Option<&StagedCredential>) -> PageStart {
    after.map_or((i64::MIN, Uuid::nil(), [0; 32]), |last| {
        (last.turn, last.command, last.fingerprint)
    })
}

/// A row as both engines have it.
struct Row {
    command: Uuid,
    fingerprint: Vec<u8>,
    tenant: String,
    phc: String,
    staged_at: i64,
    turn: i64,
}

impl TryFrom<Row> for StagedCredential {
    type Error = StagingError;

    fn try_from(row: Row) -> Result<Self, StagingError> {
        let fingerprint = row.fingerprint.try_into();
        Ok(Self {
            command: row.command,
            fingerprint: fingerprint.map_err(|_| StagingError::of("a damaged fingerprint"))?,
            tenant: TenantId::parse(&row.tenant).map_err(StagingError::of)?,
            hash: PasswordHash::from_stored(row.phc),
            staged_at: Timestamp::from_second(row.staged_at).map_err(StagingError::of)?,
            turn: row.turn,
        })
    }
}
