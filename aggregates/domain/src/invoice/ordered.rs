//! A list that is found by key: in its order for people, by key in logarithmic time for a stream of
//! ten thousand events.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Something with an identity of its own.
pub trait Keyed {
    /// The type of the identity.
    type Key: Ord + Copy;

    /// The identity; it never changes.
    fn key(&self) -> Self::Key;
}

/// Items in the order in which they were added, each key once. Serialises as a plain list.
#[derive(Clone)]
pub struct Ordered<T: Keyed> {
    slots: BTreeMap<u64, T>,
    positions: BTreeMap<T::Key, u64>,
}

impl<T: Keyed> Ordered<T> {
    /// An empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: BTreeMap::new(),
            positions: BTreeMap::new(),
        }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The item of a key.
    #[must_use]
    pub fn get(&self, key: T::Key) -> Option<&T> {
        self.slots.get(self.positions.get(&key)?)
    }

    /// The item of a key, to change in place; its key must stay.
    pub(super) fn get_mut(&mut self, key: T::Key) -> Option<&mut T> {
        self.slots.get_mut(self.positions.get(&key)?)
    }

    /// Puts an item in the place of the one with its key, or at the end.
    pub(super) fn put(&mut self, item: T) {
        let end = self
            .slots
            .last_key_value()
            .map_or(0, |(last, _)| last.saturating_add(1));
        let position = *self.positions.entry(item.key()).or_insert(end);
        self.slots.insert(position, item);
    }

    /// Takes an item out.
    pub(super) fn remove(&mut self, key: T::Key) -> Option<T> {
        self.slots.remove(&self.positions.remove(&key)?)
    }

    /// The items in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.slots.values()
    }
}

impl<T: Keyed> Default for Ordered<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Keyed> FromIterator<T> for Ordered<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = Self::new();
        for item in items {
            list.put(item);
        }
        list
    }
}

impl<T: Keyed + PartialEq> PartialEq for Ordered<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Keyed + fmt::Debug> fmt::Debug for Ordered<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Keyed + Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Keyed + Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<T>::deserialize(deserializer).map(Self::from_iter)
    }
}
