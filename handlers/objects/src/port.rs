//! The port: put if absent, put for an archive, get with the hash checked.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use invoiceapp_domain::TenantId;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Largest object, in bytes.
pub const OBJECT_BYTES_MAX: usize = 16 << 20;
/// Longest name of an area, in bytes.
pub const AREA_BYTES_MAX: usize = 40;
/// Length of a SHA-256 in hexadecimal.
const SHA256_HEX_LENGTH: usize = 64;

/// The store failed.
#[derive(Debug, Error)]
pub enum ObjectError {
    /// Reading or writing is not possible now; trying again later is right.
    #[error("the object store is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The stored bytes do not have the hash that their key names.
    #[error("the object {key} is damaged")]
    Damaged {
        /// Which object.
        key: String,
    },
    /// Larger than [`OBJECT_BYTES_MAX`].
    #[error("the object is too large")]
    TooLarge,
    /// The area or hash is not one that this program makes.
    #[error("the object key is malformed")]
    MalformedKey,
}

impl ObjectError {
    /// Whether the same call may succeed later, with nobody's help.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Damaged { .. } | Self::TooLarge | Self::MalformedKey => false,
        }
    }
}

/// What a put came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The bytes are stored now.
    Stored,
    /// The same bytes had been stored before.
    AlreadyThere,
}

/// A content-addressed key: `tenant/area/sha256`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    /// The owner.
    pub tenant: TenantId,
    /// What it is for (`renderings`, `media`, `thumbnails`, `archive`).
    pub area: String,
    /// Lower-case hex SHA-256 of the bytes.
    pub sha256: String,
}

impl ObjectKey {
    /// The key of some bytes.
    #[must_use]
    pub fn of(tenant: &TenantId, area: &str, bytes: &[u8]) -> Self {
        Self {
            tenant: tenant.clone(),
            area: area.to_owned(),
            sha256: sha256_hex(bytes),
        }
    }

    /// Whether area and hash have the form that this program gives them. An adapter asks before it
    /// makes a path of them.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let lower = |byte: u8| byte.is_ascii_lowercase();
        let area = !self.area.is_empty()
            && self.area.len() <= AREA_BYTES_MAX
            && self.area.bytes().all(|byte| lower(byte) || byte == b'-');
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        area && self.sha256.len() == SHA256_HEX_LENGTH && self.sha256.bytes().all(hexadecimal)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}/{}", self.tenant, self.area, self.sha256)
    }
}

/// SHA-256 in lower-case hexadecimal, as keys and events carry it.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The port. Every put is durable when it returns.
#[async_trait]
pub trait Objects: Send + Sync + fmt::Debug {
    /// Stores bytes under the key of their own hash, unless they are there. Bytes that are there
    /// and damaged are put right.
    ///
    /// # Errors
    /// [`ObjectError`].
    async fn put_if_absent(
        &self,
        tenant: &TenantId,
        area: &str,
        bytes: Bytes,
    ) -> Result<(ObjectKey, Put), ObjectError>;

    /// Stores bytes as [`Self::put_if_absent`] does, and keeps them from being changed or removed
    /// until a date has passed. A later date extends an earlier one; an earlier one changes nothing.
    ///
    /// # Errors
    /// [`ObjectError`].
    async fn archive(
        &self,
        tenant: &TenantId,
        area: &str,
        bytes: Bytes,
        retain_until: Date,
    ) -> Result<(ObjectKey, Put), ObjectError>;

    /// Until when an archived object is kept; `None` for one that was not archived.
    ///
    /// # Errors
    /// [`ObjectError`].
    async fn retained_until(&self, key: &ObjectKey) -> Result<Option<Date>, ObjectError>;

    /// The bytes of a key, their hash checked; `None` when there is no such object.
    ///
    /// # Errors
    /// [`ObjectError`].
    async fn get(&self, key: &ObjectKey) -> Result<Option<Bytes>, ObjectError>;

    /// Tries whether the store can be written and read.
    ///
    /// # Errors
    /// [`ObjectError`].
    async fn check(&self) -> Result<(), ObjectError>;
}
