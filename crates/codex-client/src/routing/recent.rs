//! A map that keeps its latest entries.

use std::{borrow::Borrow, collections::HashMap, hash::Hash, mem};

/// Number of entries after which the older ones are forgotten.
const GENERATION: usize = 4096;

/// A map from ids that keeps at least the latest [`GENERATION`] entries, and at most twice as many.
/// It is for what the server may never report the end of.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    latest: HashMap<K, V>,
    older: HashMap<K, V>,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self {
            latest: HashMap::new(),
            older: HashMap::new(),
        }
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// Adds an entry, which becomes the latest. Returns the previous value.
    pub(crate) fn insert(&mut self, id: K, value: V) -> Option<V> {
        let older = self.older.remove(&id);
        if self.latest.len() >= GENERATION && !self.latest.contains_key(&id) {
            self.older = mem::take(&mut self.latest);
        }
        self.latest.insert(id, value).or(older)
    }

    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&mut self, id: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.latest.remove(id).or_else(|| self.older.remove(id))
    }

    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, id: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.latest.get(id).or_else(|| self.older.get(id))
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        self.latest.keys().chain(self.older.keys())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.latest.is_empty() && self.older.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_entries_are_kept_and_the_number_is_bounded() {
        let mut recent = Recent::default();
        for number in 0..100_000_usize {
            assert_eq!(recent.insert(number.to_string(), number), None);
            // An entry that is used again is not forgotten.
            let used = recent.insert("used".to_owned(), number);
            assert_eq!(used, number.checked_sub(1));
        }
        assert!(recent.latest.len() + recent.older.len() <= 2 * GENERATION);
        for number in 100_000 - GENERATION + 1..100_000 {
            assert_eq!(recent.get(&*number.to_string()), Some(&number));
        }
        assert_eq!(recent.get("0"), None);
        assert_eq!(recent.remove("99999"), Some(99_999));
        assert_eq!(recent.get("99999"), None);
        assert!(!recent.is_empty() && Recent::<u8, ()>::default().is_empty());
    }
}
