//! Aggregates that were used lately, in memory. What is in here may be old, and is used only where
//! its version is proved: by the append's expected version, or by reading the stream's tail.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use invoiceapp_domain::{Decider, StreamId};
use moka::sync::Cache;

use crate::loaded::Loaded;

/// Most bytes of payload that the kept aggregates were folded from, which stands for their size.
pub const HOT_BYTES_MAX: u64 = 16 << 20;
/// What an entry is taken to weigh beside that.
const ENTRY_OVERHEAD_BYTES: u32 = 1_024;

/// A loaded aggregate and the bytes that it was folded from.
#[derive(Debug)]
pub(super) struct Hot<A: Decider> {
    pub(super) loaded: Arc<Loaded<A>>,
    pub(super) bytes: u32,
}

impl<A: Decider> Clone for Hot<A> {
    fn clone(&self) -> Self {
        Self {
            loaded: Arc::clone(&self.loaded),
            bytes: self.bytes,
        }
    }
}

#[derive(Clone)]
struct Entry {
    loaded: Arc<dyn Any + Send + Sync>,
    bytes: u32,
}

#[derive(Clone)]
pub(super) struct HotAggregates {
    entries: Cache<StreamId, Entry>,
}

impl fmt::Debug for HotAggregates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.entries.entry_count();
        formatter
            .debug_struct("HotAggregates")
            .field("entries", &entries)
            .finish()
    }
}

impl HotAggregates {
    pub(super) fn new() -> Self {
        let weigher = |_: &StreamId, entry: &Entry| entry.bytes;
        Self {
            entries: Cache::builder()
                .weigher(weigher)
                .max_capacity(HOT_BYTES_MAX)
                .build(),
        }
    }

    pub(super) fn get<A: Decider>(&self, stream: &StreamId) -> Option<Hot<A>> {
        let entry = self.entries.get(stream)?;
        let loaded = entry.loaded.downcast::<Loaded<A>>().ok()?;
        Some(Hot {
            loaded,
            bytes: entry.bytes,
        })
    }

    pub(super) fn keep<A: Decider>(&self, hot: &Hot<A>) {
        let loaded: Arc<dyn Any + Send + Sync> = Arc::clone(&hot.loaded) as _;
        let bytes = hot.bytes.max(ENTRY_OVERHEAD_BYTES);
        self.entries
            .insert(hot.loaded.stream.clone(), Entry { loaded, bytes });
    }
}

/// Adds a payload's bytes to a weight.
pub(super) fn heavier(bytes: u32, payload: usize) -> u32 {
    bytes.saturating_add(u32::try_from(payload).unwrap_or(u32::MAX))
}
