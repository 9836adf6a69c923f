//! Aggregates that were used lately, in memory. What is in here may be old, and is used only where
//! its version is proved: by the append's expected version, or by reading the stream's tail.

use std::any::Any;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::HashMap;
use foldhash::fast::RandomState;
use invoiceapp_domain::{Decider, StreamId};

use crate::loaded::Loaded;

/// Most bytes of payload that the kept aggregates were folded from: 4 MiB, in two generations of each
/// shard. In memory they have about twice that, in a process that is to be small when it is idle.
pub const HOT_BYTES_MAX: u32 = GENERATION_BYTES_MAX * 2 * 4;
/// Parts of the cache that are locked by themselves.
const SHARDS: usize = 4;
/// The weight at which a shard's young generation becomes the old one. No entry is taken to weigh
/// more.
const GENERATION_BYTES_MAX: u32 = 512 << 10;
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

impl Entry {
    fn weight(&self) -> u32 {
        self.bytes.clamp(ENTRY_OVERHEAD_BYTES, GENERATION_BYTES_MAX)
    }
}

/// Two generations: what is kept goes into the young one; when that is full, the old one is dropped
/// and the young becomes old. Every command puts its aggregate in here, so that must cost next to
/// nothing, and which entry has to go needs no better answer than roughly the one longest unused.
#[derive(Default)]
struct Shard {
    young: HashMap<StreamId, Entry>,
    young_bytes: u32,
    old: HashMap<StreamId, Entry>,
}

impl Shard {
    /// A command that follows puts it into the young generation.
    fn get(&self, stream: &StreamId) -> Option<Entry> {
        self.young
            .get(stream)
            .or_else(|| self.old.get(stream))
            .cloned()
    }

    /// Returns what is dropped for it, to be dropped outside the lock.
    fn insert(&mut self, stream: &StreamId, entry: Entry) -> HashMap<StreamId, Entry> {
        let mut dropped = HashMap::default();
        if self.young_bytes >= GENERATION_BYTES_MAX {
            // About as many will come again, so the room is made at once.
            let young = HashMap::with_capacity_and_hasher(self.young.len(), RandomState::default());
            dropped = std::mem::replace(&mut self.old, std::mem::replace(&mut self.young, young));
            self.young_bytes = 0;
        }
        let bytes = entry.weight();
        match self.young.get_mut(stream) {
            Some(present) => {
                self.young_bytes = self.young_bytes.saturating_sub(present.weight());
                *present = entry;
            }
            None => {
                self.young.insert(stream.clone(), entry);
            }
        }
        self.young_bytes = self.young_bytes.saturating_add(bytes);
        dropped
    }
}

#[derive(Clone)]
pub(super) struct HotAggregates {
    shards: Arc<[Mutex<Shard>; SHARDS]>,
    hasher: RandomState,
}

impl fmt::Debug for HotAggregates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HotAggregates")
    }
}

impl HotAggregates {
    pub(super) fn new() -> Self {
        Self {
            shards: Arc::new(std::array::from_fn(|_| Mutex::default())),
            hasher: RandomState::default(),
        }
    }

    fn shard(&self, stream: &StreamId) -> Option<&Mutex<Shard>> {
        // The upper half is the better one, and a usize of any width holds it.
        let hash = usize::try_from(self.hasher.hash_one(stream) >> u32::BITS).ok()?;
        self.shards.get(hash % SHARDS)
    }

    pub(super) fn get<A: Decider>(&self, stream: &StreamId) -> Option<Hot<A>> {
        let shard = self.shard(stream)?;
        let entry = shard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(stream)?;
        let loaded = entry.loaded.downcast::<Loaded<A>>().ok()?;
        Some(Hot {
            loaded,
            bytes: entry.bytes,
        })
    }

    pub(super) fn keep<A: Decider>(&self, hot: &Hot<A>) {
        let loaded: Arc<dyn Any + Send + Sync> = Arc::clone(&hot.loaded) as _;
        let bytes = hot.bytes;
        let stream = &hot.loaded.stream;
        let Some(shard) = self.shard(stream) else {
            return;
        };
        let dropped = shard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(stream, Entry { loaded, bytes });
        drop(dropped);
    }
}

/// Adds a payload's bytes to a weight.
pub(super) fn heavier(bytes: u32, payload: usize) -> u32 {
    bytes.saturating_add(u32::try_from(payload).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use invoiceapp_domain::{StreamId, StreamKind, TenantId};

    use super::{ENTRY_OVERHEAD_BYTES, Entry, GENERATION_BYTES_MAX, Shard};

    fn stream(key: u64) -> StreamId {
        let tenant = TenantId::parse("default").unwrap();
        StreamId::new(tenant, StreamKind::Invoice, key)
    }

    fn entry() -> Entry {
        Entry {
            loaded: Arc::new(()),
            bytes: ENTRY_OVERHEAD_BYTES,
        }
    }

    #[test]
    fn a_shard_never_weighs_more_than_its_share_and_an_entry() {
        let mut shard = Shard::default();
        for key in 0..10_000 {
            shard.insert(&stream(key), entry());
            assert!(shard.young_bytes <= GENERATION_BYTES_MAX + ENTRY_OVERHEAD_BYTES);
        }
        let held: HashSet<_> = shard.young.keys().chain(shard.old.keys()).collect();
        let most = GENERATION_BYTES_MAX / ENTRY_OVERHEAD_BYTES * 2 + 2;
        assert!(u32::try_from(held.len()).unwrap() <= most);
    }

    #[test]
    fn what_is_written_again_and_again_stays_with_its_newest_value() {
        let mut shard = Shard::default();
        for key in 1..10_000 {
            shard.insert(&stream(key), entry());
            let newest = Entry {
                bytes: ENTRY_OVERHEAD_BYTES + u32::try_from(key).unwrap(),
                ..entry()
            };
            shard.insert(&stream(0), newest.clone());
            assert_eq!(shard.get(&stream(0)).unwrap().bytes, newest.bytes);
        }
        assert!(shard.get(&stream(1)).is_none());
    }
}
