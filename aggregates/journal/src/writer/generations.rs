//! A bounded map that forgets what was not used for longest, roughly.

use std::borrow::Borrow;
use std::hash::Hash;

use foldhash::HashMap;

/// Two generations: what is used moves into the young one; when that is full, the old one is dropped
/// and the young becomes old. An entry that was used among the last `capacity` others is there, and
/// never more than twice `capacity` are held. Forgetting is always allowed: it costs a look-up.
#[derive(Debug)]
pub(crate) struct Generations<K, V> {
    capacity: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V> Generations<K, V> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            young: HashMap::default(),
            old: HashMap::default(),
        }
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.old.remove(&key);
        if self.young.len() >= self.capacity && !self.young.contains_key(&key) {
            // The room that the dropped generation has taken is the next one's.
            std::mem::swap(&mut self.old, &mut self.young);
            self.young.clear();
        }
        self.young.insert(key, value);
    }

    pub(crate) fn get<Q>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some((key, value)) = self.old.remove_entry(key) {
            self.insert(key, value);
        }
        self.young.get(key)
    }

    pub(crate) fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.young.remove(key);
        self.old.remove(key);
    }

    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Generations;

    #[test]
    fn no_more_than_twice_the_capacity_is_held() {
        let mut map = Generations::new(8);
        for key in 0..1_000 {
            map.insert(key, key);
        }
        assert!(map.len() <= 16);
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut map = Generations::new(8);
        for key in 0..1_000 {
            map.insert(key, key);
            assert_eq!(map.get(&0), Some(&0));
        }
        assert_eq!(map.get(&1), None);
    }

    #[test]
    fn a_key_has_one_value_whichever_generation_it_was_in() {
        let mut map = Generations::new(1);
        map.insert("a", 1);
        map.insert("b", 1);
        map.insert("a", 2);
        assert_eq!(map.get("a"), Some(&2));
        map.remove("a");
        assert_eq!(map.get("a"), None);
    }
}
