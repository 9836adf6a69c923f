//! The two things a pure program must be handed: the time, and fresh identities.

use jiff::Timestamp;
use uuid::Uuid;

/// Source of time and identity. The binary has the only implementation that reads the machine's
/// clock; tests hand in one that they steer.
pub trait Ambient: Send + Sync + std::fmt::Debug + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// A fresh UUIDv7 (RFC 9562), ordered by time.
    fn new_id(&self) -> Uuid;
}
