//! The hash chain: `hash(n) = sha256(hash(n-1) ‖ canonical bytes of event n)`.

use std::fmt;

use ring::digest::{Context, SHA256};

use crate::envelope::RecordedEvent;

/// A link of the chain. The hash before the first event is 32 zero bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// What precedes the first event.
    pub const GENESIS: Self = Self([0; 32]);
}

impl fmt::Display for ChainHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// The hash of `event` after `previous`. Canonical bytes: each field preceded by its length as
/// eight big-endian bytes, in the order below, so that no two events share a byte string.
#[must_use]
pub fn chain(previous: ChainHash, event: &RecordedEvent) -> ChainHash {
    let mut hasher = Context::new(&SHA256);
    hasher.update(&previous.0);
    let mut field = |bytes: &[u8]| {
        hasher.update(&(u64::try_from(bytes.len()).unwrap_or(u64::MAX)).to_be_bytes());
        hasher.update(bytes);
    };
    field(&event.position.to_be_bytes());
    field(event.stream.kind.as_str().as_bytes());
    field(event.stream.tenant.as_str().as_bytes());
    field(event.stream.key.as_bytes());
    field(&event.version.to_be_bytes());
    field(event.event_id.as_bytes());
    field(event.event_type.as_bytes());
    field(&event.schema_version.to_be_bytes());
    field(&event.recorded_at.as_microsecond().to_be_bytes());
    field(event.metadata_json.as_bytes());
    field(event.payload_json.as_bytes());
    let mut hash = ChainHash::GENESIS;
    for (byte, digested) in hash.0.iter_mut().zip(hasher.finish().as_ref()) {
        *byte = *digested;
    }
    hash
}
