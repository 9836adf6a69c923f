//! Typed identities: of tenants, streams, and the things inside them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// Longest tenant id, in bytes.
pub const TENANT_ID_BYTES_MAX: usize = 40;
/// Longest id inside a stream name, in bytes.
pub const STREAM_KEY_BYTES_MAX: usize = 80;

/// A name that does not have the form of an id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a valid {what}")]
pub struct InvalidId {
    /// What was being parsed.
    pub what: &'static str,
}

/// Who owns a stream: lower-case letters, digits and inner hyphens, 1 to 40 bytes. It begins every
/// stream, document, key and object, and comes from the caller's token only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
// Shared, because it is a part of every key of every map.
pub struct TenantId(Arc<str>);

impl TenantId {
    /// Parses a tenant id.
    ///
    /// # Errors
    /// [`InvalidId`] when the text is empty, too long, or has another character.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let valid = !text.is_empty()
            && text.len() <= TENANT_ID_BYTES_MAX
            && text.bytes().all(|byte| inner(byte) || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId { what: "tenant id" })
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for TenantId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

impl TryFrom<String> for TenantId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> Self {
        id.as_str().to_owned()
    }
}

/// What a stream is about; also the `aggregate_type` column of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// An invoice or credit note.
    Invoice,
    /// A product with its price versions.
    Product,
    /// A user.
    User,
    /// A role: a named list of permissions.
    Role,
    /// The seller, one per tenant.
    Organization,
    /// A series of invoice numbers.
    NumberSeries,
    /// An uploaded file.
    Media,
}

impl StreamKind {
    /// Every kind, in declaration order.
    pub const ALL: [Self; 7] = [
        Self::Invoice,
        Self::Product,
        Self::User,
        Self::Role,
        Self::Organization,
        Self::NumberSeries,
        Self::Media,
    ];

    /// The kind's name in the journal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Product => "product",
            Self::User => "user",
            Self::Role => "role",
            Self::Organization => "organization",
            Self::NumberSeries => "number_series",
            Self::Media => "media",
        }
    }
}

impl fmt::Display for StreamKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for StreamKind {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(InvalidId {
                what: "stream kind",
            })
    }
}

/// The name of one stream: tenant, kind, and a key that is unique within both (a UUID, or the code
/// of a role or series).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StreamId {
    /// The owner.
    pub tenant: TenantId,
    /// What the stream is about.
    pub kind: StreamKind,
    /// Unique within tenant and kind; at most [`STREAM_KEY_BYTES_MAX`] bytes, without `:`.
    pub key: String,
}

impl StreamId {
    /// Names a stream.
    #[must_use]
    pub fn new(tenant: TenantId, kind: StreamKind, key: impl fmt::Display) -> Self {
        Self {
            tenant,
            kind,
            key: key.to_string(),
        }
    }

    /// `tenant:key`, the `aggregate_id` of the journal and the key of a Kafka record.
    #[must_use]
    pub fn aggregate_id(&self) -> String {
        // Written once or twice for each row of a batch, where `format!` showed in a profile.
        [self.tenant.as_str(), ":", &self.key].concat()
    }

    /// The stream that the journal's two columns name.
    ///
    /// # Errors
    /// [`InvalidId`] when one of them does not have the form written by [`Self::aggregate_id`].
    pub fn from_columns(aggregate_type: &str, aggregate_id: &str) -> Result<Self, InvalidId> {
        let (tenant, key) = aggregate_id.split_once(':').ok_or(InvalidId {
            what: "aggregate id",
        })?;
        Ok(Self {
            tenant: TenantId::parse(tenant)?,
            kind: aggregate_type.parse()?,
            key: key.to_owned(),
        })
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}:{}", self.kind, self.tenant, self.key)
    }
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                // Only the one canonical spelling: a second spelling of an id is a second name.
                let id = Uuid::try_parse(text).map_err(|_| InvalidId { what: "id" })?;
                if id.to_string() == text { Ok(Self(id)) } else { Err(InvalidId { what: "id" }) }
            }
        }
    )+};
}

uuid_ids! {
    /// An invoice or credit note.
    InvoiceId,
    /// A line of an invoice.
    LineId,
    /// A payment of an invoice.
    PaymentId,
    /// One request to deliver an invoice.
    DeliveryId,
    /// A product.
    ProductId,
    /// A user.
    UserId,
    /// An uploaded file.
    MediaId,
    /// A stored rendering of an invoice.
    DocumentId,
}
