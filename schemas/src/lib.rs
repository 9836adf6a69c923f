//! What is written down: the envelope of an event, the codec of its payload, and the canonical
//! bytes that the hash chain is made of.
//!
//! The payload is kept as the exact JSON text that was written, because the hash covers that text.

mod codec;
mod envelope;
mod hash;

pub use codec::{DecodeError, NewEvent, decode, encode};
pub use envelope::{CommandId, CommandStamp, Metadata, RecordedEvent};
pub use hash::{ChainHash, chain};
