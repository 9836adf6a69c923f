//! Credentials on their way to the provider.
//!
//! A command that sets a password stages its Argon2id hash, then appends to the journal, then the
//! provider takes the hash and it is erased. The journal's receipt is what makes a staged hash
//! count: one whose command never committed is discarded, one whose command did is handed over by
//! whoever comes by, also after a crash. The password itself is stored nowhere.

mod postgres;
mod sqlite;

use async_trait::async_trait;
use invoiceapp_domain::TenantId;
use jiff::Timestamp;
use thiserror::Error;
use uuid::Uuid;

use crate::passwords::PasswordHash;

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
    /// When it was staged, in whole seconds.
    pub staged_at: Timestamp,
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
    /// Stages a credential, durably. The same one again changes nothing, and neither does one whose
    /// command has been handed over.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn stage(&self, credential: &StagedCredential) -> Result<(), StagingError>;

    /// What a command staged and nobody has taken yet.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn staged_by(&self, command: Uuid) -> Result<Vec<StagedCredential>, StagingError>;

    /// What is staged, oldest first.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn staged(&self, limit: u32) -> Result<Vec<StagedCredential>, StagingError>;

    /// Erases every hash of a command that the provider has taken, and remembers the command.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn handed_over(&self, command: Uuid, now: Timestamp) -> Result<(), StagingError>;

    /// Removes what a command staged that never committed.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn discard(&self, command: Uuid) -> Result<(), StagingError>;

    /// Forgets the commands that were handed over before an instant. Answers how many.
    ///
    /// # Errors
    /// [`StagingError`].
    async fn forget(&self, before: Timestamp) -> Result<u64, StagingError>;
}

/// A row as both engines have it.
struct Row {
    command: Uuid,
    fingerprint: Vec<u8>,
    tenant: String,
    phc: String,
    staged_at: i64,
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
        })
    }
}
